"""From a path to the windows of a film, one after the other, in one pass; memory does not grow with its length."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

import numpy as np

from vqathinker.errors import VideoError
from vqathinker.video.decode import DecodeCancelled, Decoding, FilmFrame
from vqathinker.video.guard import check_file
from vqathinker.video.intact import CutOffError
from vqathinker.video.sample import burst_window
from vqathinker.video.shots import CUT_LEVELS, cut_in, is_card, is_empty
from vqathinker.video.spec import Clip, Limits, VideoInfo, VideoSpec
from vqathinker.video.windows import WindowPlan, WindowSpec, make_window_plan, windows_of

AROUND = 4
"""Frames on either side of what may be a cut, which tell whether it is one."""
CUT_LUMA_SIDE = 96
"""Side of the luma in which cuts are looked for where the model has no bursts."""
IS_STILL = "{} is a picture, or shows only one: it has no timeline."
BREAKS_OFF = "the file breaks off: it could be shown up to {:.1f} s of {:.1f} s"


@dataclass(frozen=True)
class Window:
    """A part of a film that is a clip of its own, within one shot: frames squashed as the model sees them, times and
    indices those of the film. card: it shows a title or credits. empty: it shows nothing."""

    clip: Clip
    start_s: float
    end_s: float
    card: bool
    empty: bool


@dataclass
class Reel:
    """One film: `windows` yields them in their order, once. `cuts` (in s) and `notes` grow meanwhile."""

    decoding: Decoding
    plan: WindowPlan
    spec: VideoSpec
    side: int
    notes: tuple[str, ...] = ()
    cuts: list[float] = field(default_factory=list)

    @property
    def info(self) -> VideoInfo:
        return self.decoding.info

    def windows(self) -> Iterator[Window]:
        size = self.spec.burst_size if self.spec.burst_length else CUT_LUMA_SIDE
        film = self.decoding.film(self.plan.pictures, self.plan.frames, self.side, size)
        cutter, seen = _Cutter(self), False
        for window in cutter.cut(film):
            seen = True
            yield window
        if cutter.error is not None:
            if not seen:
                raise cutter.error
            self.notes = (*self.notes, str(cutter.error).rstrip("."))
        self.notes = (*self.decoding.notes, *self.notes)
        if self.decoding.broken_s is not None:
            self.notes = (*self.notes, BREAKS_OFF.format(self.decoding.broken_s, self.plan.duration_s))


def open_reel(
    path: str | os.PathLike,
    spec: VideoSpec,
    windows: WindowSpec,
    side: int,
    *,
    limits: Limits | None = None,
    timeout_s: float = 60.0,
    cancel: threading.Event | None = None,
) -> Reel:
    """A film that is ready to be shown, in a process of its own, which ends with `reel.decoding.close()`.

    spec: frames and bursts of each window. side: of the squashed frames. timeout_s: for the headers of the file, and
    for each picture. A file that is cut off is shown as far as it goes. Raises VideoError, for still pictures, too.
    """
    limits, notes = limits or Limits(), ()
    try:
        kind = check_file(path, limits)
    except CutOffError as error:
        kind, notes = check_file(path, limits, whole=False), (str(error).rstrip("."),)
    try:
        decoding = Decoding(path, kind, limits, timeout_s, "pyav", cancel=cancel, protocol=spec.protocol)
    except VideoError as error:  # of a file that is cut off, that is what is wrong with it
        raise VideoError(f"{notes[0]}.") if notes and not isinstance(error, DecodeCancelled) else error from None
    try:
        info, nothing = decoding.info, np.zeros((0, 1, 1), np.uint8)
        if info.is_still or info.num_frames < 2:
            raise VideoError(IS_STILL.format(decoding.name))
        times, _ = decoding.read(nothing, {}, nothing, {}, list(range(info.num_frames)))
        plan = make_window_plan(np.array(times), info.duration_s, windows, spec.frames)
        return Reel(decoding, plan, spec, side, notes)
    except BaseException:
        decoding.close()
        raise


class _Cutter:
    """Takes what a film shows and hands out its windows: ends shots at cuts, forgets what no window needs any more."""

    def __init__(self, reel: Reel) -> None:
        self.reel, self.plan, self.spec = reel, reel.plan, reel.spec
        self.pictures: dict[int, np.ndarray] = {}
        self.lumas: dict[int, np.ndarray] = {}
        self.first, self.done, self.doubtful = 0, 0, deque()
        self.error: VideoError | None = None
        self.back = max(AROUND, reel.spec.burst_length)

    def cut(self, film: Iterable[FilmFrame]) -> Iterator[Window]:
        """The windows, and after an error of the file those of what was shown before. Raises DecodeCancelled."""
        ranges, end, shown = deque(self.plan.ranges), 0, 0
        try:
            for kind, i, picture in film:
                if kind == "frame":
                    self.pictures[i] = picture
                    continue
                if i >= end:
                    yield from self._close(shown)
                    self.first, end = ranges.popleft()
                self.lumas[i], shown = picture, i + 1
                yield from self._see(i)
        except DecodeCancelled:
            raise
        except VideoError as error:
            self.error = error
        yield from self._close(shown)

    def _see(self, i: int) -> Iterator[Window]:
        """Another frame: perhaps a cut is decided, perhaps a window is complete."""
        before = self.lumas.get(i - 1)
        if before is not None and i > self.first:
            if np.abs(self.lumas[i].astype(np.int16) - before).mean() >= CUT_LEVELS:
                self.doubtful.append(i)
        while self.doubtful and i >= self.doubtful[0] + AROUND - 1:
            yield from self._decide(self.doubtful.popleft(), i + 1)
        yield from self._hand_out(self.doubtful[0] if self.doubtful else i + 1, closed=False)

    def _decide(self, place: int, shown: int) -> Iterator[Window]:
        low, high = max(self.first, place - AROUND), min(shown, place + AROUND)
        if place - low > 0 and cut_in(np.stack([self.lumas[k] for k in range(low, high)])) == place - low:
            self.reel.cuts.append(float(self.plan.times[place]))
            yield from self._hand_out(place, closed=True)
            self._begin(place)

    def _close(self, shown: int) -> Iterator[Window]:
        """A range, or the film, is over."""
        while self.doubtful:
            yield from self._decide(self.doubtful.popleft(), shown)
        if shown > self.first and self.lumas:
            yield from self._hand_out(shown, closed=True)
        self._begin(shown)

    def _begin(self, first: int) -> None:
        self.first, self.done = first, 0
        self._forget(first)

    def _hand_out(self, shown: int, closed: bool) -> Iterator[Window]:
        found = windows_of(self.plan, self.first, shown, closed, self.done)
        for first, end in found:
            self.done += 1
            if window := self._window(first, end, shown):
                yield window
        if found:
            self._forget(found[-1][0])

    def _forget(self, first: int) -> None:
        """Drop what lies before a frame, but for the lumas of its burst and of a cut."""
        for kept, back in ((self.pictures, 0), (self.lumas, self.back)):
            for i in [i for i in kept if i < first - back]:
                del kept[i]

    def _window(self, first: int, end: int, shown: int) -> Window | None:
        """None where a shot is so short that no picture of it was read."""
        there = [i for i in self.pictures if first <= i < end]
        if not there:
            return None
        start_s, end_s = float(self.plan.times[first]), float(self.plan.times[end])
        indices = self._spread(there, start_s, end_s)
        info = replace(self.reel.info, num_frames=end - first, duration_s=end_s - start_s)
        bursts = self._bursts(indices, shown)
        frames = np.stack([self.pictures[i] for i in indices])
        times = tuple(float(self.plan.times[i]) for i in indices)
        clip = Clip(frames, tuple(indices), times, bursts if self.spec.burst_length else None, info, "pyav")
        pictures = [self.pictures[i] for i in sorted(set(indices))]
        empty = all(map(is_empty, pictures)) and all(is_empty(luma) for burst in bursts for luma in burst)
        return Window(clip, start_s, end_s, not empty and all(map(is_card, pictures)), empty)

    def _spread(self, there: list[int], start_s: float, end_s: float) -> list[int]:
        """Of the pictures in a window those nearest to the middles of its parts, some twice where it has few."""
        if len(there) == self.spec.frames:
            return there
        parts, times = self.spec.frames, self.plan.times[there]
        middles = start_s + (np.arange(parts) + 0.5) * (end_s - start_s) / parts
        return [there[int(np.abs(times - middle).argmin())] for middle in middles]

    def _bursts(self, indices: list[int], shown: int) -> np.ndarray:
        """(N, T, S, S) luma around each index, within what is known of the shot; T is 1 for a model without bursts."""
        first, length = max(self.first, min(self.lumas)), max(1, self.spec.burst_length)
        windows = [burst_window(i - first, length, shown - first) for i in indices]
        return np.stack([np.stack([self.lumas[first + k] for k in window]) for window in windows])

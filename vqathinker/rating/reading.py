"""Rating the windows of a film: read ahead in a thread, encoded together, answered side by side, handed on in order."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from ..errors import VideoError
from ..model.generation import Prompt
from ..model.loading import LoadedModel
from ..model.memory import clear_memory_error
from ..model.processing import clip_facts, motion_values, normalise
from ..model.serving import Request, Row, serve
from ..video import DecodeCancelled
from ..video.avoid import NOTE
from ..video.reel import Reel, Window, open_reel
from ..video.windows import WindowSpec
from .answers import frames_of
from .many import Decoded, conclude
from .rating import Rating
from .sureness import sureness
from .timeline import Timeline, TimelineWindow

LOOK_EVERY_S = 0.1
STOPPED = "stopped at {:.1f} s of {:.1f} s"
GAPS = "a long film: windows of {:g} s, one every {:.1f} s"
NOTHING = "{} shows nothing but black frames, titles or credits: it has no timeline."


@dataclass(frozen=True)
class Opened:
    """The headers of the film are read: how long it is, and about how many windows it will have."""

    duration_s: float
    window_s: float
    step_s: float
    count: int


@dataclass(frozen=True)
class WindowRated:
    """One more window, in their order, and what it showed; about `count` there will be."""

    window: TimelineWindow
    shown: Window
    number: int
    count: int


@dataclass(frozen=True)
class TimelineMade:
    """The end: the whole timeline, or, after a stop, that of what had been rated."""

    timeline: Timeline


TimelineEvent = Opened | WindowRated | TimelineMade


class Stopped(Exception):
    """Nobody waits for more windows."""


class WindowSource:
    """Requests about the windows of a reel, for `serve`. Pictures that windows share go through the tower once.

    Use it as a context manager. passed: how many windows showed nothing of the film.
    """

    def __init__(self, loaded: LoadedModel, reel: Reel, limit: int, ahead: int, turn, cancel: threading.Event):
        self.loaded, self.reel, self.limit, self.turn, self.cancel = loaded, reel, limit, turn, cancel
        self.open, self.passed, self.count = True, 0, 0
        self.input_ids = tuple(loaded.processor.prompt_ids())
        self._tokens: dict[int, torch.Tensor] = {}
        self._ready: queue.Queue[Window | BaseException | None] = queue.Queue(ahead)
        self._done = threading.Event()
        self._reader = threading.Thread(target=self._read, name="reel", daemon=True)

    def __enter__(self) -> WindowSource:
        self._reader.start()
        return self

    def __exit__(self, *exc_info) -> None:
        self._done.set()
        self.reel.decoding.close()
        self._reader.join()

    def take(self, count: int, wait: bool) -> list[Request]:
        """At most `count` windows that are ready now; `wait` for one. Raises Stopped when that was asked for, and what
        goes wrong with the file."""
        windows: list[Window] = []
        while self.open and len(windows) < count:
            if self.cancel.is_set():
                raise Stopped
            try:
                item = self._ready.get(wait and not windows, LOOK_EVERY_S)
            except queue.Empty:
                if wait and not windows:
                    continue
                break
            if isinstance(item, BaseException):
                raise item
            self.open = item is not None
            if item is not None and self._worth(item):
                windows.append(item)
        if not windows:
            return []
        with self.turn, clear_memory_error():
            return self._requests(windows)

    def _worth(self, window: Window) -> bool:
        """Whether a window shows something of the film: no black frames, and no titles before anything else."""
        useless = window.empty or (window.card and not self.count)
        self.passed += useless
        return not useless

    def _read(self) -> None:
        try:
            for window in self.reel.windows():
                self._put(window)
            self._put(None)
        except DecodeCancelled:
            self._put(None)
        except Stopped:
            pass
        except BaseException as error:
            self._put(error)

    def _put(self, item: Window | BaseException | None) -> None:
        while not self._done.is_set():
            try:
                return self._ready.put(item, timeout=LOOK_EVERY_S)
            except queue.Full:
                continue
        raise Stopped

    @torch.inference_mode()
    def _requests(self, windows: list[Window]) -> list[Request]:
        self._look_at(windows)
        model, made = self.loaded.model.model, []
        tensors = [self._motion(window) for window in windows]
        motion = model.motion_feature(*(torch.cat(parts) for parts in zip(*tensors, strict=True)))
        tokens = torch.stack([torch.stack([self._tokens[i] for i in window.clip.indices]) for window in windows])
        features = model.project(tokens, motion)
        for window, feature in zip(windows, features, strict=True):
            key = _Key(self.count, window, time.perf_counter())
            made.append(Request(key, self.input_ids, {"video_features": feature[None]}, self.limit))
            self.count += 1
        return made

    def _look_at(self, windows: list[Window]) -> None:
        """Tower tokens of the pictures that were not seen before; those that no window needs any more go."""
        pictures = {i: picture for w in windows for i, picture in zip(w.clip.indices, w.clip.frames, strict=True)}
        new = [i for i in pictures if i not in self._tokens]
        device = self.loaded.model.device
        for i in new:
            pixels = normalise(pictures[i], self.loaded.processor.image_mean, self.loaded.processor.image_std)
            self._tokens[i] = self.loaded.model.model.vision_tokens(pixels[None, None].to(device))[0, 0]
        for i in [i for i in self._tokens if i < min(windows[0].clip.indices)]:
            del self._tokens[i]

    def _motion(self, window: Window) -> tuple[torch.Tensor, ...]:
        """What the motion encoder takes of one window: bursts and facts, or all of its pictures."""
        processor, device = self.loaded.processor, self.loaded.model.device
        if self.loaded.model.model.has_bursts:
            bursts = motion_values(torch.from_numpy(window.clip.bursts)[None])
            return bursts.to(device), clip_facts(window.clip.info)[None].to(device)
        return (normalise(window.clip.frames, processor.image_mean, processor.image_std)[None].to(device),)


@dataclass(frozen=True)
class _Key:
    number: int
    shown: Window
    began: float


def read_windows(
    loaded: LoadedModel,
    path: str | Path,
    spec: WindowSpec,
    *,
    batch: int,
    max_new_tokens: int,
    turn: threading.Lock,
    cancel: threading.Event,
    report,
) -> Iterator[TimelineEvent]:
    """Opened, a WindowRated for each window in their order, TimelineMade. Raises VideoError and ModelError.

    Setting `cancel` ends it within a step of the model, with the timeline of what had been rated, if anything had.
    """
    try:
        reel = open_reel(path, loaded.video_spec, spec, loaded.processor.image_size, cancel=cancel)
    except DecodeCancelled:
        return
    with WindowSource(loaded, reel, max_new_tokens, batch, turn, cancel) as source:
        plan, rated, cards = reel.plan, [], []
        yield Opened(plan.duration_s, plan.window_s, plan.step_s, plan.count)
        try:
            for key, window in _in_order(loaded, path, source, batch, max_new_tokens, report):
                rated.append(window)
                cards.append(key.shown.card)
                yield WindowRated(window, key.shown, key.number, max(plan.count, key.number + 1))
        except Stopped:
            if not rated:
                return
        stopped = STOPPED.format(rated[-1].end_s if rated else 0, plan.duration_s) if cancel.is_set() else ""
    while cards and cards[-1]:
        cards.pop()
    passed = source.passed + len(rated) - len(cards)
    if not cards:
        raise VideoError(NOTHING.format(Path(path).name))
    notes = [*reel.notes, *[GAPS.format(plan.window_s, plan.step_s)] * plan.has_gaps, *[NOTE] * bool(passed)]
    windows = tuple(rated[: len(cards)])
    yield TimelineMade(
        Timeline(
            Path(path).name, plan.duration_s, plan.window_s, plan.step_s, tuple(reel.cuts), windows, loaded.name,
            loaded.precision, (*notes, *[stopped] * bool(stopped)),
        )
    )  # fmt: skip


def _in_order(loaded, path, source, batch, max_new_tokens, report) -> Iterator[tuple[_Key, TimelineWindow]]:
    def finish(row: Row, prompt: Prompt) -> TimelineWindow:
        key = row.request.key
        decoded = Decoded(key.number, path, frames_of(key.shown.clip), key.began, 0.0)
        rating = conclude(loaded, replace_key(row, decoded), prompt, max_new_tokens)
        return window_of(loaded, key.shown, rating, row)

    results, number = {}, 0
    options = {"batch": batch, "eos_token_id": loaded.eos_token_id, "turn": source.turn, "report": report}
    for key, window in serve(loaded.model, source, finish, **options):
        results[key.number] = key, window
        while number in results:
            yield results.pop(number)
            number += 1


def replace_key(row: Row, key: Decoded) -> Row:
    return replace(row, request=replace(row.request, key=key))


def window_of(loaded: LoadedModel, shown: Window, rating: Rating, row: Row) -> TimelineWindow:
    """A rated window, with how sure the model was of each defect."""
    pieces = loaded.processor.tokenizer.batch_decode([[token] for token in row.tokens], skip_special_tokens=True)
    sure = sureness(pieces, row.sure)
    return TimelineWindow(
        shown.start_s,
        shown.end_s,
        rating.score,
        rating.text,
        rating.reasoning,
        rating.defects,
        tuple(sure.get(defect.name, 0.0) for defect in rating.defects),
        rating.deviation,
    )

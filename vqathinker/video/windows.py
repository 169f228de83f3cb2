"""Where the windows of a film lie: pure functions of the times of its frames."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

SHORTEST_S, LONGEST_S = 0.5, 60.0
MOST_OVERLAP = 0.8
NEARLY = 0.999
"""Of a window is a whole one: frames are not shown at round times."""


@dataclass(frozen=True)
class WindowSpec:
    """How a film is cut into windows: seconds of one, the part of it that the next one shows again, and how many a film
    has at most, its cuts apart. A longer film has windows with less overlap, then with gaps, spread evenly over it.

    Raises ValueError for what makes no windows.
    """

    window_s: float = 2.0
    overlap: float = 0.5
    most: int = 600

    def __post_init__(self) -> None:
        if not SHORTEST_S <= self.window_s <= LONGEST_S:
            raise ValueError(f"a window has {SHORTEST_S:g} to {LONGEST_S:g} seconds, not {self.window_s:g}")
        if not 0 <= self.overlap <= MOST_OVERLAP:
            raise ValueError(f"windows overlap by 0 to {MOST_OVERLAP:g}, not by {self.overlap:g}")
        if self.most < 1:
            raise ValueError(f"a film has at least one window, not {self.most}")


@dataclass(frozen=True)
class WindowPlan:
    """Which parts of a film are looked at.

    times: (N + 1,) seconds, when each frame is shown, and the end of the last one.
    step_s: seconds from the start of a window to that of the next one.
    ranges: the frames [first, end) that are looked at: all, or, where the windows have gaps, those of each window.
    pictures: sorted numbers of the frames that a model may see in full; windows share them.
    """

    window_s: float
    step_s: float
    times: np.ndarray
    ranges: tuple[tuple[int, int], ...]
    pictures: tuple[int, ...]

    @property
    def has_gaps(self) -> bool:
        return self.step_s > self.window_s

    @property
    def frames(self) -> list[int]:
        """All frames that are looked at."""
        return [i for first, end in self.ranges for i in range(first, end)]

    @property
    def duration_s(self) -> float:
        return float(self.times[-1])

    @property
    def count(self) -> int:
        """About how many windows there will be; cuts add some."""
        return len(self.ranges) if self.has_gaps else max(1, round(self.duration_s / self.step_s))

    def frames_within(self, start_s: float, end_s: float) -> tuple[int, int]:
        """Frames [first, end) that are first shown from `start_s` on and before `end_s`."""
        first, end = np.searchsorted(self.times[:-1], [start_s - 1e-6, end_s - 1e-6])
        return int(first), int(end)


def make_window_plan(times: np.ndarray, duration_s: float, spec: WindowSpec, frames: int) -> WindowPlan:
    """The windows of a film of N frames, shown at times (N,); a window shows `frames` pictures, evenly spaced."""
    end_s = max(duration_s, float(times[-1]) + 1e-3)
    times = np.append(np.asarray(times, np.float64), end_s)
    step_s = max(spec.window_s * (1 - spec.overlap), end_s / spec.most)
    whole = WindowPlan(spec.window_s, step_s, times, ((0, len(times) - 1),), ())
    ranges = whole.ranges
    if whole.has_gaps:
        starts = (np.arange(spec.most) + 0.5) * step_s - spec.window_s / 2
        found = [whole.frames_within(start, start + spec.window_s) for start in starts]
        ranges = tuple((first, end) for first, end in found if end > first)
    pictures = sorted({i for part in ranges for i in _evenly(times, *part, spec.window_s / frames)})
    return WindowPlan(spec.window_s, step_s, times, ranges, tuple(pictures))


def _evenly(times: np.ndarray, first: int, end: int, step_s: float) -> list[int]:
    """Frames [first, end) that are shown in the middle of every `step_s` of them."""
    moments = np.arange(times[first] + step_s / 2, times[end], step_s)
    if not len(moments):
        moments = np.array([(times[first] + times[end]) / 2])
    return [min(end - 1, max(first, int(i))) for i in np.searchsorted(times, moments + 1e-6, side="right") - 1]


def windows_of(plan: WindowPlan, first: int, shown: int, closed: bool, done: int = 0) -> list[tuple[int, int]]:
    """Frames [first, end) of the windows of a shot that begins at `first` and is known up to `shown`, but for the
    `done` first ones.

    While it may go on (not `closed`), only windows that a longer shot would have, too. The last one of a shot is longer
    by what is too short for another one, or lies at its end; a shot that is shorter than a window is one.
    """
    start_s, end_s, step_s = float(plan.times[first]), float(plan.times[shown]), min(plan.step_s, plan.window_s)
    beyond_s = end_s - start_s - plan.window_s * NEARLY
    whole = int(beyond_s / step_s) + 1 if beyond_s >= 0 else 0

    def window(k: int) -> tuple[int, int]:
        return plan.frames_within(start_s + k * step_s, start_s + k * step_s + plan.window_s)

    if not closed:
        return [window(k) for k in range(done, whole - 1)]
    if not whole:
        return [(first, shown)]
    found = [window(k) for k in range(done, whole)]
    if end_s - (start_s + (whole - 1) * step_s + plan.window_s) > step_s / 2:
        return [*found, (plan.frames_within(end_s - plan.window_s, end_s)[0], shown)]
    return [*found[:-1], (found[-1][0], shown)]

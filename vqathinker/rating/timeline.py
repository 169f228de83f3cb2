"""What a timeline is: plain frozen values that turn into JSON and CSV."""

from __future__ import annotations

import csv
import io
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property

from .defects import Defect
from .faults import Fault, Grid, Sighting, find_faults
from .rating import interval_around

WORST_SHARE = 0.25
"""The part of a film whose windows count twice in its score: its worst moments, which people remember."""


@dataclass(frozen=True)
class TimelineWindow:
    """A part of a film, from `start_s` to `end_s` seconds, rated as a clip of its own: see `Rating` for its fields.

    naming: of defects the probability that the model names them, whether it did or not: see `Namer`. where: of
    defects that it names, in windows that show a fault best, where in the picture they are: see `Whereabouts`.
    moments: what single pictures say of faults, those of earlier windows apart: see `moments`.
    """

    start_s: float
    end_s: float
    score: float
    text: str
    reasoning: str
    defects: tuple[Defect, ...]
    naming: Mapping[str, float]
    deviation: float | None = None
    where: Mapping[str, Grid] = field(default_factory=dict)
    moments: tuple[Sighting, ...] = ()

    @property
    def interval(self) -> tuple[float, float] | None:
        return interval_around(self.score, self.deviation)

    def to_dict(self) -> dict:
        return {
            "start_s": round(self.start_s, 3),
            "end_s": round(self.end_s, 3),
            "score": round(self.score, 4),
            "interval": _rounded(self.interval),
            "text": self.text,
            "defects": [asdict(defect) for defect in self.defects],
        }


@dataclass(frozen=True)
class Timeline:
    """The quality of a film over its time; times are seconds of the film as it is shown.

    duration_s: of the whole film, also where its end was not reached. step_s: from one window to the next; above
    `window_s`, the windows have gaps. cuts: where a new shot begins. notes: what was done to the file, what was passed
    over, and where the film broke off or was stopped.
    """

    file: str
    duration_s: float
    window_s: float
    step_s: float
    cuts: tuple[float, ...]
    windows: tuple[TimelineWindow, ...]
    model: str
    precision: str
    notes: tuple[str, ...] = ()

    @cached_property
    def score(self) -> float:
        """`pooled` of the windows. Raises ValueError for a timeline without any."""
        lengths = seconds_each([(window.start_s, window.end_s) for window in self.windows])
        return pooled([window.score for window in self.windows], lengths)

    @property
    def interval(self) -> tuple[float, float] | None:
        """Of the score: the errors of windows of one film are taken for one error, as they share their content."""
        deviations = [window.deviation for window in self.windows if window.deviation is not None]
        return interval_around(self.score, statistics.fmean(deviations) if deviations else None)

    @cached_property
    def faults(self) -> tuple[Fault, ...]:
        """What the windows name, joined: see `find_faults`."""
        moments = [moment for window in self.windows for moment in window.moments]
        found = find_faults([_sighting(window) for window in self.windows], moments, self.cuts)
        return tuple(replace(fault, where=self.windows[fault.window].where.get(fault.name)) for fault in found)

    def worst(self, count: int = 3) -> list[int]:
        """Numbers of the windows with the lowest scores, of which no two overlap, worst first."""
        chosen: list[int] = []
        for k in sorted(range(len(self.windows)), key=lambda k: (self.windows[k].score, k)):
            one = self.windows[k]
            apart = all(
                one.end_s <= other.start_s or one.start_s >= other.end_s for other in (self.windows[c] for c in chosen)
            )
            if apart and len(chosen) < count:
                chosen.append(k)
        return chosen

    def to_dict(self) -> dict:
        """JSON-ready, with the keys of the documented contract."""
        return {
            "file": self.file,
            "duration_s": round(self.duration_s, 3),
            "window_s": self.window_s,
            "step_s": round(self.step_s, 3),
            "score": round(self.score, 4),
            "interval": _rounded(self.interval),
            "cuts": [round(cut, 3) for cut in self.cuts],
            "windows": [window.to_dict() for window in self.windows],
            "faults": [_fault_dict(fault) for fault in self.faults],
            "worst": self.worst(),
            "model": self.model,
            "precision": self.precision,
            "notes": list(self.notes),
        }

    def to_csv(self) -> str:
        """One row a window: start_s, end_s, score, low, high, defects ("blur: severe; noise: slight")."""
        return timeline_csv(self.to_dict())


def timeline_csv(report: dict) -> str:
    """The table of a timeline's JSON: see `Timeline.to_csv`."""
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(["start_s", "end_s", "score", "low", "high", "defects"])
    for window in report["windows"]:
        low, high = window["interval"] or ("", "")
        named = "; ".join(f"{defect['name']}: {defect['severity']}" for defect in window["defects"])
        table.writerow([window["start_s"], window["end_s"], window["score"], low, high, named])
    return out.getvalue()


def pooled(scores: Sequence[float], lengths: Sequence[float]) -> float:
    """One score for a film from the scores of its windows and the seconds that each of them stands for.

    The mean of two means over time: that of all of it, and that of its worst quarter, as people remember bad moments.

    >>> pooled([4.0, 4.0, 4.0, 2.0], [1.0, 1.0, 1.0, 1.0])
    2.75
    """
    left, worst = WORST_SHARE * sum(lengths), 0.0
    for score, length in sorted(zip(scores, lengths, strict=True)):
        taken = min(left, length)
        worst, left = worst + taken * score, left - taken
    mean = sum(score * length for score, length in zip(scores, lengths, strict=True)) / sum(lengths)
    return (mean + worst / (WORST_SHARE * sum(lengths))) / 2


def seconds_each(spans: Sequence[tuple[float, float]]) -> list[float]:
    """The seconds that each of the windows with these (start, end) stands for: those that it shares with its
    neighbours are divided among them."""
    edges = sorted({edge for span in spans for edge in span})
    lengths = [0.0] * len(spans)
    for start, end in zip(edges, edges[1:], strict=False):
        over = [k for k, (first, last) in enumerate(spans) if first <= start and last >= end]
        for k in over:
            lengths[k] += (end - start) / len(over)
    return lengths


def _sighting(window: TimelineWindow) -> Sighting:
    named = {defect.name: defect.severity for defect in window.defects}
    return Sighting(window.start_s, window.end_s, named, window.naming)


def _fault_dict(fault: Fault) -> dict:
    return {
        "name": fault.name,
        "severity": fault.severity,
        "start_s": round(fault.start_s, 3),
        "end_s": round(fault.end_s, 3),
        "confidence": round(fault.confidence, 3),
        "window": fault.window,
        "where": None if fault.where is None else [list(row) for row in fault.where],
    }


def _rounded(interval: tuple[float, float] | None) -> list[float] | None:
    return None if interval is None else [round(edge, 4) for edge in interval]

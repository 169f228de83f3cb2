"""Faults with places: windows that name the same fault, joined to the time for which it lasts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .defects import DEFECTS, SEVERITIES

CLOSE_S = 1e-3
"""Moments that are this near are one."""


@dataclass(frozen=True)
class Sighting:
    """What one window says of faults: {name: (severity, probability with which it was named)}."""

    start_s: float
    end_s: float
    named: dict[str, tuple[str, float]]


@dataclass(frozen=True)
class Fault:
    """One fault of a film: its name, its worst severity, from when to when it lasts, in seconds.

    confidence: the mean over all windows that show some of it of the probability with which they named it, 0 where they
    did not. window: the number of the window that shows it best.
    """

    name: str
    severity: str
    start_s: float
    end_s: float
    confidence: float
    window: int


def find_faults(sightings: Sequence[Sighting]) -> tuple[Fault, ...]:
    """The faults of a film, by their beginnings.

    A fault lasts while every window over a moment names it, and goes on where at least half of them do until all do
    again. So a window that no other agrees with places it in its middle half, as its neighbours do not see it there.
    Nothing is joined over moments that no window shows.
    """
    if not sightings:
        return ()
    starts, ends = (np.array([getattr(s, edge) for s in sightings]) for edge in ("start_s", "end_s"))
    edges = _distinct(np.concatenate([starts, ends]))
    middles = (edges[:-1] + edges[1:]) / 2
    over = (starts <= middles[:, None]) & (middles[:, None] < ends)
    found = []
    for name in DEFECTS:
        naming = np.array([name in sighting.named for sighting in sightings])
        if naming.any():
            spans = _spans(edges, over, naming)
            found += [_fault(name, start, end, sightings, starts, ends) for start, end in spans]
    return tuple(sorted(found, key=lambda fault: (fault.start_s, DEFECTS.index(fault.name))))


def _distinct(moments: np.ndarray) -> np.ndarray:
    ordered = np.sort(moments)
    return ordered[np.append(True, np.diff(ordered) > CLOSE_S)]


def _spans(edges: np.ndarray, over: np.ndarray, naming: np.ndarray) -> list[tuple[float, float]]:
    """(start, end) in s of the runs of moments that windows name, as `find_faults` says."""
    count = over.sum(1)
    share = (over & naming).sum(1) / np.maximum(count, 1)
    spans, likely = [], np.append(share >= 0.5, False)
    k = 0
    while k < len(share):
        if not likely[k]:
            k += 1
            continue
        end = k + int(np.argmin(likely[k:]))
        agreed = [place for place in range(k, end) if share[place] == 1]
        if agreed:
            spans.append((float(edges[agreed[0]]), float(edges[agreed[-1] + 1])))
        else:
            start_s, end_s = float(edges[k]), float(edges[end])
            quarter = (end_s - start_s) / 4
            spans.append((start_s + quarter, end_s - quarter))
        k = end
    return spans


def _fault(name: str, start_s: float, end_s: float, sightings: Sequence[Sighting], starts, ends) -> Fault:
    shows = np.flatnonzero((starts < end_s - CLOSE_S) & (ends > start_s + CLOSE_S)).tolist()
    naming = [k for k in shows if name in sightings[k].named]

    def worth(k: int) -> tuple[int, float, float]:
        severity, sure = sightings[k].named[name]
        return SEVERITIES.index(severity), sure, -abs(starts[k] + ends[k] - start_s - end_s)

    best = max(naming, key=worth)
    confidence = sum(sightings[k].named[name][1] for k in naming) / len(shows)
    return Fault(name, sightings[best].named[name][0], start_s, end_s, confidence, best)

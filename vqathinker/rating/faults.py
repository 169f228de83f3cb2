"""Faults with places: windows that name the same fault, joined to the time for which it lasts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import compress

import numpy as np

from .defects import DEFECTS, SEVERITIES

Grid = tuple[tuple[float, ...], ...]
"""Rows of values over a picture."""
ALL_OVER = 0.5
"""The lowest value of a grid by its highest one, from which on a fault is in no part more than in another."""
CLOSE_S = 1e-3
"""Moments that are this near are one."""
BRIEF_S = 0.5
"""What is this near to a moment may be the same brief fault."""
SMALLEST_PROBABILITY = 1e-3
"""Probabilities below are all alike."""


@dataclass(frozen=True)
class Sighting:
    """What one window, or one moment, says of faults: {name: severity} of those that it names, and {name: probability
    with which it would name them} of these and of others."""

    start_s: float
    end_s: float
    named: Mapping[str, str]
    naming: Mapping[str, float]


@dataclass(frozen=True)
class FaultRule:
    """How windows become faults.

    A moment has the mean probability of the windows over it. A fault is a run of moments with at least `keep`, some of
    it in a window that names it; it lasts from the first to the last moment with at least `core`. Where there is none,
    it lies in the middle half of the run, as the windows beside do not see it at its ends. Then the mean probability
    over the windows that show some of it, as log-odds times `slope` plus `offset`, makes its confidence.

    Where windows find no fault of a name there may be a brief one: moments with at least `brief`, whose log-odds are by
    `rise` above three quarters of the moments of their shot within `reach_s` before and behind; of those at least
    `beside` are needed. Where a moment looks like several faults, the one that rises most counts. How often brief ones
    are right, `brief_confidence`, is their confidence. The numbers are from tests/benchmarks/timeline_places.py, which
    tells what fits better.
    """

    keep: float = 0.4
    core: float = 0.5
    slope: float = 1.0
    offset: float = -0.8
    brief: float = 0.27
    rise: float = 4.5
    reach_s: float = 3.2
    beside: int = 4
    brief_confidence: float = 0.3


@dataclass(frozen=True)
class Fault:
    """One fault of a film: its name, its worst severity, from when to when it lasts, in seconds.

    confidence: the probability that it is there. window: the number of the window that shows it best. where: of that
    window, for each cell of a grid over the picture, how probable it is that the model names the fault if all of the
    picture looks like this cell; None where that is not known, as of faults of motion. brief: windows do not show it,
    only single moments do.
    """

    name: str
    severity: str
    start_s: float
    end_s: float
    confidence: float
    window: int
    where: Grid | None = None
    brief: bool = False


def find_faults(
    sightings: Sequence[Sighting],
    moments: Sequence[Sighting] = (),
    cuts: Sequence[float] = (),
    rule: FaultRule | None = None,
) -> tuple[Fault, ...]:
    """The faults of a film, by their beginnings, from what its windows and their single moments say; `cuts` in s divide
    its shots. Nothing is joined over what no window shows."""
    if not sightings:
        return ()
    rule = rule or FaultRule()
    starts, ends = (np.array([getattr(s, edge) for s in sightings]) for edge in ("start_s", "end_s"))
    edges = _distinct(np.concatenate([starts, ends]))
    middles = (edges[:-1] + edges[1:]) / 2
    over = (starts <= middles[:, None]) & (middles[:, None] < ends)
    lasting = []
    for name in DEFECTS:
        sure = np.array([sighting.naming.get(name, 0.0) for sighting in sightings])
        likely = (over * sure).sum(1) / np.maximum(over.sum(1), 1)
        for start_s, end_s in _spans(edges, likely, rule):
            shows = np.flatnonzero((starts < end_s - CLOSE_S) & (ends > start_s + CLOSE_S)).tolist()
            if any(name in sightings[k].named for k in shows):
                lasting.append(_fault(name, start_s, end_s, sightings, shows, rule))
    found = [*lasting, *_brief_faults(sightings, moments, cuts, lasting, rule)]
    return tuple(sorted(found, key=lambda fault: (fault.start_s, DEFECTS.index(fault.name))))


def _distinct(moments: np.ndarray) -> np.ndarray:
    ordered = np.sort(moments)
    return ordered[np.append(True, np.diff(ordered) > CLOSE_S)]


def _spans(edges: np.ndarray, likely: np.ndarray, rule: FaultRule) -> list[tuple[float, float]]:
    """(start, end) in s of the runs of moments between N + 1 `edges`, of which `likely` (N,) has the probabilities."""
    spans, kept = [], np.append(likely >= rule.keep - 1e-9, False)
    k = 0
    while k < len(likely):
        if not kept[k]:
            k += 1
            continue
        end = k + int(np.argmin(kept[k:]))
        core = [place for place in range(k, end) if likely[place] >= rule.core - 1e-9]
        if core:
            spans.append((float(edges[core[0]]), float(edges[core[-1] + 1])))
        else:
            start_s, end_s = float(edges[k]), float(edges[end])
            quarter = (end_s - start_s) / 4
            spans.append((start_s + quarter, end_s - quarter))
        k = end
    return spans


def _fault(
    name: str, start_s: float, end_s: float, sightings: Sequence[Sighting], shows: Sequence[int], rule: FaultRule
) -> Fault:
    """A fault that the windows `shows` show some of."""

    def worth(k: int) -> tuple[int, float, float]:
        one = sightings[k]
        middle = abs(one.start_s + one.end_s - start_s - end_s)
        return SEVERITIES.index(one.named[name]), one.naming.get(name, 0.0), -middle

    best = max((k for k in shows if name in sightings[k].named), key=worth)
    sure = sum(sightings[k].naming.get(name, 0.0) for k in shows) / len(shows)
    return Fault(name, sightings[best].named[name], start_s, end_s, confident(sure, rule), best)


def _brief_faults(
    sightings: Sequence[Sighting],
    moments: Sequence[Sighting],
    cuts: Sequence[float],
    lasting: Sequence[Fault],
    rule: FaultRule,
) -> list[Fault]:
    """What single moments show beside the `lasting` faults: of those at one time what stands out most."""
    neighbours, candidates = _neighbours(moments, cuts, rule), []
    for name in DEFECTS:
        rises = _rises(name, moments, neighbours, rule)
        for run in _runs([rise >= rule.rise for rise in rises], moments):
            fault = _brief_fault(name, [moments[k] for k in run], sightings, rule)
            if not any(other.name == name and _near(fault, other, 0.0) for other in lasting):
                candidates.append((max(rises[k] for k in run), fault))
    found: list[Fault] = []
    for _, fault in sorted(candidates, key=lambda one: -one[0]):
        if not any(_near(fault, other, BRIEF_S) for other in found):
            found.append(fault)
    return found


def _neighbours(moments: Sequence[Sighting], cuts: Sequence[float], rule: FaultRule) -> list[np.ndarray]:
    """For every moment the numbers of those of its shot around it, but for the ones that a brief fault would share."""
    middles = np.array([(moment.start_s + moment.end_s) / 2 for moment in moments])
    shots, found = np.searchsorted(np.asarray(cuts), middles, side="right"), []
    for middle, shot in zip(middles, shots, strict=True):
        apart = np.abs(middles - middle)
        found.append(np.flatnonzero((shots == shot) & (apart > BRIEF_S) & (apart < rule.reach_s)))
    return found


def _rises(name: str, moments: Sequence[Sighting], neighbours: Sequence[np.ndarray], rule: FaultRule) -> list[float]:
    """By how much moments look more as if they had a fault than those around them do; 0 for those that hardly do."""
    likely = [moment.naming.get(name, 0.0) for moment in moments]
    odds = np.array([log_odds(one) for one in likely])
    return [
        float(own - np.quantile(odds[near], 0.75)) if sure >= rule.brief and len(near) >= rule.beside else 0.0
        for sure, own, near in zip(likely, odds, neighbours, strict=True)
    ]


def _runs(chosen: Sequence[bool], moments: Sequence[Sighting]) -> list[list[int]]:
    """The numbers of the chosen moments, those without a gap together."""
    runs: list[list[int]] = []
    for k in compress(range(len(moments)), chosen):
        if runs and moments[k].start_s <= moments[runs[-1][-1]].end_s + CLOSE_S:
            runs[-1].append(k)
        else:
            runs.append([k])
    return runs


def _brief_fault(name: str, run: Sequence[Sighting], sightings: Sequence[Sighting], rule: FaultRule) -> Fault:
    """A fault that only single moments show; its window is the one with the moments nearest to its middle. Where the
    model does not name it about them either, it is slight."""
    start_s, end_s = run[0].start_s, run[-1].end_s
    window = min(range(len(sightings)), key=lambda k: abs(sightings[k].start_s + sightings[k].end_s - start_s - end_s))
    severity = max((moment.named.get(name, SEVERITIES[0]) for moment in run), key=SEVERITIES.index)
    return Fault(name, severity, start_s, end_s, rule.brief_confidence, window, brief=True)


def _near(one: Fault, other: Fault, apart_s: float) -> bool:
    """Whether less than so many seconds lie between two faults; with 0, whether they overlap."""
    return one.start_s < other.end_s + apart_s and other.start_s < one.end_s + apart_s


def confident(sure: float, rule: FaultRule) -> float:
    """The probability that a fault is there, from the mean probability with which windows name it."""
    return float(1 / (1 + np.exp(-rule.offset - rule.slope * log_odds(sure))))


def log_odds(probability: float) -> float:
    """Of a probability, held to what can be told apart."""
    held = min(max(probability, SMALLEST_PROBABILITY), 1 - SMALLEST_PROBABILITY)
    return float(np.log(held / (1 - held)))


def place_words(grid: Grid | None) -> str:
    """Where the highest values of a grid lie: "all over", "upper left", "right", "middle" …; nothing without a grid.

    >>> place_words(((0.9, 0.1, 0.0), (0.8, 0.1, 0.0), (0.0, 0.0, 0.0)))
    'upper left'
    """
    if not grid:
        return ""
    values = [value for row in grid for value in row]
    if min(values) >= ALL_OVER * max(values):
        return "all over"
    total, side = sum(values), len(grid)
    down = sum(k * value for k, row in enumerate(grid) for value in row) / total / (side - 1)
    right = sum(k * value for row in grid for k, value in enumerate(row)) / total / (side - 1)
    vertical = "upper" if down < 0.4 else "lower" if down > 0.6 else ""
    across = "left" if right < 0.4 else "right" if right > 0.6 else ""
    return " ".join(filter(None, (vertical, across))) or "middle"

"""How well the rule of `vqathinker.rating.faults` places faults: figures from what a model said of windows.

Printed for each half of the films: spans found by their length (a fault of the same name overlaps), errors of their
starts and ends in seconds, precision, recall and F1 of (fault, second) pairs, faults named in clean films, how often
faults of each confidence are right. Then what fits the first half best, and how often the version of a film with more
degraded seconds has the lower score: by the timeline's score, by the mean of its windows, by the rating of six frames.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from vqathinker.rating.faults import Fault, FaultRule, Sighting, confident, find_faults
from vqathinker.rating.timeline import pooled, seconds_each

LENGTHS_S = (0.5, 1.0, 2.0, 4.0, 8.0)
KEEPS, CORES = (0.2, 0.3, 0.4, 0.5, 0.6), (0.3, 0.4, 0.5, 0.6, 0.7, 0.8)
RISES = (3.5, 4.5, 5.5, np.inf)
BINS = (0.0, 0.4, 0.6, 0.8, 1.0)
Place = tuple[str, float, float]


def faults_of(version: dict, rule: FaultRule | None = None) -> tuple[Fault, ...]:
    """What the windows of a version say under a rule. The films have 360 lines, all the time: that is left out."""
    windows = version["windows"]
    seen = [Sighting(w["start_s"], w["end_s"], w["defects"], w["naming"]) for w in windows]
    moments = [Sighting(*moment) for w in windows for moment in w.get("moments", ())]
    found = find_faults(seen, moments, version.get("cuts", ()), rule)
    return tuple(fault for fault in found if fault.name != "low_resolution")


def pairs(spans: Sequence[Place], seconds: int) -> set[tuple[str, int]]:
    """(fault, second) for every second of which a fault has at least half, or a short one its middle."""
    found = set()
    for name, start, end in spans:
        found |= {(name, s) for s in range(seconds) if min(end, s + 1) - max(start, s) >= 0.5}
        found.add((name, min(seconds - 1, int((start + end) / 2))))
    return found


def match(true: Place, named: Sequence[Place]) -> tuple[float, float] | None:
    """Errors (s) of start and end of the named fault that overlaps a true one most, None where none does."""
    name, start, end = true
    near = [(min(end, b) - max(start, a), a, b) for other, a, b in named if other == name]
    overlap, a, b = max(near, default=(0.0, 0.0, 0.0))
    return (a - start, b - end) if overlap > 0 else None


def judge(versions: Sequence[dict], rule: FaultRule | None = None) -> dict[str, float | None]:
    """The figures of some versions under a rule."""
    cases, counts, loose = [], np.zeros(3), []
    for version in versions:
        named = [(fault.name, fault.start_s, fault.end_s) for fault in faults_of(version, rule)]
        true = [tuple(one) for one in version["true"]]
        cases += [(one, match(one, named)) for one in true]
        if true:
            hit, told = pairs(true, int(version["duration_s"])), pairs(named, int(version["duration_s"]))
            counts += [len(hit & told), len(told), len(hit)]
        else:
            loose.append(60 * len(named) / version["duration_s"])
    right, said, wanted = counts
    report = {"spans": len(cases)}
    for length in LENGTHS_S:
        of = [error for (_, start, end), error in cases if abs(end - start - length) < 0.1]
        report[f"found, {length:g} s ({len(of)})"] = np.mean([error is not None for error in of]) if of else None
    errors = np.abs([error for _, error in cases if error is not None])
    window_s = versions[0]["window_s"] if versions else 2.0
    for column, name in enumerate(("start", "end") if len(errors) else ()):
        report[f"{name} error, median, s"] = np.median(errors[:, column])
        report[f"{name} within half a window"] = np.mean(errors[:, column] <= window_s / 2)
    report["precision of (fault, second)"] = right / max(said, 1)
    report["recall of (fault, second)"] = right / max(wanted, 1)
    report["F1 of (fault, second)"] = 2 * right / max(said + wanted, 1)
    report["faults named in clean films, a minute"] = np.mean(loose) if loose else None
    return report


def best_rule(versions: Sequence[dict]) -> FaultRule:
    """The thresholds with the highest F1, the milder ones of those that are equal, and the confidence that fits: near
    the plain probability where there are few faults to learn from."""
    grid = itertools.product(KEEPS, CORES, RISES)
    rules = [FaultRule(keep, core, 1.0, 0.0, rise=rise) for keep, core, rise in grid if keep <= core]
    best = max(rules, key=lambda rule: judge(versions, rule)["F1 of (fault, second)"])
    sure, right = told_and_right(versions, best)
    lines = [(slope, offset) for slope in np.arange(0.1, 2.01, 0.1) for offset in np.arange(-3, 3.01, 0.1)]

    def loss(line: tuple[float, float]) -> float:
        rule = replace(best, slope=line[0], offset=line[1])
        found = np.array([confident(one, rule) for one in sure])
        prior = 4 * (line[0] - 1) ** 2 + line[1] ** 2 / 2
        return prior - float(np.sum(np.log(np.where(right, found, 1 - found) + 1e-9)))

    slope, offset = min(lines, key=loss) if len(sure) else (1.0, 0.0)
    return replace(best, slope=round(float(slope), 2), offset=round(float(offset), 2))


def told_and_right(versions: Sequence[dict], rule: FaultRule | None = None) -> tuple[np.ndarray, np.ndarray]:
    """(N,) confidence of every fault, and whether a true one of the same name overlaps it."""
    told, right = [], []
    for version in versions:
        for fault in faults_of(version, rule):
            told.append(fault.confidence)
            right.append(
                any(
                    name == fault.name and min(end, fault.end_s) > max(start, fault.start_s)
                    for name, start, end in version["true"]
                )
            )
    return np.array(told), np.array(right, dtype=bool)


def reliability(versions: Sequence[dict], rule: FaultRule | None = None) -> list[str]:
    """For each range of confidences: how many faults, their mean confidence, how many of them are right."""
    told, right = told_and_right(versions, rule)
    lines = []
    for low, high in itertools.pairwise(BINS):
        inside = (told >= low) & ((told < high) | (high == 1))
        if inside.any():
            share = f"mean {told[inside].mean():.2f}, right {right[inside].mean():.2f}"
            lines.append(f"confidence {low:g} to {high:g} ({inside.sum()}): {share}")
    return lines


def orders(versions: Sequence[dict]) -> dict[str, float | None]:
    """Of pairs of versions of one film: how often the more degraded one has the lower score."""
    films: dict[int, list[dict]] = {}
    for version in versions:
        films.setdefault(version["film"], []).append(version)

    def of(version: dict) -> tuple[list[float], list[float]]:
        windows = version["windows"]
        return [w["score"] for w in windows], seconds_each([(w["start_s"], w["end_s"]) for w in windows])

    kinds = {
        "timeline": lambda version: pooled(*of(version)),
        "mean": lambda version: float(np.average(of(version)[0], weights=of(version)[1])),
        "six frames": lambda version: version["six"],
    }
    report = {}
    for kind, score in kinds.items():
        lower = [
            score(a) > score(b) for film in films.values() for a in film for b in film
            if sum(e - s for _, s, e in a["true"]) < sum(e - s for _, s, e in b["true"])
        ]  # fmt: skip
        report[f"more degraded is lower, by {kind} ({len(lower)})"] = np.mean(lower) if lower else None
    return report


def show(versions: Sequence[dict]) -> None:
    """Print all of it."""
    halves = [[version for version in versions if version["half"] == half] for half in (0, 1)]
    fitted = best_rule(halves[0])
    columns = [judge(half) for half in halves] + [judge(halves[1], fitted)]
    print(f"{'':42} first half   other half   other half, by the rule that fits the first")
    for name in columns[0] | columns[1]:
        cells = [column.get(name) for column in columns]
        print(f"{name:42} " + "   ".join(f"{'-' if cell is None else f'{cell:.2f}':>10}" for cell in cells))
    for title, half in zip(("first half", "other half"), halves, strict=True):
        print(*(f"{title}, {line}" for line in reliability(half)), sep="\n")
    print(f"of this build: {FaultRule()}\nfits the first half: {fitted}")
    for name, value in orders(versions).items():
        print(f"{name:52} {'-' if value is None else f'{value:.2f}'}")

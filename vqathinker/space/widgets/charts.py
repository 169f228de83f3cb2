"""Drawings as HTML and SVG: pure functions from numbers to strings; every size follows the width of the page."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ...rating.words import EDGES, WORDS

BAND_EDGES = (1.0, *EDGES, 5.0)
ARC_GAP = 0.025
CENTRE, RADIUS = (120.0, 120.0), 96.0
HISTOGRAM_BIN = 0.1
STACK_PX, LEVEL_PX = 36, 9
DENSITY_POINTS = 121
NARROWEST_BAND = 0.03


def place(score: float) -> float:
    """Where a score lies between 1 (0.0) and 5 (1.0)."""
    return (min(max(score, 1.0), 5.0) - 1) / 4


def on_arc(score: float, radius: float = RADIUS) -> tuple[float, float]:
    """The point of a half circle where a score lies: 1 on the left, 3 at the top, 5 on the right."""
    angle = math.pi * (1 - place(score))
    return CENTRE[0] + radius * math.cos(angle), CENTRE[1] - radius * math.sin(angle)


def gauge(score: float | None, expected: float | None = None, interval: Sequence[float] | None = None) -> str:
    """A half circle in the five words' colours with a needle at the score, and outside of it an arc over the interval
    (low, high), or where none is known a dot at the expected score."""
    parts = []
    for word, low, high in zip(WORDS, BAND_EDGES, BAND_EDGES[1:], strict=False):
        (x, y), (end_x, end_y) = on_arc(low + ARC_GAP), on_arc(high - ARC_GAP)
        path = f"M{x:.1f} {y:.1f}A{RADIUS:g} {RADIUS:g} 0 0 1 {end_x:.1f} {end_y:.1f}"
        parts.append(f'<path class="{word}" d="{path}"></path>')
    label = "scale from 1, bad, to 5, excellent"
    if interval is not None:
        (x, y), (end_x, end_y) = (on_arc(edge, RADIUS + 14) for edge in interval)
        path = f"M{x:.1f} {y:.1f}A{RADIUS + 14:g} {RADIUS + 14:g} 0 0 1 {end_x:.1f} {end_y:.1f}"
        parts.append(f'<path class="interval" d="{path}"></path>')
    elif expected is not None:
        x, y = on_arc(expected, RADIUS + 14)
        parts.append(f'<circle class="expected" cx="{x:.1f}" cy="{y:.1f}" r="3"></circle>')
    if score is not None:
        (x, y), (end_x, end_y) = on_arc(score, RADIUS - 22), on_arc(score, RADIUS + 11)
        parts.append(f'<line class="needle" x1="{x:.1f}" y1="{y:.1f}" x2="{end_x:.1f}" y2="{end_y:.1f}"></line>')
        label = f"{score:.2f} on the {label}"
    ends = "".join(f'<text x="{on_arc(end)[0]:.0f}" y="{CENTRE[1] + 20:.0f}">{end}</text>' for end in (1, 5))
    return f'<svg class="vq-gauge" viewBox="0 0 240 144" role="img" aria-label="{label}">{"".join(parts)}{ends}</svg>'


@dataclass(frozen=True)
class AxisRow:
    """A row of an axis: the sampled scores, the model's own answer, and how the row is called and coloured.

    answer: None where it cannot be read. before: what the model answered earlier; people: the MOS.
    """

    scores: Sequence[float]
    answer: float | None
    name: str = ""
    kind: str = "first"
    before: float | None = None
    people: float | None = None

    @property
    def mean(self) -> float | None:
        return statistics.fmean(self.scores) if self.scores else None

    @property
    def spread(self) -> float | None:
        """Unbiased standard deviation, as in a rating; None for fewer than two scores."""
        return statistics.stdev(self.scores) if len(self.scores) > 1 else None

    def __str__(self) -> str:
        own = "unreadable" if self.answer is None else f"{self.answer:.2f}"
        told = f"{self.name + ': ' if self.name else ''}own answer {own}"
        told += "" if self.people is None else f", MOS {self.people:.2f}"
        if self.mean is None:
            return told
        spread = "" if self.spread is None else f", spread {self.spread:.2f}"
        return f"{told}; {len(self.scores)} sampled answers, mean {self.mean:.2f}{spread}"


def axis(rows: Iterable[AxisRow]) -> str:
    """Sampled scores as dots over the scale from 1 to 5, a row a video, with mean, spread and the own answer."""
    drawn = "".join(f'<div class="vq-row {row.kind}" role="img" aria-label="{row}">{marks(row)}</div>' for row in rows)
    return f'<div class="vq-axis">{drawn}<div class="vq-ticks" aria-hidden="true">{tick_marks()}</div></div>'


def tick_marks(values: Sequence[int] = range(1, 6), side: str = "left", signs: bool = False) -> str:
    """Numbers along a scale that goes from the first of them to the last."""
    low, high = values[0], values[-1]
    told = signed_count if signs else str
    return "".join(f'<span style="{side}:{100 * (n - low) / (high - low):g}%">{told(n)}</span>' for n in values)


def marks(row: AxisRow) -> str:
    name = f"<b>{row.name}</b>" if row.name else ""
    parts = [name]
    if row.mean is not None:
        spread = row.spread or 0.0
        low, high = place(row.mean - spread), place(row.mean + spread)
        parts.append(f'<i class="band" style="left:{low:.2%};width:{high - low:.2%}"></i>')
        parts.append(f'<i class="mean" style="left:{place(row.mean):.2%}"></i>')
    single = {"people": row.people, "before": row.before, "own": row.answer}
    parts += [f'<i class="{css}" style="left:{place(x):.2%}"></i>' for css, x in single.items() if x is not None]
    columns: dict[int, list[float]] = {}
    for score in sorted(row.scores):
        columns.setdefault(round(score / HISTOGRAM_BIN), []).append(score)
    step = min(LEVEL_PX, STACK_PX / max(map(len, columns.values()), default=1))
    for column in columns.values():
        for level, score in enumerate(column):
            bottom = f"{4 + level * step:.0f}px"
            parts.append(f'<i class="dot" style="left:{place(score):.2%};bottom:{bottom}" title="{score:.2f}"></i>')
    return "".join(parts)


def bell_path(mean: float, deviation: float, low: float, high: float, start: float | None = None) -> str:
    """The normal curve over [low, high] as a path in a box of 100 x 40, its peak 38 high; filled from `start` on."""
    deviation, start = max(deviation, NARROWEST_BAND), low if start is None else start
    step = (high - start) / (DENSITY_POINTS - 1)
    inside = {start + step * k for k in range(DENSITY_POINTS)}
    near = {mean + deviation * k / 8 for k in range(-32, 33)}
    xs = sorted(x for x in inside | near if start <= x <= high)
    points = [(100 * (x - low) / (high - low), 40 - 38 * math.exp(-((x - mean) ** 2) / (2 * deviation**2))) for x in xs]
    line = "L".join(f"{x:.2f} {y:.2f}" for x, y in points)
    return f"M{points[0][0]:.2f} 40L{line}L100 40Z"


@dataclass(frozen=True)
class Bell:
    """A normal curve over the scale: how it is told to who cannot see it, and how it is coloured."""

    mean: float
    deviation: float
    told: str
    kind: str = "first"


def bell_of(row: AxisRow) -> Bell:
    """The bell of sampled answers, of which there is at least one."""
    return Bell(row.mean, row.spread or 0.0, str(row), row.kind)


def bells(first: Bell, second: Bell, probability: float, title: str) -> str:
    """Two bells over the scale under a title, and below them the bell of their difference with its part above 0 filled.

    The filled share is the probability that the first is better; every bell is drawn to the same height.
    """
    curves = "".join(
        f'<path class="{bell.kind}" d="{bell_path(bell.mean, bell.deviation, 1, 5)}"></path>'
        for bell in (first, second)
    )
    gap = first.mean - second.mean
    width = math.hypot(first.deviation, second.deviation)
    whole = bell_path(gap, width, -4, 4)
    better = bell_path(gap, width, -4, 4, start=0.0)
    return (
        f'<div class="vq-bells"><h3>{title}</h3>{svg(curves, f"{first.told}. {second.told}")}'
        f'<div class="vq-ticks" aria-hidden="true">{tick_marks()}</div>'
        "<h3>Their difference, A − B</h3>"
        + svg(
            f'<path class="whole" d="{whole}"></path><path class="better" d="{better}"></path>'
            '<line x1="50" x2="50" y1="0" y2="40"></line>',
            f"difference {gap:+.2f}, deviation {width:.2f}; {percent(probability)} of it lies above 0",
        )
        + f'<div class="vq-ticks" aria-hidden="true">{tick_marks(range(-4, 5, 2), signs=True)}</div></div>'
    )


def signed_count(number: int) -> str:
    return f"{number:+d}".replace("-", "−") if number else "0"


def percent(probability: float) -> str:
    """A probability as one would say it: never more certain than it is.

    >>> [percent(p) for p in (0.9996, 0.5, 0.004)]
    ['over 99%', '50%', 'under 1%']
    """
    return "over 99%" if probability > 0.99 else "under 1%" if probability < 0.01 else f"{probability:.0%}"


def svg(content: str, label: str) -> str:
    return f'<svg viewBox="0 0 100 40" preserveAspectRatio="none" role="img" aria-label="{label}">{content}</svg>'

"""Held-out pictures that people rated, beside a new score: held_out.json of a checkpoint, as
`python -m training.report.held_out` writes it, and what it tells about a score."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles

from ...bundled import HELD_OUT_FILE, HELD_OUT_FORMAT

ALIKE_WITHIN, FEWEST_ALIKE = 0.15, 20
"""Scores as close as this count as alike; of fewer alike ones no share is told."""


@dataclass(frozen=True)
class Beside:
    """What goes with every score of a model: the held-out pictures, and what to expect of it, in words."""

    held: HeldOut | None = None
    caveat: str = ""


@dataclass(frozen=True)
class HeldOut:
    """(MOS, score) of each picture, both in [1, 5]."""

    points: tuple[tuple[float, float], ...]

    def near(self, score: float) -> list[float]:
        """The MOS of the pictures whose score was about this one."""
        return [mos for mos, other in self.points if scores_alike(other, score)]

    def below(self, score: float) -> float:
        """The share of pictures with a lower score."""
        return sum(other < score for _, other in self.points) / len(self.points)


def scores_alike(score: float, other: float) -> bool:
    """Whether two scores are about the same."""
    return abs(score - other) <= ALIKE_WITHIN + 1e-9


def read_held_out(folder: Path) -> HeldOut | None:
    """The pictures of a checkpoint's folder; None where there are none, or none that can be read."""
    try:
        content = json.loads((folder / HELD_OUT_FILE).read_text(encoding="utf-8"))
        points = tuple((float(mos), float(score)) for some in content["sets"].values() for mos, score in some)
        if (
            content["format"] != HELD_OUT_FORMAT
            or not points
            or not all(1 <= x <= 5 for point in points for x in point)
        ):
            return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return HeldOut(points)


def nine_in_ten(values: Sequence[float]) -> tuple[float, float]:
    """The 5% and the 95% quantile of at least two values."""
    cuts = quantiles(values, n=20, method="inclusive")
    return cuts[0], cuts[-1]

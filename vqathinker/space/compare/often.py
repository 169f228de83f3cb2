"""How often such a probability is right: what was measured on pairs of held-out pictures, from a checkpoint's
interval.json as `python -m training.evaluate.interval` writes it."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path

from ...bundled import INTERVAL_FILE
from ..widgets import texts


@dataclass(frozen=True)
class ProbabilityBin:
    """Pairs whose better one was called so with a probability from `low` to `high`: how many, the share in which
    people agreed, and its 95% interval."""

    low: float
    high: float
    right: float
    interval: tuple[float, float]
    pairs: int

    def holds(self, probability: float) -> bool:
        return self.low <= probability < self.high or probability == self.high == 1


def read_steps(folder: Path) -> tuple[ProbabilityBin, ...]:
    """The steps of a checkpoint's folder; none where they were not measured or cannot be read."""
    try:
        entries = json.loads((folder / INTERVAL_FILE).read_text(encoding="utf-8"))["pairs"]
        return tuple(_step(entry) for entry in entries)
    except (OSError, ValueError, KeyError, TypeError):
        return ()


def _step(entry: dict) -> ProbabilityBin:
    low, high, right, *around = (float(entry[key]) for key in ("from", "to", "right", "low", "high"))
    if not all(math.isfinite(x) and 0 <= x <= 1 for x in (low, high, right, *around)):
        raise ValueError(f"{entry} is no share of pairs")
    return ProbabilityBin(low, high, right, (around[0], around[1]), int(entry["pairs"]))


def how_often(steps: tuple[ProbabilityBin, ...], probability: float) -> str:
    """A sentence on the probability that was said of the better one (0.5 .. 1); empty where nothing was measured."""
    step = next((step for step in steps if step.holds(probability)), None)
    if step is None:
        return ""
    numbers = (100 * x for x in (step.low, step.high, step.right, *step.interval))
    return texts.HOW_OFTEN.format(*numbers, pairs=step.pairs)

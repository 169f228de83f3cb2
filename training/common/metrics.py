"""Agreement of predictions with labels, set by set."""

from __future__ import annotations

import numpy as np

SETS = {"clive": "clive", "avt_uhd": "avt", "biq2021": "biq", "clips": "pseudo", "photos": "pseudo"}
HUMAN = ("clive", "avt", "biq", "biq_test", "biq_filmed")
"""Sets (`set_of`) that people rated."""
UNREADABLE = 3.0


def set_of(row: dict) -> str:
    """The set that a manifest row is measured in: clips that a camera made of rated pictures, and pictures of an
    official test split, are sets of their own."""
    name = SETS[row["group"]]
    return f"{name}_filmed" if row["family"] == "filmed" else f"{name}_test" if row["split"] == "test" else name


def held(score: float | None) -> float:
    """A score as the scale has it: held to [1, 5], the middle where there is none."""
    return UNREADABLE if score is None else min(max(score, 1.0), 5.0)


def correlations(rows: list[dict], predicted: np.ndarray) -> dict[str, float | None]:
    """SRCC and MAE of predictions (N,) for LIVE-Challenge, AVT UHD and the pseudo-labelled clips."""
    from vqathinker.rating.evaluation import agreement  # which knows the model: not where a command prints its help

    result = {}
    for name in sorted({set_of(row) for row in rows}):
        chosen = [index for index, row in enumerate(rows) if set_of(row) == name]
        measured = agreement(predicted[chosen], [rows[index]["mos"] for index in chosen], resamples=0)
        result |= {f"{name}_srcc": measured.srcc.value, f"{name}_mae": measured.mae.value}
    return result

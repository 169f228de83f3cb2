"""Agreement of predictions with labels, set by set."""

from __future__ import annotations

import numpy as np

FILMED = "filmed"
"""Clips that a camera made of rated pictures: a family of the manifest and, for GRPO, which shows them as often as its
settings want, a group."""
LIKED = "liked"
"""Clips made of rated pictures that people liked, clean and degraded: a group of the manifest."""
SET_OF_GROUP = {
    "clive": "clive",
    "avt_uhd": "avt",
    "biq2021": "biq",
    FILMED: "biq_filmed",
    "clips": "pseudo",
    "photos": "pseudo",
    LIKED: "pseudo",
}
HUMAN = ("clive", "avt", "biq", "biq_test", "biq_filmed")
"""Sets (`set_of`) that people rated."""


def set_of(row: dict) -> str:
    """The set that a manifest row is measured in: clips that a camera made of rated pictures, and pictures of an
    official test split, are sets of their own."""
    name = SET_OF_GROUP[row["group"]]
    return f"{name}_filmed" if row["family"] == FILMED else f"{name}_test" if row["split"] == "test" else name


def correlations(rows: list[dict], predicted: np.ndarray) -> dict[str, float | None]:
    """SRCC and MAE of predictions (N,) for LIVE-Challenge, AVT UHD and the pseudo-labelled clips."""
    from vqathinker.rating.evaluation import agreement  # which knows the model: not where a command prints its help

    result = {}
    for name in sorted({set_of(row) for row in rows}):
        chosen = [index for index, row in enumerate(rows) if set_of(row) == name]
        measured = agreement(predicted[chosen], [rows[index]["mos"] for index in chosen], resamples=0)
        result |= {f"{name}_srcc": measured.srcc.value, f"{name}_mae": measured.mae.value}
    return result

"""The five words for a score, at equal intervals of the scale from 1 to 5."""

from __future__ import annotations

from bisect import bisect_right

WORDS = ("bad", "poor", "fair", "good", "excellent")
EDGES = (1.8, 2.6, 3.4, 4.2)


def score_word(score: float) -> str:
    """bad < 1.8 <= poor < 2.6 <= fair < 3.4 <= good < 4.2 <= excellent; ValueError outside [1, 5] (NaN too)."""
    if not 1.0 <= score <= 5.0:
        raise ValueError(f"A score lies between 1 and 5, not at {score}.")
    return WORDS[bisect_right(EDGES, score)]

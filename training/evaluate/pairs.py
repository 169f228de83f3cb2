"""How often a preference is right: of two held-out pictures, which did people like better, and what was said of them?

The probability that people prefer one of two is that of `Comparison.probability_first_better`, from both scores and
the calibrated deviations of their errors. Pairs are of one set, as each set had raters of its own, and of two
contents; two pictures with the same MOS are no pair. Each set counts as much as another.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from vqathinker.rating.evaluation import draw_counts
from vqathinker.rewards import preference_probability

from .measures import TAIL

PROBABILITY_EDGES = (0.5, 0.6, 0.7, 0.8, 0.9, 0.97, 1.0)
"""Edges of what was said of the better one; the last step holds what the page calls nearly certain."""
FEWEST_PAIRS, PAIR_RESAMPLES = 100, 200


def reliability(lines: Sequence[dict], calibration: dict[str, float], seed: int = 0) -> list[dict]:
    """For each step of BINS: {from, to, right, low, high, pairs}; lines have set, content, mos, score and variance.

    `right` is the share of pairs in which people preferred the one that was called the better one, low and high its
    95% bootstrap interval over contents. A step with fewer than `FEWEST_PAIRS` pairs is left out.
    """
    sets = [[line for line in lines if line["set"] == name] for name in sorted({line["set"] for line in lines})]
    rng = np.random.default_rng(seed)
    tables = [_shares(some, calibration, rng) for some in sets if len(some) > 1]
    found: list[dict] = []
    for step, (low, high) in enumerate(zip(PROBABILITY_EDGES, PROBABILITY_EDGES[1:], strict=False)):
        counts = [int(table[1][step][0]) for table in tables]
        if sum(counts) < FEWEST_PAIRS:
            continue
        drawn = _even([table[0][step] for table in tables], [table[1][step] for table in tables])
        tail = np.nanquantile(drawn[1:], TAIL)
        found.append(
            {"from": low, "to": high, "right": float(drawn[0]), "low": float(tail[0]), "high": float(tail[1])}
            | {"pairs": sum(counts)}
        )
    return found


def _even(hits: Sequence[np.ndarray], pairs: Sequence[np.ndarray]) -> np.ndarray:
    """Share of hits of every draw, the mean over the sets that have pairs in it; NaN where none has."""
    hits, pairs = np.stack(hits), np.stack(pairs)
    shares = np.divide(hits, pairs, out=np.zeros_like(hits), where=pairs > 0)
    known = (pairs > 0).sum(0)
    return np.divide(shares.sum(0), known, out=np.full(known.shape, np.nan), where=known > 0)


def _shares(lines: Sequence[dict], calibration: dict[str, float], rng: np.random.Generator) -> np.ndarray:
    """Hits and pairs of one set, (2, steps, 1 + RESAMPLES): as they are, then with contents drawn again."""
    mos, scores, variances = (np.array([line[key] for line in lines]) for key in ("mos", "score", "variance"))
    contents = np.unique([line["content"] for line in lines], return_inverse=True)[1]
    errors = torch.from_numpy(calibration["factor"] ** 2 * (variances + calibration["floor"] ** 2))
    means = torch.from_numpy(scores)
    said = preference_probability(means[:, None], errors[:, None], means, errors).numpy()
    steps = np.clip(np.digitize(said, PROBABILITY_EDGES) - 1, -1, len(PROBABILITY_EDGES) - 2)
    first, second = np.nonzero((mos[:, None] != mos) & (contents[:, None] != contents) & (said > 0.5))
    steps, right = steps[first, second], mos[first] > mos[second]
    weights = np.vstack([np.ones(len(lines)), draw_counts(contents.max() + 1, PAIR_RESAMPLES, rng)[:, contents]])
    found = np.zeros((2, len(PROBABILITY_EDGES) - 1, len(weights)))
    for draw, weight in enumerate(weights):
        pairs = weight[first] * weight[second]
        found[0, :, draw] = np.bincount(steps, pairs * right, len(PROBABILITY_EDGES) - 1)
        found[1, :, draw] = np.bincount(steps, pairs, len(PROBABILITY_EDGES) - 1)
    return found

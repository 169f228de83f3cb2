"""How well ratings agree with human scores: SRCC, PLCC and MAE with bootstrap intervals."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from ..errors import VideoError
from .labels import Labels, find_file
from .rater import Rater

CONFIDENCE = 0.95
RESAMPLES = 2000
RESAMPLES_AT_ONCE = 100


@dataclass(frozen=True)
class Interval:
    """A number and its bootstrap interval; None where it is not defined (constant scores, too few files)."""

    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Agreement:
    """Rank correlation, linear correlation and mean absolute error between predictions and MOS."""

    srcc: Interval
    plcc: Interval
    mae: Interval


@dataclass(frozen=True)
class Compared:
    """One labelled file after it was rated: `error` says why there is no score."""

    file: str
    mos: float
    score: float | None = None
    expected: float | None = None
    error: str = ""


def agreement(
    predicted: Sequence[float],
    mos: Sequence[float],
    seed: int = 0,
    resamples: int = RESAMPLES,
    contents: Sequence[Hashable] | None = None,
) -> Agreement:
    """Compare predictions (n,) with MOS (n,), both on the same scale.

    The intervals are 95% percentile intervals over `resamples` draws with replacement: of n files, or, where `contents`
    (n,) names what each file shows, of contents with all their files, because versions of one content err together.
    """
    x, y = np.asarray(predicted, dtype=np.float64), np.asarray(mos, dtype=np.float64)
    if x.shape != y.shape or x.ndim != 1:
        raise ValueError(f"predictions and MOS must be two lists of one length, got {x.shape} and {y.shape}")
    if contents is None:
        contents = range(len(x))
    drawn = content_counts(contents, seed, resamples) if len(x) > 1 else ()
    samples = [_all_metrics(x, y, counts) for counts in drawn]
    values = _all_metrics(x, y, np.ones((1, len(x))))[:, 0] if len(x) else np.full(3, np.nan)
    spread = np.concatenate(samples, axis=1) if samples else np.empty((3, 0))
    return Agreement(*(_interval(value, row) for value, row in zip(values, spread, strict=True)))


def draw_counts(count: int, draws: int, rng: np.random.Generator) -> np.ndarray:
    """How often each of `count` things is among as many drawn with replacement: (draws, count)."""
    picks = rng.integers(count, size=(draws, count)) + count * np.arange(draws)[:, None]
    return np.bincount(picks.ravel(), minlength=draws * count).reshape(draws, count)


def content_counts(contents: Sequence[Hashable], seed: int, resamples: int) -> Iterator[np.ndarray]:
    """How often each file (n,) occurs when as many contents as there are, each with all its files, are drawn with
    replacement; (draws, n) for some draws at a time, `resamples` together."""
    place = {content: k for k, content in enumerate(dict.fromkeys(contents))}
    of_file, rng = [place[content] for content in contents], np.random.default_rng(seed)
    for start in range(0, resamples, RESAMPLES_AT_ONCE):
        yield draw_counts(len(place), min(RESAMPLES_AT_ONCE, resamples - start), rng)[:, of_file]


def rank_correlations(x: np.ndarray, y: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """SRCC (draws,) of x and y, both (n,), where each draw holds file k `counts[draw, k]` times, (draws, n); NaN where
    one side is constant."""
    return _pearson(_ranks(x, counts), _ranks(y, counts), counts)


def evaluate(
    rater: Rater, labels: Labels, videos: str | Path, *, batch: int | None = None, jobs: int | None = None, **options
) -> Iterator[Compared]:
    """Rate every labelled file under the folder `videos`; a file that cannot be rated comes back with its error.

    The options are those of `Rater.rate_many`.
    """
    paths = [find_file(Path(videos), file) for file, _ in labels.entries]
    rated = rater.rate_many(paths, batch=batch, jobs=jobs, **options)
    for (file, mos), result in zip(labels.entries, rated, strict=True):
        if isinstance(result, VideoError):
            yield Compared(file, mos, error=str(result))
        else:
            yield Compared(file, mos, result.score, result.expected)


def report(compared: Sequence[Compared], labels: Labels, seed: int = 0) -> dict:
    """JSON-ready: counts, metrics of `score` and of `expected`, every rating, and all that was left out and why.

    Where the labels lie on another scale than 1 to 5, correlations stand and MAE is null, with a `reason` beside it.
    """
    rated = [one for one in compared if one.score is not None]
    mos = [one.mos for one in rated]
    metrics = {
        name: asdict(agreement([getattr(one, name) for one in rated], mos, seed)) for name in ("score", "expected")
    }
    if labels.reason:
        for measured in metrics.values():
            measured["mae"] = {"value": None, "low": None, "high": None, "reason": labels.reason}
    return {
        "rated": len(rated),
        "not_rated": [{"file": one.file, "error": one.error} for one in compared if one.score is None],
        "labels_left_out": list(labels.problems),
        "metrics": metrics,
        "confidence": CONFIDENCE,
        "resamples": RESAMPLES,
        "seed": seed,
        "ratings": [
            {"file": one.file, "mos": one.mos, "score": round(one.score, 4), "expected": round(one.expected, 4)}
            for one in rated
        ],
    }


def _all_metrics(x: np.ndarray, y: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """(n,) twice and counts (draws, n) -> (3, draws): SRCC, PLCC, MAE."""
    error = counts @ np.abs(x - y) / counts.sum(axis=1)
    return np.stack([rank_correlations(x, y, counts), _pearson(x, y, counts), error])


def _ranks(x: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """The rank of each x (n,) among the files of each draw, equal ones at the mean of their places: (draws, n)."""
    order = np.argsort(x, kind="stable")
    _, starts, inverse = np.unique(x[order], return_index=True, return_inverse=True)
    there = np.add.reduceat(counts[:, order], starts, axis=1)
    ranks = np.empty(counts.shape)
    ranks[:, order] = (np.cumsum(there, axis=1) - (there - 1) / 2)[:, inverse]
    return ranks


def _pearson(x: np.ndarray, y: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """x and y, (n,) or (draws, n), and counts (draws, n) -> (draws,), NaN where one side is constant."""
    x, y = (_centred(side, counts) for side in (x, y))
    norm = np.sqrt((counts * x * x).sum(axis=1)) * np.sqrt((counts * y * y).sum(axis=1))
    return np.divide((counts * x * y).sum(axis=1), norm, out=np.full(len(counts), np.nan), where=norm > 0)


def _centred(x: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Differences (draws, n) to the mean of each draw; exactly 0 where all that was drawn is equal."""
    there = counts > 0
    spread = np.where(there, x, -np.inf).max(axis=1) - np.where(there, x, np.inf).min(axis=1)
    mean = (counts * x).sum(axis=1) / counts.sum(axis=1)
    return (x - mean[:, None]) * (spread > 0)[:, None]


def _interval(value: float, samples: np.ndarray) -> Interval:
    defined = samples[~np.isnan(samples)]
    if math.isnan(value):
        return Interval(None, None, None)
    if not len(defined):
        return Interval(float(value), None, None)
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(defined, [tail, 1 - tail])
    return Interval(float(value), float(low), float(high))

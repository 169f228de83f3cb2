"""How well ratings agree with human scores: SRCC, PLCC and MAE with bootstrap intervals."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from scipy.stats import rankdata

from ..errors import VideoError
from .labels import Labels
from .rater import Rater

CONFIDENCE = 0.95
RESAMPLES = 2000
CHUNK = 100


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
    drawn = [_all_metrics(x[rows], y[rows]) for rows in _draws(len(x), seed, resamples, contents)]
    samples = np.concatenate(drawn, axis=1) if drawn else np.empty((3, 0))
    values = _all_metrics(x[None], y[None])[:, 0] if len(x) else np.full(3, np.nan)
    return Agreement(*(_interval(value, row) for value, row in zip(values, samples, strict=True)))


def content_rows(contents: Sequence[Hashable]) -> dict[Hashable, np.ndarray]:
    """Content -> the rows that show it, in the order in which contents first occur."""
    members: dict[Hashable, list[int]] = {}
    for row, content in enumerate(contents):
        members.setdefault(content, []).append(row)
    return {content: np.array(rows) for content, rows in members.items()}


def content_draws(contents: Sequence[Hashable], seed: int, resamples: int) -> Iterator[np.ndarray]:
    """Rows of all files of as many contents as there are, drawn with replacement, `resamples` times."""
    groups, rng = list(content_rows(contents).values()), np.random.default_rng(seed)
    for _ in range(resamples):
        yield np.concatenate([groups[k] for k in rng.integers(len(groups), size=len(groups))])


def _draws(count: int, seed: int, resamples: int, contents: Sequence[Hashable] | None) -> Iterator[np.ndarray]:
    """Rows (draws, n) of one or more draws at a time; none of fewer than two files."""
    if count < 2:
        return
    if contents is not None and len(set(contents)) < count:
        yield from (rows[None] for rows in content_draws(contents, seed, resamples))
        return
    rng = np.random.default_rng(seed)
    for start in range(0, resamples, CHUNK):
        yield rng.integers(count, size=(min(CHUNK, resamples - start), count))


def rank_correlations(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Row by row, (draws, n) twice -> SRCC (draws,), NaN where one side is constant."""
    return _pearson(rankdata(x, axis=1), rankdata(y, axis=1))


def evaluate(
    rater: Rater, labels: Labels, videos: str | Path, *, batch: int | None = None, jobs: int | None = None, **options
) -> Iterator[Compared]:
    """Rate every labelled file under the folder `videos`; a file that cannot be rated comes back with its error.

    The options are those of `Rater.rate_many`.
    """
    paths = [Path(videos) / file for file, _ in labels.entries]
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


def _all_metrics(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """(draws, n) twice -> (3, draws): SRCC, PLCC, MAE."""
    return np.stack([rank_correlations(x, y), _pearson(x, y), np.abs(x - y).mean(axis=1)])


def _pearson(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """(draws, n) twice -> (draws,), NaN where one side is constant."""
    varied = (np.ptp(x, axis=1) > 0) & (np.ptp(y, axis=1) > 0)
    x, y = x - x.mean(axis=1, keepdims=True), y - y.mean(axis=1, keepdims=True)
    norm = np.sqrt((x * x).sum(axis=1)) * np.sqrt((y * y).sum(axis=1))
    varied &= norm > 0
    return np.where(varied, (x * y).sum(axis=1) / np.where(varied, norm, 1.0), np.nan)


def _interval(value: float, samples: np.ndarray) -> Interval:
    defined = samples[~np.isnan(samples)]
    if math.isnan(value):
        return Interval(None, None, None)
    if not len(defined):
        return Interval(float(value), None, None)
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(defined, [tail, 1 - tail])
    return Interval(float(value), float(low), float(high))

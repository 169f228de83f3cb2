"""How well ratings agree with human scores: SRCC, PLCC and MAE with bootstrap intervals."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from scipy.stats import rankdata

from ..errors import VideoError, VQAThinkerError
from .rater import Rater

CONFIDENCE = 0.95
RESAMPLES = 2000
CHUNK = 100


class LabelsError(VQAThinkerError):
    """The labels cannot be read, or name nothing that can be compared."""


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


def read_labels(path: str | Path) -> list[tuple[str, float]]:
    """(file, MOS) pairs from the official JSON (`annotations`: `image_id`, `score`) or a CSV with `file` and `mos`.

    Raises LabelsError.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise LabelsError(f"The labels {path} cannot be read: {getattr(error, 'strerror', None) or error}.") from error
    try:
        labels = _from_json(text) if text.lstrip().startswith(("{", "[")) else _from_csv(text)
    except (KeyError, TypeError, ValueError, csv.Error) as error:
        raise LabelsError(
            f'{path} holds no labels: expected {{"annotations": [{{"image_id", "score"}}]}} or a CSV with file,mos.'
        ) from error
    if not labels:
        raise LabelsError(f"{path} holds no labels: it names no file.")
    return labels


def agreement(predicted: Sequence[float], mos: Sequence[float], seed: int = 0, resamples: int = RESAMPLES) -> Agreement:
    """Compare predictions (n,) with MOS (n,), both on the same scale.

    The intervals are 95% percentile intervals over `resamples` draws of n files with replacement.
    """
    x, y = np.asarray(predicted, dtype=np.float64), np.asarray(mos, dtype=np.float64)
    if x.shape != y.shape or x.ndim != 1:
        raise ValueError(f"predictions and MOS must be two lists of one length, got {x.shape} and {y.shape}")
    rng = np.random.default_rng(seed)
    chunks = [min(CHUNK, resamples - start) for start in range(0, resamples, CHUNK)] if len(x) > 1 else []
    drawn = [_all_metrics(x[rows], y[rows]) for rows in (rng.integers(len(x), size=(n, len(x))) for n in chunks)]
    samples = np.concatenate(drawn, axis=1) if drawn else np.empty((3, 0))
    values = _all_metrics(x[None], y[None])[:, 0] if len(x) else np.full(3, np.nan)
    return Agreement(*(_interval(value, row) for value, row in zip(values, samples, strict=True)))


def evaluate(rater: Rater, labels: Sequence[tuple[str, float]], videos: str | Path) -> Iterator[Compared]:
    """Rate every labelled file under the folder `videos`; a file that cannot be rated comes back with its error."""
    for file, mos in labels:
        try:
            rating = rater.rate(Path(videos) / file)
            yield Compared(file, mos, rating.score, rating.expected)
        except VideoError as error:
            yield Compared(file, mos, error=str(error))


def report(compared: Sequence[Compared], seed: int = 0) -> dict:
    """JSON-ready: counts, metrics of `score` and of `expected`, every rating, and the files that were not rated."""
    rated = [one for one in compared if one.score is not None]
    mos = [one.mos for one in rated]
    return {
        "rated": len(rated),
        "not_rated": [{"file": one.file, "error": one.error} for one in compared if one.score is None],
        "metrics": {
            name: asdict(agreement([getattr(one, name) for one in rated], mos, seed)) for name in ("score", "expected")
        },
        "confidence": CONFIDENCE,
        "resamples": RESAMPLES,
        "seed": seed,
        "ratings": [
            {"file": one.file, "mos": one.mos, "score": round(one.score, 4), "expected": round(one.expected, 4)}
            for one in rated
        ],
    }


def _from_json(text: str) -> list[tuple[str, float]]:
    content = json.loads(text)
    return [(str(entry["image_id"]), _finite(entry["score"])) for entry in content["annotations"]]


def _from_csv(text: str) -> list[tuple[str, float]]:
    return [(row["file"], _finite(row["mos"])) for row in csv.DictReader(io.StringIO(text, newline=""))]


def _finite(value: str | float) -> float:
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(f"{value} is no score")
    return number


def _all_metrics(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """(draws, n) twice -> (3, draws): SRCC, PLCC, MAE."""
    return np.stack([
        _pearson(rankdata(x, axis=1), rankdata(y, axis=1)), _pearson(x, y), np.abs(x - y).mean(axis=1)
    ])


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

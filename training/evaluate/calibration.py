"""Do sampled answers keep their form, and does their spread tell how wrong they are?

K answers are sampled about each sample at temperature 1, as `rate --rollouts K` does. Their mean is compared with the
MOS; their spread (unbiased standard deviation) with the error of that mean: in bins, as a rank correlation, and as the
share of MOS that lie within z spreads of the mean, beside the share that a normal distribution would have there.
"""

from __future__ import annotations

import statistics
import threading
from dataclasses import asdict
from pathlib import Path

import numpy as np

from vqathinker import VideoError
from vqathinker.model.generation import prefill
from vqathinker.model.loading import LoadedModel
from vqathinker.rating.evaluation import RESAMPLES, agreement, draw_counts
from vqathinker.video import load_clip

from ..common.metrics import HUMAN, set_of
from ..common.spread import spread as spread_evenly
from ..policy.answers import sample
from ..sft.cache import source_path
from .lines import measure_all
from .measures import TAIL, by_content, clustered_share

CALIBRATION_ROLLOUTS, PSEUDO, RATED, CALIBRATION_BINS, CALIBRATED_AT_ONCE = 8, 100, 200, 5, 6
NORMAL_COVERAGE = {"1": 0.6827, "1.645": 0.9, "1.96": 0.95}
"""Number of spreads on each side of the mean -> share that a normal distribution has there."""


def choose_samples(rows: list[dict], pseudo: int = PSEUDO, rated: int = RATED) -> list[dict]:
    """Up to `rated` samples of each set that people rated and up to `pseudo` others, evenly spread over them."""
    kinds = [[row for row in rows if row["kind"] == "human" and set_of(row) == name] for name in HUMAN]
    human = [row for members in kinds for row in spread_evenly(members, rated)]
    others = [row for row in rows if row["kind"] == "pseudo"] if pseudo else []
    return human + spread_evenly(others, pseudo)


def sample_rows(
    loaded: LoadedModel, rows: list[dict], paths: list[Path], rollouts: int, seed: int, turn: threading.Lock
) -> list[dict]:
    """A line for each row: scores, form and cut of its sampled answers; `error` where it cannot be decoded."""
    lines, clips = [{"id": row["id"]} for row in rows], []
    for line, path in zip(lines, paths, strict=True):
        try:
            clips.append(load_clip(path, loaded.processor.video_spec))
        except VideoError as error:
            line["error"] = str(error)
    if clips:
        inputs = loaded.processor(clips).to(loaded.model.device)
        with turn:
            sampled = sample(loaded, prefill(loaded.model, inputs), rollouts, seed)
        fine = [line for line in lines if "error" not in line]
        for line, one in zip(fine, sampled, strict=True):
            line |= {"scores": one.scores, "well_formed": one.well_formed, "cut": list(one.cut)}
    return lines


def sample_all(
    loaded: LoadedModel,
    rows: list[dict],
    data: Path,
    built: Path,
    out: Path,
    rollouts: int = CALIBRATION_ROLLOUTS,
    seed: int = 0,
    jobs: int = 2,
) -> list[dict]:
    """Lines of all rows, stored in OUT/calibration.jsonl as they come."""
    turn = threading.Lock()

    def measure(part: list[dict]) -> list[dict]:
        paths = [source_path(row, data, built) for row in part]
        return sample_rows(loaded, part, paths, rollouts, seed, turn)

    settings = {"rollouts": rollouts, "seed": seed}
    path = out / "calibration.jsonl"
    return measure_all(path, rows, measure, settings=settings, chunk=CALIBRATED_AT_ONCE, jobs=jobs, title="sample")


def moments(line: dict) -> tuple[float, float] | None:
    """Mean and spread of the readable answers of a line, None for fewer than two."""
    scores = [score for score in line["scores"] if score is not None]
    return (statistics.fmean(scores), statistics.stdev(scores)) if len(scores) > 1 else None


def spread_report(mean: np.ndarray, spread: np.ndarray, mos: np.ndarray, contents: list[str]) -> dict:
    """Error of the mean beside the spread, all (n,): rank correlation, bins, coverage; intervals over contents, of the
    bins over samples."""
    error = np.abs(mean - mos)
    inside = {z: [[bool(hit)] for hit in error <= float(z) * spread] for z in NORMAL_COVERAGE}
    covered = {z: clustered_share(by_content(contents, hits)) for z, hits in inside.items()}
    return {
        "samples": len(mos),
        "mean_spread": float(spread.mean()) if len(mos) else None,
        "mean_error": float(error.mean()) if len(mos) else None,
        "rank_correlation": asdict(agreement(spread, error, contents=contents).srcc),
        "coverage": {z: share | {"normal": NORMAL_COVERAGE[z]} for z, share in covered.items()},
        "widening": widening(error, spread),
        "bins": bins(spread, error),
        "mean_of_answers": asdict(agreement(mean, mos, contents=contents)),
    }


def widening(error: np.ndarray, spread: np.ndarray, share: float = NORMAL_COVERAGE["1"]) -> float | None:
    """The factor on the spread within which `share` of the errors lie; None where no spread is above zero."""
    if not (spread > 0).any():
        return None
    return float(np.quantile(error / np.maximum(spread, 1e-3), share))


def bins(spread: np.ndarray, error: np.ndarray, count: int = CALIBRATION_BINS, seed: int = 0) -> list[dict]:
    """Equally filled bins of spread: mean spread and mean absolute error with its bootstrap interval."""
    rng, found = np.random.default_rng(seed), []
    for members in np.array_split(np.argsort(spread, kind="stable"), min(count, len(spread) // 2)):
        means = draw_counts(len(members), RESAMPLES, rng) @ error[members] / len(members)
        low, high = np.quantile(means, TAIL)
        entry = {"spread": float(spread[members].mean()), "error": float(error[members].mean())}
        found.append(entry | {"low": float(low), "high": float(high), "samples": len(members)})
    return found


def calibration_report(
    rows: list[dict], lines: list[dict], rollouts: int = CALIBRATION_ROLLOUTS, seed: int = 0
) -> dict:
    """Form of the sampled answers and calibration of their spread, for people's scores together and for each set."""
    rated = [(row, line) for row, line in zip(rows, lines, strict=True) if "error" not in line]
    told = [(row, *found) for row, line in rated if (found := moments(line))]
    names = {"human": HUMAN} | {name: (name,) for name in sorted({set_of(row) for row, _ in rated})}
    sets = {}
    for name, members in names.items():
        chosen = [(row, mean, spread) for row, mean, spread in told if set_of(row) in members]
        if len(chosen) > 1:
            numbers = np.array([(mean, spread, row["mos"]) for row, mean, spread in chosen])
            sets[name] = spread_report(*numbers.T, [row["content"] for row, *_ in chosen])
    return {
        "rollouts": rollouts,
        "seed": seed,
        "samples": len(rated),
        "not_rated": len(lines) - len(rated),
        "well_formed": clustered_share([line["well_formed"] for _, line in rated]),
        "readable": clustered_share([[score is not None for score in line["scores"]] for _, line in rated]),
        "cut": clustered_share([line["cut"] for _, line in rated]),
        "sets": sets,
    }


def calibration_sentence(report: dict) -> str:
    """What the spread is worth, in words, from the samples that people rated; empty without them."""
    human = report["sets"].get("human")
    if not human or human["rank_correlation"]["value"] is None:
        return ""
    tie, inside = human["rank_correlation"], human["coverage"]["1"]
    if tie["low"] is not None and tie["low"] > 0:
        worth = "A larger spread does mean a larger error, on average"
    elif tie["high"] is not None and tie["high"] < 0:
        worth = "A larger spread goes with a smaller error: do not read it as doubt"
    else:
        worth = "The spread does not tell which scores are wrong"
    text = (
        f"{worth} (rank correlation of spread and error {tie['value']:.2f}, 95% interval {tie['low']:.2f} to "
        f"{tie['high']:.2f}, {human['samples']} samples that people rated). The mean of {report['rollouts']} sampled "
        f"answers lies within one spread of the MOS in {inside['value']:.0%} of them"
    )
    factor = human["widening"]
    if factor is None:
        return f"{text}."
    return f"{text}; for 68%, as a standard error promises, take {factor:.1f} spreads."

"""How far a score may be off: a 90 % interval, calibrated on held-out pictures with human scores.

    python -m training.evaluate.interval DATA_DIR BUILT_DIR FEATURES_DIR CHECKPOINT

The error of a score counts as normal with the standard deviation factor * sqrt(variance + floor^2), where `variance` is
that of the answers which the model could have written. Both numbers are chosen on one half of the validation contents
(floor: the likelihood of their errors; factor: 90 % of them lie within, split conformal), each set counting as much as
another. They are written into CHECKPOINT/config.json; the coverage of the other half, how often a preference between
two of its pictures is right (training/evaluate/pairs.py), and the agreement of the score with every set of pictures,
the official test pictures too, are printed and written to CHECKPOINT/interval.json.
FEATURES_DIR keeps what the tower sees (training/evaluate/stored.py).
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

from vqathinker.bundled import INTERVAL_FILE

from ..common.cli import add_data, add_jobs, ends_in_a_sentence
from ..common.io import read_manifest, require_data
from ..common.metrics import set_of
from ..data.build.sources import draw_share

INTERVAL_COVERAGE = 0.9
FLOORS = tuple(np.round(np.arange(0.05, 1.01, 0.05), 2))


def fit_interval(lines: Sequence[dict]) -> dict[str, float]:
    """{"factor", "floor"} from lines with set, mos, score and variance."""
    from vqathinker.rating.rating import NORMAL_90

    errors, variances, weights = _columns(lines)
    best = min(FLOORS, key=lambda floor: _risk(errors, variances + floor**2, weights))
    ratios = np.abs(errors) / np.sqrt(variances + best**2)
    return {"factor": round(_quantile(ratios, weights) / NORMAL_90, 4), "floor": float(best)}


def coverage(lines: Sequence[dict], calibration: dict[str, float]) -> dict[str, dict[str, float]]:
    """For each set: share of the MOS within the interval, its mean width, samples."""
    from vqathinker.rating.rating import NORMAL_90

    found = {}
    for name in sorted({line["set"] for line in lines}):
        errors, variances, _ = _columns([line for line in lines if line["set"] == name])
        halves = NORMAL_90 * calibration["factor"] * np.sqrt(variances + calibration["floor"] ** 2)
        found[name] = {
            "coverage": float(np.mean(np.abs(errors) <= halves)),
            "width": float(2 * halves.mean()),
            "samples": len(errors),
        }
    return found


def agreements(lines: Sequence[dict]) -> dict[str, dict]:
    """For each set: SRCC, PLCC and MAE of the score with their intervals over contents, its bias, samples."""
    from vqathinker.rating.evaluation import agreement

    found = {}
    for name in sorted({line["set"] for line in lines}):
        some = [line for line in lines if line["set"] == name]
        scores, mos, contents = ([line[key] for line in some] for key in ("score", "mos", "content"))
        bias = float(np.mean(np.array(scores) - np.array(mos)))
        found[name] = asdict(agreement(scores, mos, contents=contents)) | {"bias": bias, "samples": len(some)}
    return found


def _columns(lines: Sequence[dict]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Errors, variances and weights, each (N,); the weights of every set sum to 1."""
    sets = [line["set"] for line in lines]
    errors = np.array([line["mos"] - line["score"] for line in lines])
    variances = np.array([line["variance"] for line in lines])
    return errors, variances, np.array([1 / sets.count(name) for name in sets])


def _risk(errors: np.ndarray, scales: np.ndarray, weights: np.ndarray) -> float:
    """Negative log-likelihood of normal errors with variances in proportion to `scales`, the proportion fitted."""
    shares = weights / weights.sum()
    return float(np.log((shares * errors**2 / scales).sum()) + (shares * np.log(scales)).sum())


def _quantile(values: np.ndarray, weights: np.ndarray) -> float:
    """The smallest value that `INTERVAL_COVERAGE` of the weight does not exceed, with the correction of split
    conformal prediction."""
    order = np.argsort(values)
    share = np.cumsum(weights[order]) / weights.sum()
    level = min(1.0, INTERVAL_COVERAGE * (1 + 1 / len(values)))
    return float(values[order][min(np.searchsorted(share, level), len(values) - 1)])


def halves(rows: Sequence[dict], seed: int) -> tuple[list[dict], list[dict]]:
    """The rows of a random half of the contents of each set, and those of the other half."""
    first: set[str] = set()
    for name in sorted({set_of(row) for row in rows}):
        first |= draw_share([row["content"] for row in rows if set_of(row) == name], 0.5, seed, "interval", name)
    return [row for row in rows if row["content"] in first], [row for row in rows if row["content"] not in first]


def calibrate(data: Path, built: Path, features: Path, checkpoint: Path, seed: int = 0, jobs: int = 2) -> dict:
    """The command of the module docstring; what it writes to interval.json."""
    from ..common.start import load_start  # torch, only once there is something to do
    from .lines import write_json
    from .pairs import reliability
    from .stored import answers_about, make_views

    require_data(data)
    manifest = read_manifest(built)
    rows = [row for row in manifest if row["split"] in ("val", "test") and row["kind"] == "human"]
    loaded = load_start(str(checkpoint))
    views = make_views(rows, data, built, features, loaded, clips=0, seed=seed, jobs=jobs)
    answers = answers_about(loaded, views, views.rows, None, 0, seed)
    lines = {
        row["id"]: {"set": set_of(row), "content": row["content"], "mos": row["mos"]}
        | {"score": one.score, "variance": one.variance}
        for row, (one, _) in zip(views.rows, answers, strict=True)
    }
    held_out = [row for row in views.rows if row["split"] == "val"]
    fitted_on, checked_on = ([lines[row["id"]] for row in part] for part in halves(held_out, seed))
    fitted_on = fitted_on or checked_on  # one content of each set: too few to be divided
    fitted = fit_interval(fitted_on)
    tested = [lines[row["id"]] for row in views.rows if row["split"] == "test"]
    checked = [*checked_on, *tested]
    report = {"calibration": fitted, "fitted_on": len(fitted_on), "checked": coverage(checked, fitted)}
    report |= {"pairs": reliability(checked, fitted, seed)}
    report |= {"agreement": agreements(list(lines.values()))}
    settings = json.loads((checkpoint / "config.json").read_text())
    write_json(checkpoint / "config.json", settings | {"calibration": fitted})
    write_json(checkpoint / INTERVAL_FILE, report)
    return report


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m training.evaluate.interval", description="Calibrate the interval of a checkpoint's scores."
    )
    add_data(parser)
    parser.add_argument("features", type=Path, help="folder for what the tower sees, shared with training.study")
    parser.add_argument("checkpoint", type=Path, help="the checkpoint, whose config.json is completed")
    parser.add_argument("--seed", type=int, default=0, help="of the halves")
    add_jobs(parser)
    args = parser.parse_args(argv)
    with ends_in_a_sentence("evaluate.interval"):
        report = calibrate(args.data, args.built, args.features, args.checkpoint, args.seed, args.jobs)
        print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()

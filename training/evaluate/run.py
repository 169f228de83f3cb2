"""Measure a checkpoint on the validation contents, the way a user meets it: from files.

    python -m training.evaluate DATA_DIR BUILT_DIR OUT_DIR [--model tiny] [--parts agreement,preference,calibration]
    python -m training.evaluate LABELS --videos DIR [--model tiny] [--out report.json]

The second form is `python -m vqathinker evaluate`, with all its options: LABELS is a file of the official benchmarks,
{"annotations": [{"image_id", "score"}]}, or a CSV with file,mos. The first one measures what training.data.build held
out.

OUT_DIR/evaluation.json is the summary that the model card and the plots read. Its parts can be measured one by one,
each stored a few lines at a time (an interrupted run goes on where it stopped; lines of two checkpoints never mix):
- agreement (predictions.jsonl, through the Rater): SRCC, PLCC, MAE with MOS for each set, order within the ladders of
  each defect family, precision, recall and F1 of the named defects, share of well-formed greedy answers, baselines;
- preference (preference.jsonl, training/evaluate/preference.py): the clip in order against its six temporal
  perturbations;
- calibration (calibration.jsonl, training/evaluate/calibration.py): form of sampled answers, spread against error.

Intervals are 95% bootstrap intervals over contents, each with all its versions: these err together. Only shares of
well-formed answers draw samples.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path

import numpy as np

from vqathinker import VideoError, load_rater
from vqathinker.bundled import EVALUATION_FILE, INTERVAL_FILE
from vqathinker.model.folders import find_folder
from vqathinker.rating import Rater, Rating
from vqathinker.rating.evaluation import CONFIDENCE, agreement
from vqathinker.rewards import format_ok

from ..common.io import read_manifest, require_data
from ..common.metrics import set_of
from ..sft.cache import source_path
from . import calibration, preference
from .lines import claim, measure_all, write_json
from .measures import baselines, clustered_share, coded_heights, defect_report, order_report

ALL_SPLITS = ("train", "val", "test")
AT_A_TIME = 40


def prediction(row: dict, rating: Rating | VideoError) -> dict:
    """One line of predictions.jsonl; `error` instead of a score where the file cannot be rated."""
    if isinstance(rating, VideoError):
        return {"id": row["id"], "error": str(rating)}
    return {
        "id": row["id"],
        "set": set_of(row),
        "mos": row["mos"],
        "score": rating.score,
        "expected": rating.expected,
        "greedy": rating.greedy,
        "defects": [asdict(defect) for defect in rating.defects],
        "well_formed": format_ok(rating.text),
        "text": rating.text,
    }


def predict_all(rater: Rater, rows: list[dict], data: Path, built: Path, out: Path, jobs: int = 2) -> list[dict]:
    """Predictions of all rows, in their order, `AT_A_TIME` of them stored together."""

    def measure(part: list[dict]) -> list[dict]:
        ratings = rater.rate_many([source_path(row, data, built) for row in part], jobs=jobs)
        return [prediction(row, rating) for row, rating in zip(part, ratings, strict=True)]

    return measure_all(out / "predictions.jsonl", rows, measure, chunk=AT_A_TIME, jobs=1, title="rate")


def summary(rows: list[dict], predictions: list[dict], model: str) -> dict:
    """The agreement part from rows and their predictions; what could not be rated is counted and left out."""
    rated = [(row, line) for row, line in zip(rows, predictions, strict=True) if "error" not in line]
    if not rated:
        reason = f": {predictions[0]['error']}" if predictions else ""
        raise ValueError(f"none of {len(rows)} samples could be rated{reason}")
    rows, lines = [row for row, _ in rated], [line for _, line in rated]
    sets = {}
    for name in sorted({set_of(row) for row in rows}):
        chosen = [i for i, row in enumerate(rows) if set_of(row) == name]
        mos, contents = ([rows[i][key] for i in chosen] for key in ("mos", "content"))
        sets[name] = {"samples": len(chosen), "contents": len(set(contents))} | {
            kind: asdict(agreement([lines[i][kind] for i in chosen], mos, contents=contents))
            for kind in ("score", "expected", "greedy")
        }
        errors = [lines[i]["score"] - rows[i]["mos"] for i in chosen]
        sets[name] |= {"bias": float(np.mean(errors))}
    return {
        "model": model,
        "samples": len(rows),
        "not_rated": len(predictions) - len(rows),
        "confidence": CONFIDENCE,
        "sets": sets,
        "order": order_report(rows, np.array([line["score"] for line in lines])),
        "order_greedy": order_report(rows, np.array([line["greedy"] for line in lines])),
        "slope": clip_slope(rows, lines),
        "defects": defect_report(rows, lines),
        "well_formed": float(np.mean([line["well_formed"] for line in lines])),
        "well_formed_greedy": clustered_share([[line["well_formed"]] for line in lines]),
    }


def clip_slope(rows: list[dict], lines: list[dict]) -> float | None:
    """Slope of the score on the MOS over the moving clips: below 1 where the model keeps to the middle of the scale."""
    moving = [i for i, row in enumerate(rows) if row["facts"]["num_frames"] > 1]
    mos, scores = (np.array([source[i][key] for i in moving]) for source, key in ((rows, "mos"), (lines, "score")))
    return float(np.polyfit(mos, scores, 1)[0]) if len(set(mos)) > 1 else None


def measure_part(part: str, args: argparse.Namespace, rater: Rater, rows: dict[str, list[dict]]) -> dict:
    """The entries of evaluation.json that one part writes."""
    chosen, places = rows[args.split], (args.data, args.built, args.out)
    if part == "agreement":
        predictions = predict_all(rater, chosen, *places, jobs=args.jobs)
        plain = baselines(rows["train"], chosen, coded_heights(args.data))
        return summary(chosen, predictions, args.model) | {"baselines": plain}
    if part == "preference":
        clips = preference.choose_clips(chosen, args.preference_clips or preference.CLIPS)
        lines = preference.rate_all_orders(rater.loaded, clips, *places, seed=args.seed, jobs=args.jobs)
        return {part: preference.preference_report(clips, lines, args.seed)}
    samples = calibration.choose_samples(chosen, calibration.PSEUDO if args.pseudo is None else args.pseudo)
    rollouts = args.rollouts or calibration.CALIBRATION_ROLLOUTS
    lines = calibration.sample_all(rater.loaded, samples, *places, rollouts, args.seed, args.jobs)
    return {part: calibration.calibration_report(samples, lines, rollouts, args.seed)}


def headline(result: dict) -> str:
    """The numbers of the goals, one a line."""

    def told(name: str, entry: dict) -> str:
        value, low, high = (entry[key] for key in ("value", "low", "high"))
        bounds = "" if low is None else f" [{low:.3f}, {high:.3f}]"
        return f"{name:34}{'undefined' if value is None else f'{value:.3f}{bounds}'}"

    lines = []
    for name, entry in result.get("sets", {}).items():
        lines += [told(f"SRCC {name}, by {kind}", entry[kind]["srcc"]) for kind in ("score", "expected")]
    if "order" in result:
        lines += [told("order, by score", result["order"]["all"])]
        lines += [told("order, by greedy number", result["order_greedy"]["all"])]
        lines += [told("defects, macro-F1", result["defects"]["macro_f1"])]
        lines += [told("clean clips with a named defect", result["defects"]["false_alarms"])]
        lines += [told("slope of score on MOS, clips", {"value": result["slope"], "low": None, "high": None})]
        lines += [told("well-formed, greedy", result["well_formed_greedy"])]
    for kind in preference.ANSWERS if "preference" in result else ():
        lines += [told(f"ordered preferred, by {kind}", result["preference"][kind]["all"])]
        lines += [told(f"  {mode}", entry) for mode, entry in result["preference"][kind]["modes"].items()]
    if "calibration" in result:
        lines += [told("well-formed, sampled", result["calibration"]["well_formed"])]
        lines += [calibration.calibration_sentence(result["calibration"])]
    return "\n".join(lines)


def run_evaluation(args: argparse.Namespace) -> dict:
    """Measure the parts asked for; evaluation.json with them. Raises ValueError or VQAThinkerError."""
    require_data(args.data)
    manifest = read_manifest(args.built)
    rows = {split: [row for row in manifest if row["split"] == split] for split in ALL_SPLITS}
    rows["held_out"] = rows["val"] + [row for row in rows["test"] if row["kind"] == "human"]
    if args.limit:
        every = rows[args.split]
        rows[args.split] = [every[i] for i in np.linspace(0, len(every) - 1, args.limit).astype(int)]
    stamp = claim(args.out, find_folder(args.model), args.built / "manifest.jsonl")
    report = args.out / EVALUATION_FILE
    result = json.loads(report.read_text()) if report.exists() else {}
    rater = load_rater(args.model)
    interval = find_folder(args.model) / INTERVAL_FILE
    if interval.exists():
        result |= {"interval": json.loads(interval.read_text())["checked"]}
    for part in args.parts:
        result |= {"hashes": stamp} | measure_part(part, args, rater, rows)
        write_json(report, result)
    return result

"""Measure a checkpoint on the validation contents, the way a user meets it: from files, through the Rater.

    python -m training.evaluate DATA_DIR BUILT_DIR OUT_DIR [--model tiny] [--limit N]

OUT_DIR/predictions.jsonl holds one line for each sample (an interrupted run goes on where it stopped), and
OUT_DIR/evaluation.json the summary that the model card and the app read:
agreement with MOS for each set, order within the ladders of each defect family, precision, recall and F1 of the named
defects, share of well-formed answers. Intervals are 95% bootstrap intervals over samples (over ladders for the order).
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from itertools import combinations
from pathlib import Path

import numpy as np
from tqdm import tqdm

from vqathinker import VideoError, load_rater
from vqathinker.rating import Rater
from vqathinker.rating.defects import DEFECTS
from vqathinker.rating.evaluation import CONFIDENCE, RESAMPLES, agreement
from vqathinker.rewards import format_ok

from .cache import source_path
from .metrics import SETS
from .state import append_jsonl, read_jsonl


def predict(rater: Rater, row: dict, path: Path) -> dict:
    """One line of predictions.jsonl; `error` instead of a score where the file cannot be rated."""
    try:
        rating = rater.rate(path)
    except VideoError as error:
        return {"id": row["id"], "error": str(error)}
    return {
        "id": row["id"],
        "score": rating.score,
        "expected": rating.expected,
        "defects": [asdict(defect) for defect in rating.defects],
        "well_formed": format_ok(rating.text),
        "text": rating.text,
    }


def predict_all(rater: Rater, rows: list[dict], data: Path, built: Path, out: Path, jobs: int = 2) -> list[dict]:
    """Predictions of all rows, in their order, each stored as soon as it is there."""
    stored = out / "predictions.jsonl"
    done = {line["id"]: line for line in read_jsonl(stored)} if stored.exists() else {}
    todo = [row for row in rows if row["id"] not in done]
    with ThreadPoolExecutor(jobs) as pool:
        lines = pool.map(lambda row: predict(rater, row, source_path(row, data, built)), todo)
        for line in tqdm(lines, total=len(todo), desc="rate", mininterval=10):
            append_jsonl(stored, line)
            done[line["id"]] = line
    return [done[row["id"]] for row in rows]


def ladder_pairs(rows: list[dict], scores: np.ndarray) -> dict[str, dict[str, list[bool]]]:
    """Family -> ladder -> for every two strengths of it, whether the stronger one scores lower (a tie does not)."""
    rungs: dict[str, list[int]] = defaultdict(list)
    for index, row in enumerate(rows):
        if row["ladder"]:
            rungs[row["ladder"]].append(index)
    pairs: dict[str, dict[str, list[bool]]] = defaultdict(dict)
    for ladder, members in rungs.items():
        members.sort(key=lambda index: rows[index]["strength"])
        judged = [
            bool(scores[strong] < scores[weak])
            for weak, strong in combinations(members, 2)
            if rows[strong]["strength"] > rows[weak]["strength"]
        ]
        if judged:
            pairs[rows[members[0]]["family"]][ladder] = judged
    return dict(pairs)


def share_in_order(ladders: list[list[bool]], seed: int = 0) -> dict:
    """Share of ordered pairs with its bootstrap interval over ladders; None without a ladder."""
    if not ladders:
        return {"value": None, "low": None, "high": None, "pairs": 0}
    hits, sizes = np.array([sum(x) for x in ladders]), np.array([len(x) for x in ladders])
    draws = np.random.default_rng(seed).integers(len(ladders), size=(RESAMPLES, len(ladders)))
    shares = hits[draws].sum(1) / sizes[draws].sum(1)
    low, high = np.quantile(shares, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return {"value": float(hits.sum() / sizes.sum()), "low": float(low), "high": float(high), "pairs": int(sizes.sum())}


def order_report(rows: list[dict], scores: np.ndarray) -> dict:
    pairs = ladder_pairs(rows, scores)
    families = {family: share_in_order(list(ladders.values())) for family, ladders in sorted(pairs.items())}
    every = [judged for ladders in pairs.values() for judged in ladders.values()]
    return {"all": share_in_order(every), "families": families}


def f1(truth: np.ndarray, named: np.ndarray) -> float:
    return float(2 * (truth & named).sum() / max(1, truth.sum() + named.sum()))


def defect_report(rows: list[dict], predictions: list[dict], seed: int = 0) -> dict:
    """Precision, recall and F1 of each defect on samples whose defects are known, and their macro-F1."""
    known = [index for index, row in enumerate(rows) if row["kind"] == "pseudo"]
    if not known:
        return {"macro_f1": {"value": None, "low": None, "high": None}, "each": {}, "samples": 0}
    truth = np.array([[n in {d["name"] for d in rows[i]["defects"]} for n in DEFECTS] for i in known])
    named = np.array([[n in {d["name"] for d in predictions[i]["defects"]} for n in DEFECTS] for i in known])
    occurring = [index for index in range(len(DEFECTS)) if truth[:, index].any()]
    rng = np.random.default_rng(seed)
    draws = [rng.integers(len(known), size=len(known)) for _ in range(RESAMPLES // 4)]
    macros = [np.mean([f1(truth[d, i], named[d, i]) for i in occurring]) for d in draws]
    low, high = np.quantile(macros, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    each = {}
    for i in occurring:
        hits = int((truth[:, i] & named[:, i]).sum())
        each[DEFECTS[i]] = {
            "precision": hits / max(1, int(named[:, i].sum())),
            "recall": hits / int(truth[:, i].sum()),
            "f1": f1(truth[:, i], named[:, i]),
            "samples": int(truth[:, i].sum()),
        }
    macro = {"value": float(np.mean([entry["f1"] for entry in each.values()])), "low": float(low), "high": float(high)}
    return {"macro_f1": macro, "each": each, "samples": len(known)}


def summary(rows: list[dict], predictions: list[dict], model: str) -> dict:
    """evaluation.json from rows and their predictions; samples that could not be rated are counted and left out."""
    rated = [(row, line) for row, line in zip(rows, predictions, strict=True) if "error" not in line]
    rows, lines = [row for row, _ in rated], [line for _, line in rated]
    sets = {}
    for name in sorted({SETS[row["group"]] for row in rows}):
        chosen = [i for i, row in enumerate(rows) if SETS[row["group"]] == name]
        mos = [rows[i]["mos"] for i in chosen]
        sets[name] = {"samples": len(chosen)} | {
            kind: asdict(agreement([lines[i][kind] for i in chosen], mos)) for kind in ("score", "expected")
        }
    return {
        "model": model,
        "samples": len(rows),
        "not_rated": len(predictions) - len(rows),
        "confidence": CONFIDENCE,
        "sets": sets,
        "order": order_report(rows, np.array([line["score"] for line in lines])),
        "order_expected": order_report(rows, np.array([line["expected"] for line in lines])),
        "defects": defect_report(rows, lines),
        "well_formed": float(np.mean([line["well_formed"] for line in lines])),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure a checkpoint on the validation contents.")
    parser.add_argument("data", type=Path, help="folder of the source pictures and clips")
    parser.add_argument("built", type=Path, help="folder that training.data.build wrote")
    parser.add_argument("out", type=Path, help="folder for predictions.jsonl and evaluation.json")
    parser.add_argument("--model", default="tiny", help="bundled name or folder of the checkpoint")
    parser.add_argument("--split", default="val", choices=("train", "val"))
    parser.add_argument("--limit", type=int, help="rate only that many samples, evenly chosen")
    args = parser.parse_args()
    rows = [row for row in read_jsonl(args.built / "manifest.jsonl") if row["split"] == args.split]
    if args.limit:
        rows = [rows[i] for i in np.linspace(0, len(rows) - 1, args.limit).astype(int)]
    predictions = predict_all(load_rater(args.model), rows, args.data, args.built, args.out)
    result = summary(rows, predictions, args.model)
    (args.out / "evaluation.json").write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps({name: result[name] for name in ("sets", "well_formed")}, indent=1))
    print("in order", result["order"]["all"], "macro-F1", result["defects"].get("macro_f1"))


if __name__ == "__main__":
    main()

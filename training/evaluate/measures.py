"""Measures of an evaluation that are no correlation: order within ladders, named defects, shares, plain baselines."""

from __future__ import annotations

import csv
from collections import defaultdict
from itertools import combinations
from pathlib import Path

import numpy as np

from vqathinker.rating.defects import DEFECTS
from vqathinker.rating.evaluation import CONFIDENCE, RESAMPLES, agreement, content_counts, draw_counts

from ..common.metrics import set_of
from ..data.reasoning import defects_known

TAIL = [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2]


def clustered_share(clusters: list[list[bool]], seed: int = 0) -> dict:
    """Share of hits with its bootstrap interval over clusters (ladders, contents, samples); None without any.

    `pairs` counts the hits and misses, `clusters` what was drawn from.
    """
    clusters = [cluster for cluster in clusters if cluster]
    if not clusters:
        return {"value": None, "low": None, "high": None, "pairs": 0, "clusters": 0}
    hits, sizes = np.array([sum(x) for x in clusters]), np.array([len(x) for x in clusters])
    counts = draw_counts(len(clusters), RESAMPLES, np.random.default_rng(seed))
    low, high = np.quantile((counts @ hits) / (counts @ sizes), TAIL)
    return {
        "value": float(hits.sum() / sizes.sum()),
        "low": float(low),
        "high": float(high),
        "pairs": int(sizes.sum()),
        "clusters": len(clusters),
    }


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


def by_content(contents: list[str], hits: list[list[bool]]) -> list[list[bool]]:
    """Hits of ladders or samples put together by the content they come from."""
    together: dict[str, list[bool]] = defaultdict(list)
    for content, found in zip(contents, hits, strict=True):
        together[content] += found
    return list(together.values())


def order_report(rows: list[dict], scores: np.ndarray) -> dict:
    """Share of pairs in order, for all families and each, with intervals over contents."""
    pairs = ladder_pairs(rows, scores)
    content_of = {row["ladder"]: row["content"] for row in rows}

    def share(ladders: list[tuple[str, list[bool]]]) -> dict:
        return clustered_share(by_content([content_of[name] for name, _ in ladders], [judged for _, judged in ladders]))

    families = {family: share(list(ladders.items())) for family, ladders in sorted(pairs.items())}
    return {"all": share([pair for ladders in pairs.values() for pair in ladders.items()]), "families": families}


def f1(hits: np.ndarray, truth: np.ndarray, named: np.ndarray) -> np.ndarray:
    """From how often a defect was named rightly, was there and was named; 0 where it neither was there nor named."""
    return 2 * hits / np.maximum(1, truth + named)


def defect_report(rows: list[dict], predictions: list[dict], seed: int = 0) -> dict:
    """Precision, recall and F1 of each defect on samples whose defects are known, and their macro-F1; `false_alarms`:
    share of the moving samples without a defect in which one is named, `false_alarms_stills` the same of pictures that
    people liked. Intervals are over contents."""
    known = [index for index, row in enumerate(rows) if defects_known(row)]
    if not known:
        nothing = clustered_share([])
        return {"macro_f1": nothing, "each": {}, "samples": 0, "false_alarms": nothing, "false_alarms_stills": nothing}
    truth = np.array([[n in {d["name"] for d in rows[i]["defects"]} for n in DEFECTS] for i in known])
    named = np.array([[n in {d["name"] for d in predictions[i]["defects"]} for n in DEFECTS] for i in known])
    occurring = [index for index in range(len(DEFECTS)) if truth[:, index].any()]
    contents = [rows[index]["content"] for index in known]
    tables = [table[:, occurring].astype(int) for table in (truth & named, truth, named)]
    macros = [
        f1(*(counts @ table for table in tables)).mean(1) for counts in content_counts(contents, seed, RESAMPLES // 4)
    ]
    low, high = np.quantile(np.concatenate(macros), TAIL)
    each = {}
    for k, i in enumerate(occurring):
        hits, there, told = (int(table[:, k].sum()) for table in tables)
        each[DEFECTS[i]] = {
            "precision": hits / max(1, told),
            "recall": hits / there,
            "f1": float(f1(hits, there, told)),
            "samples": there,
        }
    macro = {"value": float(np.mean([entry["f1"] for entry in each.values()])), "low": float(low), "high": float(high)}
    clean = [k for k, there in enumerate(truth) if not there.any()]
    moving = [k for k in clean if rows[known[k]]["facts"]["num_frames"] > 1]
    stills = [k for k in clean if k not in set(moving)]
    alarms, still_alarms = (
        clustered_share(by_content([contents[k] for k in some], [[bool(named[k].any())] for k in some]))
        for some in (moving, stills)
    )
    shares = {"false_alarms": alarms, "false_alarms_stills": still_alarms}
    return {"macro_f1": macro, "each": each, "samples": len(known), **shares}


def coded_heights(data: Path) -> dict[str, float]:
    """File -> height at which an AVT UHD picture was coded, from its labels.csv; empty where that is not there."""
    path = data / "avt_uhd" / "labels.csv"
    if not path.exists():
        return {}
    with path.open(newline="") as table:
        return {f"avt_uhd/{row['file']}": float(row["enc_height"]) for row in csv.DictReader(table)}


def baselines(train: list[dict], rows: list[dict], heights: dict[str, float]) -> dict[str, dict]:
    """What needs no model: MAE of always answering the median MOS of a training set; SRCC of AVT's coded height."""
    found: dict[str, dict] = {}
    for name in sorted({set_of(row) for row in rows}):
        known = [row["mos"] for row in train if set_of(row) == name.split("_")[0]]
        if known:
            errors = [abs(row["mos"] - np.median(known)) for row in rows if set_of(row) == name]
            found[name] = {"constant": {"answer": float(np.median(known)), "mae": float(np.mean(errors))}}
    coded = [row for row in rows if row["path"] in heights]
    if len(coded) > 1:
        answers = [heights[row["path"]] for row in coded]
        mos, contents = ([row[key] for row in coded] for key in ("mos", "content"))
        srcc = agreement(answers, mos, contents=contents).srcc
        found.setdefault("avt", {})["coded_height"] = {"srcc": vars(srcc)}
    return found

"""Does GRPO help, and what does each reward buy? Many checkpoints measured on the same samples, and one table.

    python -m training.study measure STUDY_DIR DATA_DIR BUILT_DIR --model CHECKPOINT --name NAME [--features DIR]
    python -m training.study table STUDY_DIR

NAME is `start` for the supervised start, `grpo-seed0`, `grpo-seed1`, … for the full recipe, and `no-format-seed0`,
`no-regression-seed0`, `no-ranking-seed0`, `no-temporal-seed0` where one reward was removed. `measure` writes
STUDY_DIR/NAME.jsonl, a line for each validation sample and each picture of an official test split, on features that all
of them share (training/evaluate/stored.py). `table` writes STUDY_DIR/study.json and STUDY_DIR/study.md: each
checkpoint, the recipe against the start (mean over seeds, their standard deviation, paired 95% bootstrap interval over
contents), and the recipe against the recipe without each reward, over the seeds that both have.
"""

from __future__ import annotations

import argparse
import json
import statistics
from pathlib import Path

from vqathinker.markdown import markdown_table

from ..common.atomic import atomic_write
from ..common.io import read_jsonl, read_manifest
from ..evaluate.lines import write_json
from .metrics import DRAWS, STUDY_METRICS, Metric, difference, value_of
from .names import FULL_RECIPE, RUN_NAME, START

SHORT = {
    "reward_human": "reward, human",
    "reward_pseudo": "reward, pseudo",
    "srcc_biq_test": "SRCC BIQ test",
    "srcc_clive": "SRCC LIVE-C",
    "srcc_avt": "SRCC AVT",
    "srcc_pseudo": "SRCC pseudo",
    "order": "order",
    "preference_expected": "ordered preferred",
    "well_formed": "well-formed",
    "spread": "spread",
}
"""Metrics of the tables with one line a checkpoint."""

Runs = dict[str, dict[str, list[Metric]]]
"""Metric -> kind of run -> its checkpoints in the order of their seeds."""


def read_runs(folder: Path) -> dict[str, list[dict]]:
    """Name -> lines of every checkpoint of a study. Raises ValueError when they are not about the same samples."""
    runs = {path.stem: read_jsonl(path) for path in sorted(folder.glob("*.jsonl"))}
    if START not in runs:
        raise ValueError(f"{folder} has no {START}.jsonl to compare with")
    samples = samples_of(runs[START])
    for name, lines in runs.items():
        if not RUN_NAME.fullmatch(name):
            raise ValueError(
                f"{folder / name}.jsonl: expected {START}, {FULL_RECIPE}-seedN or no-REWARD-seedN as its name"
            )
        if samples_of(lines) != samples:
            raise ValueError(f"{folder / name}.jsonl is about other samples than {START}.jsonl")
    return runs


def samples_of(lines: list[dict]) -> list[tuple[str, bool]]:
    """What was measured: each sample, and whether it was shown in disorder too."""
    return [(line["id"], "modes" in line) for line in lines]


def kind_of(name: str) -> str:
    return RUN_NAME.fullmatch(name)["kind"]


def seed_of(name: str) -> int:
    return int(RUN_NAME.fullmatch(name)["seed"] or 0)


def make_study(runs: dict[str, list[dict]]) -> dict:
    """The numbers of study.json."""
    metrics = {key: {name: build(lines) for name, lines in runs.items()} for key, (_, build) in STUDY_METRICS.items()}
    names = sorted(
        runs, key=lambda name: (kind_of(name) != START, kind_of(name) != FULL_RECIPE, kind_of(name), seed_of(name))
    )
    full = [name for name in names if kind_of(name) == FULL_RECIPE]
    removed = sorted({kind_of(name) for name in names} - {START, FULL_RECIPE})
    return {
        "samples": len(runs[START]),
        "draws": DRAWS,
        "titles": {key: title for key, (title, _) in STUDY_METRICS.items()},
        "checkpoints": {name: {key: value_of([metrics[key][name]]) for key in STUDY_METRICS} for name in names},
        "against_start": {
            name: {key: difference([metrics[key][name]], [metrics[key][START]]) for key in STUDY_METRICS}
            for name in names
            if name != START
        },
        "recipe": {key: recipe(metrics[key], full) for key in STUDY_METRICS} if full else {},
        "ablation": {kind: ablation(metrics, full, [n for n in names if kind_of(n) == kind]) for kind in removed},
    }


def recipe(metrics: dict[str, Metric], full: list[str]) -> dict:
    """One metric of the full recipe: start, mean and deviation over seeds, difference to the start."""
    values = [value_of([metrics[name]]) for name in full]
    known = [value for value in values if value is not None]
    return {
        "start": value_of([metrics[START]]),
        "mean": statistics.fmean(known) if known else None,
        "deviation": statistics.stdev(known) if len(known) > 1 else None,
        "seeds": len(full),
        "difference": difference([metrics[name] for name in full], [metrics[START]]),
    }


def ablation(metrics: dict[str, dict[str, Metric]], full: list[str], without: list[str]) -> dict:
    """What a reward buys: the full recipe minus the recipe without it, over the seeds that both have."""
    both = {seed_of(name) for name in full} & {seed_of(name) for name in without}
    first = [name for name in full if seed_of(name) in both]
    second = [name for name in without if seed_of(name) in both]
    if not both:
        return {"seeds": 0, "metrics": {}}
    bought = {key: difference([m[n] for n in first], [m[n] for n in second]) for key, m in metrics.items()}
    return {"seeds": len(both), "metrics": bought}


def number_or_dash(value: float | None, digits: int = 3) -> str:
    return "–" if value is None else f"{value:.{digits}f}"


def signed_interval(entry: dict) -> str:
    """ "+0.012 [-0.003, +0.027]", in bold where the interval leaves 0 out."""
    if entry["value"] is None:
        return "–"
    value, low, high = (round(entry[key], 3) + 0.0 for key in ("value", "low", "high"))
    text = f"{value:+.3f} [{low:+.3f}, {high:+.3f}]"
    return f"**{text}**" if entry["low"] > 0 or entry["high"] < 0 else text


def recipe_table(study: dict) -> str:
    """Metrics down, start and recipe across; empty without a run of the full recipe."""
    rows = []
    for key, entry in study["recipe"].items():
        deviation = "" if entry["deviation"] is None else f" ± {number_or_dash(entry['deviation'])}"
        rows.append(
            [
                study["titles"][key],
                number_or_dash(entry["start"]),
                number_or_dash(entry["mean"]) + deviation,
                signed_interval(entry["difference"]),
            ]
        )
    seeds = next(iter(study["recipe"].values()))["seeds"] if rows else 0
    title = "GRPO" if seeds == 1 else f"GRPO, mean ± deviation of {seeds} seeds"
    return markdown_table(["", "start", title, "difference, paired 95% interval"], rows) if rows else ""


def study_columns(study: dict) -> dict[str, str]:
    """Those of `SHORT` that a study has: an older one lacks what was not measured then."""
    return {key: title for key, title in SHORT.items() if key in study["titles"]}


def checkpoint_table(study: dict) -> str:
    """A line for each checkpoint."""
    shown = study_columns(study)
    rows = [[name, *(number_or_dash(values[key]) for key in shown)] for name, values in study["checkpoints"].items()]
    return markdown_table(["checkpoint", *shown.values()], rows)


def ablation_table(study: dict) -> str:
    """A line for each removed reward: the full recipe minus the one without it; empty without any."""
    shown = study_columns(study)
    rows = [
        [kind.removeprefix("no-"), *(signed_interval(entry["metrics"][key]) for key in shown), str(entry["seeds"])]
        for kind, entry in study["ablation"].items()
        if entry["seeds"]
    ]
    return markdown_table(["reward removed", *shown.values(), "seeds"], rows) if rows else ""


def study_markdown(study: dict) -> str:
    """study.md."""
    parts = [
        f"{study['samples']} held-out samples; differences are paired, with 95% bootstrap intervals "
        f"({study['draws']} draws) over contents, in bold where the interval leaves 0 out. They do not hold "
        "the chance of training, which the deviation over seeds shows.",
        checkpoint_table(study),
    ]
    if study["recipe"]:
        parts += ["The recipe against its own supervised start:", recipe_table(study)]
    if ablated := ablation_table(study):
        parts += ["What each reward buys: the full recipe minus the recipe without it.", ablated]
    return "\n\n".join(parts) + "\n"


def write_study(folder: Path) -> dict:
    """study.json and study.md of a folder; the numbers."""
    study = make_study(read_runs(folder))
    write_json(folder / "study.json", study)
    (folder / "study.md").write_text(study_markdown(study))
    return study


def write_measurement(args: argparse.Namespace) -> None:
    from ..common.start import load_start
    from ..evaluate.stored import make_views, measure_answers

    if not RUN_NAME.fullmatch(args.name):
        raise ValueError(f"--name {args.name}: expected {START}, {FULL_RECIPE}-seedN or no-REWARD-seedN")
    rows = [row for row in read_manifest(args.built) if row["split"] in ("val", "test")]
    loaded, features = load_start(args.model), args.features or args.study / "features"
    views = make_views(rows, args.data, args.built, features, loaded, args.clips, jobs=args.jobs)
    for key, reason in views.store.bad.items():
        print(f"left out: {key}: {reason}")
    lines = measure_answers(loaded, views, args.rollouts, args.seed)
    args.study.mkdir(parents=True, exist_ok=True)
    target = args.study / f"{args.name}.jsonl"
    with atomic_write(target) as partial:
        partial.write_text("".join(json.dumps(line) + "\n" for line in lines))
    print(f"{len(lines)} samples measured: {target}")

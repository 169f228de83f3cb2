"""Which pictures can be drawn from the files of a run, and drawing them; the command is plots.py."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from matplotlib.figure import Figure

from ..common.io import read_first, read_log
from . import plots_results, plots_training
from .plots_style import save


def read_json(path: Path) -> dict:
    return json.loads(path.read_text()) if path.exists() else {}


def figures(evaluation: Path, runs: list[Path]) -> dict[str, Callable[[], Figure | None]]:
    """File name -> what draws it; None where there is nothing to draw."""
    result = read_json(evaluation / "evaluation.json")
    predictions = read_first([evaluation], "predictions.jsonl")
    sft, grpo = read_log(runs, "log.jsonl"), read_log(runs, "grpo_log.jsonl")
    study = next((found for run in runs if (found := read_json(run / "study.json"))), {})
    return {
        "sft_loss": lambda: plots_training.losses(sft),
        "sft_validation": lambda: plots_training.learned(sft),
        "grpo_rewards": lambda: plots_training.rewards(grpo),
        "grpo_health": lambda: plots_training.health(grpo),
        "grpo_validation": lambda: plots_training.grpo_validation(grpo),
        "agreement": lambda: plots_results.scatter(result, predictions),
        "order": lambda: plots_results.order(result),
        "preference": lambda: plots_results.preference(result),
        "calibration": lambda: plots_results.calibration(result),
        "defects": lambda: plots_results.defects(result),
        "ablation": lambda: plots_results.ablation(study),
    }


def draw_all(evaluation: Path, runs: list[Path], out: Path, report: Callable[[str], None] = print) -> list[Path]:
    """Draw what can be drawn; the files."""
    written = []
    for name, draw in figures(evaluation, runs).items():
        figure = draw()
        if figure is None:
            report(f"{name}: no numbers for it, left out")
        else:
            written.append(save(figure, out / f"{name}.png"))
    return written

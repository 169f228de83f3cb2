"""Plots of a run and of its evaluation, as PNG files of README width.

    python -m training.report.plots EVAL_DIR RUN_DIR [RUN_DIR …] OUT_DIR

EVAL_DIR holds evaluation.json and predictions.jsonl of `training.evaluate`; a RUN_DIR holds log.jsonl of
`training.sft`, grpo_log.jsonl of `training.grpo` or study.json of `training.study`. A plot whose numbers are not there
is left out and named. The title of each says what it answers.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from vqathinker.bundled import EVALUATION_FILE

from ..common.cli import ends_in_a_sentence
from ..common.io import read_first, read_log

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def read_json(path: Path) -> dict:
    return json.loads(path.read_text()) if path.exists() else {}


def plot_makers(evaluation: Path, runs: list[Path]) -> dict[str, Callable[[], Figure | None]]:
    """File name -> what draws it; None where there is nothing to draw."""
    from . import plots_results, plots_training  # matplotlib, only once there is something to do

    result = read_json(evaluation / EVALUATION_FILE)
    predictions = read_first([evaluation], "predictions.jsonl")
    sft, grpo = read_log(runs, "log.jsonl"), read_log(runs, "grpo_log.jsonl")
    study = next((found for run in runs if (found := read_json(run / "study.json"))), {})
    return {
        "sft_loss": lambda: plots_training.plot_losses(sft),
        "sft_validation": lambda: plots_training.plot_learned(sft),
        "grpo_rewards": lambda: plots_training.plot_rewards(grpo),
        "grpo_health": lambda: plots_training.plot_health(grpo),
        "grpo_validation": lambda: plots_training.plot_grpo_validation(grpo),
        "agreement": lambda: plots_results.plot_scatter(result, predictions),
        "order": lambda: plots_results.plot_order(result),
        "preference": lambda: plots_results.plot_preference(result),
        "calibration": lambda: plots_results.plot_calibration(result),
        "defects": lambda: plots_results.plot_defects(result),
        "ablation": lambda: plots_results.plot_ablation(study),
    }


def draw_all(evaluation: Path, runs: list[Path], out: Path, report: Callable[[str], None] = print) -> list[Path]:
    """Draw what can be drawn; the files."""
    from .plots_style import save

    written = []
    for name, draw in plot_makers(evaluation, runs).items():
        figure = draw()
        if figure is None:
            report(f"{name}: no numbers for it, left out")
        else:
            written.append(save(figure, out / f"{name}.png"))
    return written


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m training.report.plots", description="Plots of runs and of their evaluation."
    )
    parser.add_argument("evaluation", type=Path, help="folder that training.evaluate wrote")
    parser.add_argument("runs", type=Path, nargs="+", help="folders with log.jsonl, grpo_log.jsonl or study.json")
    parser.add_argument("out", type=Path, help="folder for the pictures")
    args = parser.parse_args(argv)
    with ends_in_a_sentence("report.plots"):
        drawn = draw_all(args.evaluation, args.runs, args.out)
        if not drawn:
            folders = ", ".join(map(str, [args.evaluation, *args.runs]))
            raise ValueError(f"nothing to draw: there is no log, study or evaluation in {folders}")
        print(*drawn, sep="\n")


if __name__ == "__main__":
    main()

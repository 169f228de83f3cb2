"""Plots of a run and of its evaluation, as PNG files of README width.

    python -m training.report.plots EVAL_DIR RUN_DIR [RUN_DIR …] OUT_DIR

EVAL_DIR holds evaluation.json and predictions.jsonl of `training.evaluate`; a RUN_DIR holds log.jsonl of
`training.sft`, grpo_log.jsonl of `training.grpo` or study.json of `training.study`. A plot whose numbers are not there
is left out and named. The title of each says what it answers.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from ..common.cli import ends_in_a_sentence


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m training.report.plots", description="Plots of runs and of their evaluation."
    )
    parser.add_argument("evaluation", type=Path, help="folder that training.evaluate wrote")
    parser.add_argument("runs", type=Path, nargs="+", help="folders with log.jsonl, grpo_log.jsonl or study.json")
    parser.add_argument("out", type=Path, help="folder for the pictures")
    args = parser.parse_args(argv)
    with ends_in_a_sentence("report.plots"):
        from .draw import draw_all  # matplotlib, only once there is something to do

        drawn = draw_all(args.evaluation, args.runs, args.out)
        if not drawn:
            folders = ", ".join(map(str, [args.evaluation, *args.runs]))
            raise ValueError(f"nothing to draw: there is no log, study or evaluation in {folders}")
        print(*drawn, sep="\n")


if __name__ == "__main__":
    main()

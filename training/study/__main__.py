"""`python -m training.study`: what it does stands in run.py."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from ..common.cli import add_data, add_jobs, ends_in_a_sentence


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m training.study", description="Compare checkpoints of one supervised start."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    measure = commands.add_parser("measure", help="measure one checkpoint")
    measure.add_argument("study", type=Path, help="folder of the study")
    add_data(measure)
    measure.add_argument("--model", required=True, help="bundled name or folder of the checkpoint")
    measure.add_argument("--name", required=True, help="start, grpo-seed0, no-ranking-seed0, …")
    measure.add_argument("--features", type=Path, help="default: STUDY_DIR/features")
    measure.add_argument("--clips", type=int, default=110, help="clips that are also shown in disorder")
    measure.add_argument("--rollouts", type=int, default=8, help="sampled answers for each sample")
    measure.add_argument("--seed", type=int, default=0, help="of the sampled answers")
    add_jobs(measure)
    told = commands.add_parser("table", help="write study.json and study.md from what was measured")
    told.add_argument("study", type=Path, help="folder of the study")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> None:
    args = parse_args(argv)
    with ends_in_a_sentence("study"):
        from .run import study_markdown, write_measurement, write_study  # torch, only once there is something to do

        if args.command == "measure":
            write_measurement(args)
        else:
            print(study_markdown(write_study(args.study)))


if __name__ == "__main__":
    main()

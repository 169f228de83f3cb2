"""`python -m training.evaluate`: what it does stands in run.py."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from vqathinker import cli

from ..common.cli import add_data, add_jobs, ends_in_a_sentence

EVALUATION_PARTS = ("agreement", "preference", "calibration")


def parts_list(text: str) -> list[str]:
    parts = text.split(",")
    if unknown := [part for part in parts if part not in EVALUATION_PARTS]:
        raise argparse.ArgumentTypeError(f"unknown part {unknown[0]!r}; parts are {', '.join(EVALUATION_PARTS)}")
    return [part for part in EVALUATION_PARTS if part in parts]


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m training.evaluate", description="Measure a checkpoint on the validation contents."
    )
    add_data(parser)
    parser.add_argument("out", type=Path, help="folder for evaluation.json and the lines behind it")
    parser.add_argument("--model", default="tiny", help="bundled name or folder of the checkpoint")
    parser.add_argument(
        "--parts", type=parts_list, default=list(EVALUATION_PARTS), help=f"default: {','.join(EVALUATION_PARTS)}"
    )
    parser.add_argument(
        "--split",
        default="held_out",
        choices=("train", "val", "test", "held_out"),
        help="default: held_out, the validation contents and the official test split of BIQ2021",
    )
    parser.add_argument("--limit", type=int, help="look at only that many samples, evenly chosen")
    parser.add_argument("--preference-clips", type=int, help="clips rated in seven orders")
    parser.add_argument("--rollouts", type=int, help="sampled answers for each sample")
    parser.add_argument("--pseudo", type=int, help="pseudo-labelled samples to sample of")
    parser.add_argument("--seed", type=int, default=0, help="of perturbations and sampled answers")
    add_jobs(parser)
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> None:
    argv = sys.argv[1:] if argv is None else argv
    if any(argument.split("=")[0] == "--videos" for argument in argv):
        raise SystemExit(cli.main(["evaluate", *argv]))
    args = parse_args(argv)
    with ends_in_a_sentence("evaluate"):
        from .run import headline, run_evaluation  # torch, only once there is something to do

        print(headline(run_evaluation(args)))


if __name__ == "__main__":
    main()

"""The model card and the table in the README, written from what was measured.

    python -m training.report.card EVALUATION_DIR BUILT_DIR [--checkpoint DIR] [--readme README.md] --run RUN_DIR

EVALUATION_DIR/evaluation.json comes from `training.evaluate`, BUILT_DIR/manifest.jsonl from `training.data.build`, the
logs in --run from `training.sft` and `training.grpo`, study.json in it from `training.study`. The card becomes
CHECKPOINT/README.md with evaluation.json beside it; in README.md the text between the two markers is replaced. No
number is typed by hand, and what was not measured is left out.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from ..common.cli import ends_in_a_sentence


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m training.report.card",
        description="Write the model card and the README's table from measurements.",
    )
    parser.add_argument("evaluation", type=Path, help="folder that training.evaluate wrote")
    parser.add_argument("built", type=Path, help="folder that training.data.build wrote")
    parser.add_argument(
        "--checkpoint", type=Path, default=Path("vqathinker/checkpoints/tiny"), help="its README.md is the card"
    )
    parser.add_argument("--readme", type=Path, default=Path("README.md"), help="the file with the table")
    parser.add_argument("--run", type=Path, required=True, help="the run that made the checkpoint: its log")
    args = parser.parse_args(argv)
    with ends_in_a_sentence("report.card"):
        from ..common.markdown import replace_between
        from .card_tables import accuracy
        from .model_card import MARKERS, write_card

        result = write_card(args.evaluation, args.built, args.checkpoint, args.run)
        replace_between(args.readme, MARKERS, accuracy(result))


if __name__ == "__main__":
    main()

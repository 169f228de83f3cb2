"""`python -m training.imitation`: what it does stands in run.py."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from ..common.cli import ends_in_a_sentence


def main(argv: Sequence[str] | None = None) -> None:
    description = "Teach a model answers that were written before: adapters in its language model."
    parser = argparse.ArgumentParser(prog="python -m training.imitation", description=description)
    parser.add_argument("answers", type=Path, help='JSON lines: {"video": "a.mp4", "text": "<think>…</answer>"}')
    parser.add_argument("--videos", type=Path, required=True, help="folder of the videos that the answers are about")
    parser.add_argument("--start", default="tiny", help="bundled name, folder, hub id or SCORER@FOLDER (default: tiny)")
    parser.add_argument("--out", type=Path, required=True, help="the checkpoint, with its adapters beside it")
    parser.add_argument("--steps", type=int, default=200, help="updates (default: 200)")
    parser.add_argument("--answers-per-step", type=int, default=8, help="answers of one update (default: 8)")
    parser.add_argument("--learning-rate", type=float, default=1e-4, help="at its highest (default: 1e-4)")
    parser.add_argument("--rank", type=int, default=16, help="of the adapters (default: 16)")
    parser.add_argument("--alpha", type=int, default=32, help="of the adapters (default: 32)")
    parser.add_argument("--seed", type=int, default=0, help="of the order of the answers (default: 0)")
    args = parser.parse_args(argv)
    with ends_in_a_sentence("imitation"):
        from ..policy.lora import LoraSettings  # torch, only once there is something to do
        from .run import ImitationSettings, imitate, read_examples

        plan = ImitationSettings(
            args.steps, args.answers_per_step, args.learning_rate, LoraSettings(args.rank, args.alpha), args.seed
        )
        imitate(read_examples(args.answers, args.videos), args.start, args.out, plan)


if __name__ == "__main__":
    sys.exit(main())

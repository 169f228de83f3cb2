"""`python -m training.grpo`: what it does stands in train.py."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ..common.cli import add_jobs, ends_in_a_sentence


def arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m training.grpo", description="GRPO from a supervised start.")
    parser.add_argument("folders", type=Path, nargs="+", help="DATA_DIR BUILT_DIR RUN_DIR, or RUN_DIR with --labels")
    parser.add_argument("--labels", type=Path, help="training labels, such as the official LSVQ JSONL")
    parser.add_argument("--validation-labels", type=Path, help="validation labels")
    parser.add_argument("--videos", type=Path, help="folder of the videos that the labels name")
    parser.add_argument("--config", type=Path, default=Path("training/configs/tiny_grpo.yaml"), help="settings")
    # torchrun takes --start for its own --start-method, so it has a second name.
    parser.add_argument(
        "--start", "--start-from", default="tiny", help="bundled name, folder (official layout or ours) or hub id"
    )
    parser.add_argument("--out", type=Path, required=True, help="the checkpoint")
    parser.add_argument("--features", type=Path, help="folder of features that several runs share")
    parser.add_argument("--seed", type=int, help="instead of the configuration's")
    parser.add_argument("--trackio", metavar="PROJECT", help="follow the run in trackio (pip install trackio), too")
    parser.add_argument("--drop-reward", metavar="NAME", help="leave one reward out: its name in the log, or temporal")
    add_jobs(parser)
    args = parser.parse_args(argv)
    wanted = 1 if args.labels else 3
    if len(args.folders) != wanted:
        parser.error("expected RUN_DIR with --labels" if args.labels else "expected DATA_DIR BUILT_DIR RUN_DIR")
    if args.labels and not args.videos:
        parser.error("--labels needs --videos")
    return args


def main(argv: Sequence[str] | None = None) -> None:
    args = arguments(argv)
    with ends_in_a_sentence("grpo"):
        from ..data.datasets import read_items  # torch, only once there is something to do
        from .config import load_grpo_settings
        from .setup import read_splits
        from .train import run_grpo

        settings = load_grpo_settings(args.config)
        settings = settings if args.seed is None else replace(settings, seed=args.seed)
        settings = settings.without(args.drop_reward) if args.drop_reward else settings
        settings = replace(settings, trackio=args.trackio) if args.trackio else settings
        if args.labels:
            items = read_items(args.labels, args.videos)
            held_out = read_items(args.validation_labels, args.videos) if args.validation_labels else []
        else:
            items, held_out = read_splits(*args.folders[:2])
        where = (args.folders[-1], args.start, args.out, settings)
        run_grpo(items, held_out, *where, features=args.features, jobs=args.jobs)


if __name__ == "__main__":
    sys.exit(main())

"""`python -m training.sft`: what it does stands in train.py."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from ..common.cli import add_data, add_jobs, ends_in_a_sentence


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m training.sft", description="Supervised start of the tiny model.")
    add_data(parser)
    parser.add_argument("run", type=Path, help="folder for cache, log and resume states")
    parser.add_argument("--config", type=Path, default=Path("training/configs/tiny_sft.yaml"), help="settings")
    parser.add_argument("--out", type=Path, default=Path("vqathinker/checkpoints/tiny"), help="the checkpoint")
    add_jobs(parser)
    args = parser.parse_args(argv)
    with ends_in_a_sentence("sft"):
        from ..common.io import locked, require_data  # torch, only once there is something to do
        from .config import load_sft_settings
        from .train import run_sft

        settings = load_sft_settings(args.config)
        require_data(args.data)
        with locked(args.run):
            run_sft(args.data, args.built, args.run, args.out, settings, args.jobs)


if __name__ == "__main__":
    main()

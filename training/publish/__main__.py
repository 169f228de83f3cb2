"""`python -m training.publish`: what it does stands in run.py."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from ..common.cli import ends_in_a_sentence


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m training.publish",
        description="Put a trained checkpoint, or the Space that shows it, on the hub: checked first, in one commit.",
    )
    parser.add_argument("checkpoint", type=Path, help="folder with config.json, weights, tokenizer and README.md")
    parser.add_argument("repository", metavar="OWNER/NAME", help="where it goes on the hub")
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument("--model", dest="kind", action="store_const", const="model", help="a model repository (default)")
    kind.add_argument("--space", dest="kind", action="store_const", const="space", help="the Space with the demo")
    parser.add_argument("--run", type=Path, help="log, settings and evaluation of the run, sent along with the model")
    text = "a Space takes the tested torch from this package index, such as that of PyTorch's CPU builds"
    parser.add_argument("--torch-index", metavar="ADDRESS", help=text)
    parser.add_argument("--private", action="store_true", help="a new repository is visible to its owner only")
    parser.add_argument("--message", default="Publish with training.publish", help="commit message")
    parser.add_argument("--dry-run", action="store_true", help="check everything and list it, send nothing")
    parser.set_defaults(kind="model")
    args = parser.parse_args(argv)
    if args.run and args.kind == "space":
        parser.error("--run belongs to a model repository")
    if args.torch_index and args.kind == "model":
        parser.error("--torch-index belongs to a Space")
    return args


def main(argv: Sequence[str] | None = None) -> None:
    args = parse_args(argv)
    with ends_in_a_sentence("publish"):
        from .run import publish  # the hub's library and torch, only once there is something to do

        publish(args)


if __name__ == "__main__":
    main()

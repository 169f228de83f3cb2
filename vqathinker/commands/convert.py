"""`convert OFFICIAL_DIR OUT_DIR`: a checkpoint as its authors released it, in our layout."""

from __future__ import annotations

import argparse

from .common import DONE, complain


def run_convert(args: argparse.Namespace) -> int:
    from ..model.convert import convert_folder

    count, ignored = convert_folder(args.source, args.target, args.mode)
    for key, reason in ignored.items():
        complain(f"{key} is left out: {reason}")
    print(f"{args.target} holds the model now, in {count} {'shard' if count == 1 else 'shards'}")
    return DONE

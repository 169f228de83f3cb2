"""`serve`: the page."""

from __future__ import annotations

import argparse
from dataclasses import replace

from .common import USAGE, complain, extra_needed


def run_serve(args: argparse.Namespace) -> int:
    try:
        from ..space import Settings, launch
    except ModuleNotFoundError as error:
        return complain(extra_needed(error, "the page", "space"), USAGE)
    chosen = {"model": args.model, "precision": args.precision, "host": args.host, "port": args.port}
    if args.beside_model:
        chosen["beside_model"] = args.beside_model
    launch(replace(Settings.from_environment(), **chosen))

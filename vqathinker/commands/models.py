"""`models`: which models can rate, and what each can do."""

from __future__ import annotations

import argparse
import json

from .common import DONE


def run_models(args: argparse.Namespace) -> int:
    from dataclasses import asdict

    from ..scorers import SCORERS, scorer_table

    print("\n".join(json.dumps(asdict(one)) for one in SCORERS.values()) if args.json else scorer_table())
    return DONE

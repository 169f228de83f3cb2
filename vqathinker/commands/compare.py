"""`compare A B`: which is better, and how probable that is."""

from __future__ import annotations

import argparse
import json

from .common import DONE, open_rater


def run_compare(args: argparse.Namespace) -> int:
    comparison = open_rater(args, [args.first, args.second]).compare(args.first, args.second, args.rollouts)
    result = comparison.to_dict()
    result["first"]["file"], result["second"]["file"] = args.first, args.second
    if args.json:
        print(json.dumps(result))
        return DONE
    for letter, file, rating in (("A", args.first, comparison.first), ("B", args.second, comparison.second)):
        spread = "" if rating.spread is None else f"  spread {rating.spread:.2f}"
        print(f"{letter}  {rating.score:.2f}{spread}  {file}\n   {rating.reasoning}")
    print(f"A is better with a probability of {result['probability_first_better']:.0%}")
    return DONE

"""`compare A B`: which is better, and how probable that is; or what two models say of one."""

from __future__ import annotations

import argparse
import json
from contextlib import closing

from .common import DONE, USAGE, complain, open_rater, tell_unlike


def run_compare(args: argparse.Namespace) -> int:
    if (args.second is None) != (args.beside_model is not None):
        return complain("compare takes two videos, or one video and --beside-model", USAGE)
    if args.beside_model:
        return run_compare_models(args)
    with closing(open_rater(args, [args.first, args.second])) as rater:
        comparison = rater.compare(args.first, args.second, args.rollouts)
    result = comparison.to_dict()
    result["first"]["file"], result["second"]["file"] = args.first, args.second
    if args.json:
        print(json.dumps(result))
        return DONE
    for letter, file, rating in (("A", args.first, comparison.first), ("B", args.second, comparison.second)):
        spread = "" if rating.spread is None else f"  spread {rating.spread:.2f}"
        print(f"{letter}  {rating.score:.2f}{spread}  {file}\n   {rating.reasoning}")
        tell_unlike(rating, "   ")
    print(f"A is better with a probability of {result['probability_first_better']:.0%}")
    return DONE


def run_compare_models(args: argparse.Namespace) -> int:
    """One video, two models, one after the other: memory holds one at a time."""
    ratings = []
    for model in (args.model, args.beside_model):
        args.model = model
        with closing(open_rater(args, [args.first])) as rater:
            ratings.append(rater.rate(args.first))
    from ..rating import ModelComparison

    comparison = ModelComparison(*ratings)
    if args.json:
        print(json.dumps(comparison.to_dict() | {"file": args.first}))
        return DONE
    for rating in ratings:
        print(f"{rating.score:.2f}  {rating.model} ({rating.precision})\n   {rating.reasoning}")
    difference = comparison.difference
    print(f"the second model gives {abs(difference):.2f} {'more' if difference >= 0 else 'less'} than the first")
    return DONE

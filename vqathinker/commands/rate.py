"""`rate FILE…`: the reasoning as it is written, the score and the defects, or JSON."""

from __future__ import annotations

import argparse
import json
from contextlib import closing

from ..answer import reasoning_so_far
from ..errors import VideoError
from ..rating.events import Rated, Watched, Wrote
from ..rating.words import score_word
from .common import DONE, NOT_RATED, complain, open_rater, tell_unlike


def run_rate(args: argparse.Namespace) -> int:
    code = DONE
    try:
        rater = open_rater(args, args.files if len(args.files) == 1 else ())
    except VideoError as error:
        return say_not_rated(args.files[0], error, args.json)
    with closing(rater):
        if len(args.files) == 1:
            rater.close()  # no other file will come, and a process that waits takes memory
        for file in args.files:
            try:
                if args.json:
                    print(json.dumps(rater.rate(file, args.rollouts).to_dict() | {"file": file}), flush=True)
                else:
                    rate_aloud(rater, file, args.rollouts)
            except VideoError as error:
                code = say_not_rated(file, error, args.json)
    return code


def say_not_rated(file: str, error: VideoError, as_json: bool) -> int:
    """One line on stderr, and one of JSON where the ratings are JSON."""
    if as_json:
        print(json.dumps({"file": file, "error": str(error)}), flush=True)
    return complain(error, NOT_RATED)


def rate_aloud(rater, file: str, rollouts: int) -> None:
    """Print the reasoning while it is written, then the score, its word and the defects."""
    shown = 0
    for event in rater.watch(file, rollouts):
        if isinstance(event, Watched):
            print(f"{file}\n  ", end="", flush=True)
        elif isinstance(event, Wrote):
            thought = reasoning_so_far(event.text)
            print(thought[shown:], end="", flush=True)
            shown = len(thought)
        elif isinstance(event, Rated):
            rating = event.rating
            print(f"\n\n  {rating.score:.2f}  {score_word(rating.score)}   ({beside_score(rating)})")
            print("  " + (", ".join(f"{d.name}: {d.severity}" for d in rating.defects) or "no defects named"))
            tell_unlike(rating, "  ")
            if rating.notes:
                print("  " + "; ".join(rating.notes))
            if rating.spread is not None:
                print(f"  {len(rating.rollouts)} sampled answers: spread {rating.spread:.2f}")
            spent = rating.timings
            print(f"  decoded in {spent.decode_s:.1f} s, rated after {spent.total_s:.1f} s\n", flush=True)


def beside_score(rating) -> str:
    """How far the score may be off, where that is known, and what the model would have said otherwise."""
    other = f"greedy {rating.greedy:.2f}, expected {rating.expected:.2f}"
    if rating.interval is None:
        return other
    low, high = rating.interval
    return f"90 % interval {low:.2f} to {high:.2f}, {other}"

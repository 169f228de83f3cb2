"""What all commands need: exit codes, one line for what went wrong, and the model."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from functools import partial

from ..errors import VQAThinkerError
from ..lean import be_lean, lean_imports
from ..protocols import DEFAULT_PROTOCOL
from ..rating.team import ALONE, Team

DONE, NOT_RATED, USAGE, INTERRUPTED = 0, 1, 2, 130
UNLIKE = "unlike what the model learned from ({:.2f} x the limit): take the score with care"


def tell_unlike(rating, indent: str) -> None:
    """A line where a rated file is unlike what the model learned from."""
    if rating.novelty and rating.novelty.unlike:
        print(indent + UNLIKE.format(rating.novelty.distance))


def open_rater(args: argparse.Namespace, files: Sequence[str] = (), team: Team = ALONE, begun: str | None = None):
    """Load the model, quietly; first a look at the heads of `files`, so that a bad one is told at once.

    Which precision was chosen is told on stderr, but not of the bundled model, which fits everywhere.
    """
    from ..video import Limits
    from ..video.guard import check_file

    for file in files:
        check_file(file, Limits())
    if args.model == "tiny" and args.precision in ("auto", "fp32"):
        be_lean()
    with lean_imports():
        from transformers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    rater = load_alike(args, team, begun)
    if rater.note and args.model != "tiny":
        complain(rater.note)
    return rater


def load_alike(args: argparse.Namespace, team: Team, begun: str | None):
    """The model in one precision for the whole team: that asked for, else that in which the run was begun, else what
    the first process chooses."""
    from .. import load_rater

    device = args.device or team.device
    placed = {"device": device} if device else {}
    if (protocol := getattr(args, "protocol", DEFAULT_PROTOCOL)) != DEFAULT_PROTOCOL:
        placed["protocol"] = protocol
    if args.precision != "auto":
        return load_rater(args.model, args.precision, **placed)
    if not team.leads:
        return load_rater(args.model, team.follow(), **placed)
    precision = begun or "auto"
    try:
        rater = load_rater(args.model, precision, **placed)
        precision = rater.precision
        return rater
    finally:  # when it failed, too: the others wait
        team.follow(precision)


def complain(reason: object, code: int = NOT_RATED) -> int:
    """One line on stderr; returns `code`."""
    print(f"vqathinker: {' '.join(str(reason).split())}", file=sys.stderr, flush=True)
    return code


def open_many(args: argparse.Namespace, team: Team = ALONE, begun: str | None = None):
    """What rates many files: the model in this process, or, with `--ray`, one whose work is done on a cluster, in the
    precision asked for, else that in which the run was begun, else what one of its workers chooses."""
    if not args.ray:
        if args.workers:
            raise VQAThinkerError("--workers needs --ray")
        return open_rater(args, team=team, begun=begun)
    from .. import load_rater

    try:
        from ..integrations.ray_data import RayRater
    except ModuleNotFoundError as error:
        raise VQAThinkerError(extra_needed(error, "--ray", "ray")) from error
    load = partial(load_rater, args.model, device=args.device, protocol=args.protocol)
    precision = begun or "auto" if args.precision == "auto" else args.precision
    shared = {"address": args.ray, "workers": args.workers, "precision": precision, "protocol": args.protocol}
    return RayRater(args.model, load, **shared)


def extra_needed(error: ModuleNotFoundError, what: str, extra: str) -> str:
    """The sentence about a package that is missing, and the extra that brings it; of ours, none may be missing."""
    if (error.name or "").partition(".")[0] == "vqathinker":
        raise error
    return f"{what} needs {error.name}, which is not installed: pip install 'vqathinker[{extra}]'"

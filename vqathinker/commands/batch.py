"""`batch PATH… --out TABLE`: many files, a row each."""

from __future__ import annotations

import argparse
import sys

from ..rating.team import ALONE, join_team
from .common import DONE, NOT_RATED, USAGE, complain, open_many


def run_batch(args: argparse.Namespace) -> int:
    from ..files import find_files
    from ..rating.file_list import with_lists_read

    files, failed, count, done = find_files(with_lists_read(args.paths)), 0, 0, 0
    if not files:
        return complain(f"no video or image files in {', '.join(args.paths)}", USAGE)
    from ..rating.begun import begun_in

    team = ALONE if args.ray else join_team()
    precision = None if args.precision == "auto" else args.precision
    known = (args.out, files, args.model, args.protocol, args.rollouts, precision)
    begun = team.follow(begun_in(*known) if team.leads else None)
    if begun.complete:
        if team.leads:
            print(f"0 rated, 0 failed, {len(files)} already in {args.out}", file=sys.stderr)
        return DONE
    from ..rating.batch import rate_batch

    rater, options = open_many(args, team, begun.precision), {"batch": args.batch, "jobs": args.jobs}
    for row in rate_batch(rater, files, args.out, args.rollouts, team=team, report=complain, **options):
        failed, count, done = failed + bool(row.error), row.count, row.number
        print(f"[{row.number}/{row.count}] {row.file}  {row.error or f'{row.score:.2f}'}", file=sys.stderr, flush=True)
    rest = (
        f"{len(files) - count} already in {args.out}" if team.size == 1 else f"process {team.rank + 1} of {team.size}"
    )
    print(f"{done - failed} rated, {failed} failed, {rest}", file=sys.stderr)
    failed = sum(team.gather([failed]))
    return NOT_RATED if failed and team.leads else DONE  # of a team the first process alone: a launcher ends the others

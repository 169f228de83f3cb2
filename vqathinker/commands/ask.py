"""`ask FILE QUESTION`: a reply as it is written, or JSON."""

from __future__ import annotations

import argparse
import json

from ..answer import answer_so_far
from ..rating.events import Replied, Wrote
from .common import DONE, open_rater


def run_ask(args: argparse.Namespace) -> int:
    from ..scorers import check_able

    check_able(args.model, "asks")
    rater, shown = open_rater(args, [args.file]), 0
    for event in rater.watch_asked(args.file, args.question):
        if isinstance(event, Wrote) and not args.json:
            answer = answer_so_far(event.text)
            print(answer[shown:], end="", flush=True)
            shown = max(shown, len(answer))
        elif isinstance(event, Replied):
            reply = event.reply
            print(json.dumps(reply.to_dict() | {"file": args.file}) if args.json else reply.answer[shown:])
    return DONE

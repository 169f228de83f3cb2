"""`timeline FILE`: the quality of a film over its time, as it is rated."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from ..files import clock
from ..rating.events import TimelineMade, WindowRated
from .common import DONE, INTERRUPTED, complain, open_rater


def add_timeline_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("file", metavar="FILE", help="a video")
    form = command.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="the whole timeline as one JSON object")
    form.add_argument("--csv", action="store_true", help="one row a window: start_s, end_s, score, low, high, defects")
    text = "seconds of a window, 0.5 to 60 (default: 2); a long film has at most 600, spread over it"
    command.add_argument("--window", type=float, default=2.0, metavar="S", help=text)
    text = "the part of a window that the next one shows again, 0 to 0.8 (default: 0.5)"
    command.add_argument("--overlap", type=float, default=0.5, metavar="PART", help=text)


def run_timeline(args: argparse.Namespace) -> int:
    """Ctrl-C ends it with the timeline of what was rated; a second one ends it at once."""
    from ..errors import VQAThinkerError
    from ..scorers import check_able
    from ..video import Limits
    from ..video.guard import check_file
    from ..video.windows import WindowSpec

    try:
        WindowSpec(args.window, args.overlap)
    except ValueError as error:
        raise VQAThinkerError(f"{error}.") from None
    check_file(args.file, Limits(), whole=False)
    check_able(args.model, "timeline")
    rater, cancel, timeline = open_rater(args), threading.Event(), None
    with interruptible(cancel):
        for event in rater.timeline_events(args.file, args.window, args.overlap, cancel, report=complain):
            if isinstance(event, TimelineMade):
                timeline = event.timeline
            elif isinstance(event, WindowRated):
                tell_window(event, aloud=not (args.json or args.csv))
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr, flush=True)
    if timeline is None:
        return complain("stopped", INTERRUPTED)
    if args.json:
        print(json.dumps(timeline.to_dict() | {"file": args.file}))
    elif args.csv:
        print(timeline.to_csv(), end="")
    else:
        tell_timeline(timeline)
    return INTERRUPTED if cancel.is_set() else DONE


@contextmanager
def interruptible(cancel: threading.Event) -> Iterator[None]:
    """The first Ctrl-C sets `cancel`, the next one does what it did before."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGINT)

    def once(*_) -> None:
        cancel.set()
        signal.signal(signal.SIGINT, before)

    signal.signal(signal.SIGINT, once)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def tell_window(event: WindowRated, aloud: bool) -> None:
    """A line for each window, or a counter on a terminal."""
    from ..rating import score_word

    window = event.window
    if aloud:
        named = ", ".join(f"{defect.name}: {defect.severity}" for defect in window.defects)
        when = f"{clock(window.start_s)} to {clock(window.end_s)}"
        print(f"{when:>20}  {window.score:.2f}  {score_word(window.score):9}  {named}".rstrip(), flush=True)
    elif sys.stderr.isatty():
        print(f"\r{event.number + 1}/{event.count}", end="", file=sys.stderr, flush=True)


def tell_timeline(timeline) -> None:
    """The score, the faults with their places, the worst moments, what was done to the file."""
    from ..rating import score_word
    from ..rating.faults import place_words

    between = ""
    if timeline.interval is not None:
        between = "   (90 % interval {:.2f} to {:.2f})".format(*timeline.interval)
    print(f"\n{timeline.file}  {timeline.score:.2f}  {score_word(timeline.score)}{between}")
    for fault in timeline.faults:
        when = f"{clock(fault.start_s)} to {clock(fault.end_s)}"
        where = f", {place_words(fault.where)}" if fault.where else ""
        print(f"{when:>20}  {fault.name}: {fault.severity}, sure {fault.confidence:.2f}{where}")
    worst = (timeline.windows[k] for k in timeline.worst())
    print("  worst at " + ", ".join(f"{clock(window.start_s)} ({window.score:.2f})" for window in worst))
    if timeline.notes:
        print("  " + "; ".join(timeline.notes))

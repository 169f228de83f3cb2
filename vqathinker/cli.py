"""The command line. Exit codes: 0 done, 1 a file cannot be rated, 2 bad usage, 130 stopped by Ctrl-C."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from .errors import VideoError, VQAThinkerError

DONE, NOT_RATED, USAGE, INTERRUPTED = 0, 1, 2, 130
PRECISIONS = ("auto", "fp32", "bf16", "int8", "nf4")
MODES = ("inference", "training")
SHOWN = 20
"""Unusable labels that are named on stderr; the report names all."""
DESCRIPTION = "Rates the quality of videos and still images from 1 (bad) to 5 (excellent), and says why."
EPILOG = "Exit codes: 0 done, 1 a file cannot be rated, 2 bad usage. Every command has its own --help."


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code, and prints one line on stderr for each thing that went wrong."""
    args = build_parser().parse_args(argv)
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    try:
        return args.run(args)
    except VideoError as error:
        return complain(error, NOT_RATED)
    except VQAThinkerError as error:
        return complain(error, USAGE)
    except KeyboardInterrupt:
        return complain("stopped", INTERRUPTED)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return NOT_RATED


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("vqathinker", description=DESCRIPTION, epilog=EPILOG)
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    model = argparse.ArgumentParser(add_help=False)
    model.add_argument("--model", default="tiny", help='"tiny" (bundled), "8b", a hub id or a folder (default: tiny)')
    model.add_argument("--precision", default="auto", choices=PRECISIONS, help="default: fp32 on a CPU, bf16 on a GPU")

    def command(name: str, run, text: str) -> argparse.ArgumentParser:
        made = commands.add_parser(name, parents=[model], help=text, description=text[0].upper() + text[1:] + ".")
        made.set_defaults(run=run)
        return made

    rate = command("rate", run_rate, "rate files and print the reasoning, the score and the defects")
    rate.add_argument("files", nargs="+", metavar="FILE", help="a video or a still image")
    rate.add_argument("--json", action="store_true", help="one JSON object a line, one line a file")
    rate.add_argument("--rollouts", type=whole_number, default=0, metavar="K", help="sample K more answers (spread)")

    compare = command("compare", run_compare, "tell which of two videos is better")
    compare.add_argument("first", metavar="A")
    compare.add_argument("second", metavar="B")
    compare.add_argument("--json", action="store_true", help="both ratings and the probability as one JSON object")
    compare.add_argument("--rollouts", type=at_least_two, default=8, metavar="K", help="answers a video (default: 8)")

    batch = command("batch", run_batch, "rate many files into a CSV table; go on where a stopped run was")
    batch.add_argument("paths", nargs="+", metavar="PATH", help="files, or folders to search for videos and images")
    batch.add_argument("--out", required=True, metavar="CSV", help="the table: one row a file, failed ones included")
    batch.add_argument("--rollouts", type=whole_number, default=0, metavar="K", help="sample K more answers (spread)")

    evaluate = command("evaluate", run_evaluate, "compare ratings with human scores: SRCC, PLCC, MAE")
    evaluate.add_argument("labels", metavar="LABELS", help='official JSON {"annotations": […]} or a CSV with file,mos')
    evaluate.add_argument("--videos", required=True, metavar="DIR", help="the folder that the labelled files are in")
    evaluate.add_argument("--out", metavar="JSON", help="write metrics and all ratings to this file")
    evaluate.add_argument(
        "--scale", nargs=2, type=float, metavar=("LOW", "HIGH"), help="of the labels, where it is not 1 5: mapped to it"
    )
    evaluate.add_argument("--seed", type=int, default=0, help="of the bootstrap (default: 0)")

    text = "write a checkpoint that its authors released in this package's layout"
    convert = commands.add_parser("convert", help=text, description=text[0].upper() + text[1:] + ".")
    convert.set_defaults(run=run_convert)
    convert.add_argument("source", metavar="OFFICIAL_DIR", help='a folder, a hub id or "8b"')
    convert.add_argument("target", metavar="OUT_DIR", help="an empty or new folder")
    convert.add_argument("--mode", default="inference", choices=MODES, help="12 large frames or 6 (default: inference)")

    serve = command("serve", run_serve, "open the demo page")
    serve.add_argument("--host", default="127.0.0.1", help="default: 127.0.0.1, this machine only")
    serve.add_argument("--port", type=port_number, default=None, help="default: 7860, or the next free one")
    return parser


def run_rate(args: argparse.Namespace) -> int:
    rater, code = open_rater(args, args.files if len(args.files) == 1 else ()), DONE
    for file in args.files:
        try:
            if args.json:
                print(json.dumps(rater.rate(file, args.rollouts).to_dict()), flush=True)
            else:
                rate_aloud(rater, file, args.rollouts)
        except VideoError as error:
            code = complain(error, NOT_RATED)
    return code


def rate_aloud(rater, file: str, rollouts: int) -> None:
    """Print the reasoning while it is written, then the score, its word and the defects."""
    from .rating import Rated, Watched, Wrote, score_word
    from .rating.thought import thought_so_far

    shown = 0
    for event in rater.watch(file, rollouts):
        if isinstance(event, Watched):
            print(f"{Path(file).name}\n  ", end="", flush=True)
        elif isinstance(event, Wrote):
            thought = thought_so_far(event.text)
            print(thought[shown:], end="", flush=True)
            shown = len(thought)
        elif isinstance(event, Rated):
            rating = event.rating
            print(f"\n\n  {rating.score:.2f}  {score_word(rating.score)}   (expected {rating.expected:.2f})")
            print("  " + (", ".join(f"{d.name}: {d.severity}" for d in rating.defects) or "no defects named"))
            if rating.spread is not None:
                print(f"  {len(rating.rollouts)} sampled answers: spread {rating.spread:.2f}")
            spent = rating.timings
            print(f"  decoded in {spent.decode_s:.1f} s, rated after {spent.total_s:.1f} s\n", flush=True)


def run_compare(args: argparse.Namespace) -> int:
    comparison = open_rater(args, [args.first, args.second]).compare(args.first, args.second, args.rollouts)
    result = comparison.to_dict()
    if args.json:
        print(json.dumps(result))
        return DONE
    for letter, rating in zip("AB", (comparison.first, comparison.second), strict=True):
        print(f"{letter}  {rating.score:.2f}  spread {rating.spread:.2f}  {rating.file}\n   {rating.reasoning}")
    print(f"A is better with a probability of {result['probability_first_better']:.0%}")
    return DONE


def run_batch(args: argparse.Namespace) -> int:
    from .files import find_files

    files, failed, count = find_files(args.paths), 0, 0
    if not files:
        return complain(f"no video or image files in {', '.join(args.paths)}", USAGE)
    from .rating.batch import rate_batch

    for row in rate_batch(open_rater(args), files, args.out, args.rollouts):
        failed, count = failed + bool(row.error), row.number
        print(f"[{row.number}/{row.count}] {row.file}  {row.error or f'{row.score:.2f}'}", file=sys.stderr, flush=True)
    print(f"{count - failed} rated, {failed} failed, {len(files) - count} already in {args.out}", file=sys.stderr)
    return DONE


def run_evaluate(args: argparse.Namespace) -> int:
    from .rating import evaluation
    from .rating.labels import read_labels

    labels = read_labels(args.labels)
    if args.scale:
        labels = labels.on_scale(*args.scale)
    if not Path(args.videos).is_dir():
        return complain(f"{args.videos} is not a folder", USAGE)
    for problem in labels.problems[:SHOWN]:
        complain(f"{args.labels}, {problem}")
    if len(labels.problems) > SHOWN:
        complain(f"{args.labels}: {len(labels.problems) - SHOWN} more entries are left out")
    compared = []
    for one in evaluation.evaluate(open_rater(args), labels, args.videos):
        compared.append(one)
        if sys.stderr.isatty():
            print(f"\r{len(compared)}/{len(labels.entries)}", end="", file=sys.stderr, flush=True)
        if one.error:
            complain(f"{one.file} is left out: {one.error}")
    measured = evaluation.report(compared, labels, args.seed)
    result = {"labels": args.labels, "model": args.model, "scale": args.scale, **measured}
    print_metrics(result)
    if args.out:
        write_report(Path(args.out), result)
    return DONE if result["rated"] else NOT_RATED


def print_metrics(result: dict) -> None:
    def cell(interval: dict) -> str:
        value, low, high = (interval[key] for key in ("value", "low", "high"))
        bounds = "" if low is None else f" [{low:.3f}, {high:.3f}]"
        return f"{'undefined' if value is None else f'{value:.3f}'}{bounds}"

    unusable = len(result["labels_left_out"])
    beside = f", {unusable} unusable labels" if unusable else ""
    print(f"{result['rated']} rated, {len(result['not_rated'])} left out{beside}; 95% bootstrap intervals")
    print(f"{'':6}{'score':26}expected")
    for name in ("srcc", "plcc", "mae"):
        score, expected = (result["metrics"][kind][name] for kind in ("score", "expected"))
        print(f"{name.upper():6}{cell(score):26}{cell(expected)}")
    if "reason" in score:
        print(f"MAE is undefined: {score['reason']}")


def write_report(path: Path, result: dict) -> None:
    from .rating.labels import LabelsError

    try:
        path.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise LabelsError(f"The report {path} cannot be written: {error.strerror or error}.") from error


def run_convert(args: argparse.Namespace) -> int:
    from .model.convert import convert_folder

    count, ignored = convert_folder(args.source, args.target, args.mode)
    for key, reason in ignored.items():
        complain(f"{key} is left out: {reason}")
    print(f"{args.target} holds the model now, in {count} {'shard' if count == 1 else 'shards'}")
    return DONE


def run_serve(args: argparse.Namespace) -> int:
    from .space import Settings, launch

    return launch(Settings(model=args.model, precision=args.precision, host=args.host, port=args.port))


def open_rater(args: argparse.Namespace, files: Sequence[str] = ()):
    """Load the model, quietly; first a look at the heads of `files`, so that a bad one is told at once."""
    from .video import Limits
    from .video.guard import check_file

    for file in files:
        check_file(file, Limits())
    from transformers.utils import logging

    from . import load_rater

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    return load_rater(args.model, args.precision)


def complain(reason: object, code: int = NOT_RATED) -> int:
    """One line on stderr; returns `code`."""
    print(f"vqathinker: {' '.join(str(reason).split())}", file=sys.stderr, flush=True)
    return code


def whole_number(text: str) -> int:
    return bounded(text, 0, 64)


def at_least_two(text: str) -> int:
    return bounded(text, 2, 64)


def port_number(text: str) -> int:
    return bounded(text, 0, 65535)


def bounded(text: str, low: int, high: int) -> int:
    try:
        number = int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number") from None
    if not low <= number <= high:
        raise argparse.ArgumentTypeError(f"{number} is not between {low} and {high}")
    return number

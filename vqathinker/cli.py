"""The command line. Exit codes: 0 done, 1 a file cannot be rated, 2 bad usage, 130 stopped by Ctrl-C."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import TextIO

from . import __version__
from .commands import (
    INTERRUPTED,
    NOT_RATED,
    USAGE,
    add_timeline_options,
    complain,
    run_ask,
    run_batch,
    run_compare,
    run_completion,
    run_convert,
    run_evaluate,
    run_models,
    run_rate,
    run_serve,
    run_timeline,
)
from .completion import SHELLS
from .errors import VideoError, VQAThinkerError
from .protocols import DEFAULT_PROTOCOL, PROTOCOLS, RELEASED
from .rating.benchmarks import BENCHMARKS

PRECISION_CHOICES = ("auto", "fp32", "bf16", "int8", "nf4")
MODE_CHOICES = ("inference", "training")
DESCRIPTION = "Rates the quality of videos and still images from 1 (bad) to 5 (excellent), and says why."
EPILOG = "Exit codes: 0 done, 1 a file cannot be rated, 2 bad usage. Every command has its own --help."


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code, and prints one line on stderr for each thing that went wrong."""
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="backslashreplace")  # the name of a file may be no text
    try:
        try:
            args = build_parser().parse_args(argv)
            if "protocol" in args:
                args.protocol = args.protocol or (RELEASED if getattr(args, "benchmark", None) else DEFAULT_PROTOCOL)
            return args.run(args)
        finally:
            sys.stdout.flush()
    except VideoError as error:
        return complain(error, NOT_RATED)
    except VQAThinkerError as error:
        return complain(error, USAGE)
    except KeyboardInterrupt:
        return complain("stopped", INTERRUPTED)
    except BrokenPipeError:
        silence(sys.stdout)
        return NOT_RATED
    except OSError as error:
        silence(sys.stdout)
        return complain(error, USAGE)


def silence(stream: TextIO) -> None:
    """Let what is still to be flushed go nowhere: python would complain of it at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("vqathinker", description=DESCRIPTION, epilog=EPILOG)
    parser.add_argument("--version", action="version", version=f"vqathinker {__version__}", help="print it and stop")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    model, placed, many, scored = shared_options()

    def command(name: str, run, text: str, *parents: argparse.ArgumentParser) -> argparse.ArgumentParser:
        made = commands.add_parser(name, parents=parents, help=text, description=text[0].upper() + text[1:] + ".")
        made.set_defaults(run=run)
        return made

    text = "rate files and print the reasoning, the score and the defects"
    rate = command("rate", run_rate, text, model, placed, scored)
    rate.add_argument("files", nargs="+", metavar="FILE", help="a video or a still image")
    rate.add_argument("--json", action="store_true", help="one JSON object a line for each file, failed ones too")
    rate.add_argument("--rollouts", type=whole_number, default=0, metavar="K", help="sample K more answers (spread)")

    text = "tell which of two videos is better, or what two models say of one"
    compare = command("compare", run_compare, text, model, placed, scored)
    compare.add_argument("first", metavar="A", help="a video or a still image")
    compare.add_argument("second", metavar="B", nargs="?", help="another one; left out where --beside-model is given")
    compare.add_argument("--beside-model", metavar="MODEL", help="rate A with --model, then with this one")
    compare.add_argument("--json", action="store_true", help="both ratings and the probability as one JSON object")
    compare.add_argument("--rollouts", type=at_least_two, default=8, metavar="K", help="answers a video (default: 8)")

    text = "rate a film window by window: its quality over time, and where its faults are"
    add_timeline_options(command("timeline", run_timeline, text, model, placed, scored))

    ask = command("ask", run_ask, "ask a model that can answer about the quality of a video", model, placed)
    ask.add_argument("file", metavar="FILE", help="a video or a still image")
    ask.add_argument("question", metavar="QUESTION", help="in quotes, such as 'Does it stutter?'")
    ask.add_argument("--json", action="store_true", help="the reply as one JSON object")

    text = "rate many files into a table; run again, it goes on with what is missing, failed or was replaced"
    batch = command("batch", run_batch, text, model, placed, many, scored)
    text = "files, folders to search for videos and images, or a .parquet with a column file, path or video"
    batch.add_argument("paths", nargs="+", metavar="PATH", help=text)
    text = "the table, .csv or .parquet: one row a file, failed ones included"
    batch.add_argument("--out", required=True, metavar="TABLE", help=text)
    batch.add_argument("--rollouts", type=whole_number, default=0, metavar="K", help="sample K more answers (spread)")

    text = "compare ratings with human scores: SRCC, PLCC, MAE"
    evaluate = command("evaluate", run_evaluate, text, model, placed, many, scored)
    add_evaluate_options(evaluate)

    convert = command("convert", run_convert, "write a checkpoint that its authors released in this package's layout")
    convert.add_argument("source", metavar="OFFICIAL_DIR", help='a folder, a hub id or "8b"')
    convert.add_argument("target", metavar="OUT_DIR", help="an empty or new folder")
    convert.add_argument(
        "--mode", default="inference", choices=MODE_CHOICES, help="12 large frames or 6 (default: inference)"
    )

    text = "list the models that can be rated with, and what each can do"
    command("models", run_models, text).add_argument("--json", action="store_true", help="as one JSON object a line")

    serve = command("serve", run_serve, "open the demo page", model)
    text = "a second model, which Compare and /compare_models put beside the first"
    serve.add_argument("--beside-model", metavar="MODEL", help=text)
    serve.add_argument("--host", default="127.0.0.1", help="default: 127.0.0.1, this machine only")
    serve.add_argument("--port", type=port_number, default=None, help="default: 7860, or the next free one")

    text = "print a script that lets a shell complete this command line"
    completion = command("completion", lambda args: run_completion(parser, args.shell), text)
    completion.epilog = 'For bash, in ~/.bashrc: eval "$(vqathinker completion bash)"'
    completion.add_argument("shell", choices=SHELLS, metavar="SHELL", help=", ".join(SHELLS))
    return parser


def shared_options() -> list[argparse.ArgumentParser]:
    """Options of several commands: which model, where it runs, how many files at a time, how scores are read."""
    model, placed, many, scored = (argparse.ArgumentParser(add_help=False) for _ in range(4))
    text = "one of `vqathinker models`, a hub id, a folder, or a folder as SCORER@FOLDER (default: tiny, bundled)"
    model.add_argument("--model", default="tiny", help=text)
    text = "default: auto, that of the table a batch goes on with, else the best that fits into the memory that is free"
    model.add_argument("--precision", default="auto", choices=PRECISION_CHOICES, help=text)
    placed.add_argument("--device", help="cpu, cuda, or one GPU such as cuda:1 (default: a GPU where there is one)")
    text = "answers written at a time (default: as many as fit)"
    many.add_argument("--batch", type=at_least_one, metavar="N", help=text)
    text = "videos decoded at a time by a process (default: one for each processor of its share)"
    many.add_argument("--jobs", type=at_least_one, metavar="N", help=text)
    text = "work on a Ray cluster (extra: ray): its address, auto for that of this machine, local for a new one here"
    many.add_argument("--ray", metavar="ADDRESS", help=text)
    text = "with --ray: processes, each with the model (default: one for each GPU, or machine)"
    many.add_argument("--workers", type=at_least_one, metavar="N", help=text)
    text = (
        "released: official pixels and the greedy number, as in the published evaluation "
        "(default: the pixels that a player shows and the answer of least expected error)"
    )
    scored.add_argument("--protocol", choices=PROTOCOLS, help=text)
    return [model, placed, many, scored]


def add_evaluate_options(evaluate: argparse.ArgumentParser) -> None:
    text = "human scores: a table with a file and a mos, or JSON, as data sets distribute them"
    evaluate.add_argument("labels", metavar="LABELS", help=text)
    evaluate.add_argument("--videos", required=True, metavar="DIR", help="the folder that the labelled files are in")
    evaluate.add_argument("--out", metavar="JSON", help="write metrics and all ratings to this file")
    evaluate.add_argument(
        "--scale", nargs=2, type=float, metavar=("LOW", "HIGH"), help="of the labels, where it is not 1 5: mapped to it"
    )
    evaluate.add_argument(
        "--columns", nargs=2, metavar=("FILE", "MOS"), help="of the labels, where they have unusual names"
    )
    text = "one of the paper's test sets: its scale, the protocol released, and a table beside published results"
    evaluate.add_argument("--benchmark", choices=BENCHMARKS, metavar="NAME", help=f"{text}; {', '.join(BENCHMARKS)}")
    text = "reports of other models on the same benchmark (their --out), for the same table"
    evaluate.add_argument("--beside", nargs="+", default=[], metavar="JSON", help=text)
    evaluate.add_argument("--seed", type=seed, default=0, help="of the bootstrap (default: 0)")


def whole_number(text: str) -> int:
    return bounded(text, 0, 64)


def at_least_one(text: str) -> int:
    return bounded(text, 1, 256)


def at_least_two(text: str) -> int:
    return bounded(text, 2, 64)


def seed(text: str) -> int:
    return bounded(text, 0, 2**32 - 1)


def port_number(text: str) -> int:
    return bounded(text, 1, 65535)


def bounded(text: str, low: int, high: int) -> int:
    try:
        number = int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number") from None
    if not low <= number <= high:
        raise argparse.ArgumentTypeError(f"{number} is not between {low} and {high}")
    return number

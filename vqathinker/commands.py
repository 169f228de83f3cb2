"""What the commands of the command line do; each returns the exit code."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from .errors import VideoError
from .lean import be_lean, lean_imports
from .protocols import DEFAULT
from .rating.team import ALONE, Team, join_team

DONE, NOT_RATED, USAGE, INTERRUPTED = 0, 1, 2, 130
SHOWN = 20
"""Unusable labels that are named on stderr; the report names all."""


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
    from .rating import Rated, Watched, Wrote, score_word
    from .rating.thought import thought_so_far

    shown = 0
    for event in rater.watch(file, rollouts):
        if isinstance(event, Watched):
            print(f"{file}\n  ", end="", flush=True)
        elif isinstance(event, Wrote):
            thought = thought_so_far(event.text)
            print(thought[shown:], end="", flush=True)
            shown = len(thought)
        elif isinstance(event, Rated):
            rating = event.rating
            print(f"\n\n  {rating.score:.2f}  {score_word(rating.score)}   ({beside_score(rating)})")
            print("  " + (", ".join(f"{d.name}: {d.severity}" for d in rating.defects) or "no defects named"))
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


def run_compare(args: argparse.Namespace) -> int:
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
    print(f"A is better with a probability of {result['probability_first_better']:.0%}")
    return DONE


def run_ask(args: argparse.Namespace) -> int:
    from .rating import Replied, Wrote
    from .rating.ask import answer_so_far

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


def run_batch(args: argparse.Namespace) -> int:
    from .files import find_files

    files, failed, count, done = find_files(args.paths), 0, 0, 0
    if not files:
        return complain(f"no video or image files in {', '.join(args.paths)}", USAGE)
    from .rating.batch import begun_in, rate_batch

    team = join_team()
    begun = begun_in(args.out, args.model, args.protocol) if team.leads else None
    rater, options = open_rater(args, team=team, begun=begun), {"batch": args.batch, "jobs": args.jobs}
    for row in rate_batch(rater, files, args.out, args.rollouts, team=team, report=complain, **options):
        failed, count, done = failed + bool(row.error), row.count, row.number
        print(f"[{row.number}/{row.count}] {row.file}  {row.error or f'{row.score:.2f}'}", file=sys.stderr, flush=True)
    rest = (
        f"{len(files) - count} already in {args.out}" if team.size == 1 else f"process {team.rank + 1} of {team.size}"
    )
    print(f"{done - failed} rated, {failed} failed, {rest}", file=sys.stderr)
    failed = sum(team.gather([failed]))
    return NOT_RATED if failed and team.leads else DONE  # of a team the first process alone: a launcher ends the others


def run_evaluate(args: argparse.Namespace) -> int:
    from .rating import evaluation
    from .rating.benchmarks import BENCHMARKS, count_problem, on_native_scale
    from .rating.labels import read_labels

    benchmark = BENCHMARKS.get(args.benchmark)
    if args.beside and not benchmark:
        return complain("--beside needs --benchmark", USAGE)
    beside = [read_report(Path(file), args.benchmark) for file in args.beside]
    labels = read_labels(args.labels, args.columns and tuple(args.columns))
    if args.scale:
        labels = labels.on_scale(*args.scale)
    elif benchmark:
        labels, args.scale = on_native_scale(labels, benchmark)
    if not os.path.isdir(args.videos):
        return complain(f"{args.videos} is not a folder", USAGE)
    if args.out and (os.path.isdir(args.out) or not os.access(os.path.dirname(args.out) or ".", os.W_OK)):
        return complain(f"the report {args.out} cannot be written", USAGE)
    team = join_team()
    if team.leads:
        tell_problems(args.labels, labels.problems)
        if benchmark and (problem := count_problem(labels, benchmark)):
            complain(problem)
    share = replace(labels, entries=tuple(team.share(labels.entries)))
    rater, options = open_rater(args, team=team), {"batch": args.batch, "jobs": args.jobs, "report": complain}
    compared = []
    for one in evaluation.evaluate(rater, share, args.videos, **options):
        compared.append(one)
        if sys.stderr.isatty():
            print(f"\r{len(compared)}/{len(share.entries)}", end="", file=sys.stderr, flush=True)
        if one.error:
            complain(f"{one.file} is left out: {one.error}")
    compared = team.gather(compared)
    if not team.leads:
        return DONE
    measured = evaluation.report(compared, labels, args.seed)
    result = {"labels": args.labels, "model": args.model, "protocol": args.protocol, "scale": args.scale, **measured}
    result["benchmark"] = args.benchmark
    print_metrics(result)
    if benchmark:
        from .rating.benchmarks import table

        print("\n" + table(args.benchmark, [result, *beside]))
    if args.out:
        write_report(Path(args.out), result)
    return DONE if result["rated"] else NOT_RATED


def tell_problems(file: str, problems: Sequence[str]) -> None:
    for problem in problems[:SHOWN]:
        complain(f"{file}, {problem}")
    if len(problems) > SHOWN:
        complain(f"{file}: {len(problems) - SHOWN} more entries are left out")


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


def read_report(path: Path, benchmark: str) -> dict:
    """What an earlier evaluation on this benchmark wrote with --out."""
    from .rating.labels import LabelsError

    try:
        report = json.loads(path.read_text(encoding="utf-8"))
        if report["benchmark"] == benchmark and report["metrics"]["score"] and report["model"] and report["protocol"]:
            return report
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        pass
    raise LabelsError(f"{path} is no report of `evaluate --benchmark {benchmark} --out`.")


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
    try:
        from .space import Settings, launch
    except ModuleNotFoundError as error:
        return complain_of_extra(error, "the page", "space")
    chosen = {"model": args.model, "precision": args.precision, "host": args.host, "port": args.port}
    launch(replace(Settings.from_environment(), **chosen))


def run_completion(parser: argparse.ArgumentParser, shell: str) -> int:
    from .completion import completion_script

    try:
        print(completion_script(parser, shell))
    except ModuleNotFoundError as error:
        return complain(f"{error.name} is not installed: pip install {error.name}", USAGE)
    return DONE


def complain_of_extra(error: ModuleNotFoundError, what: str, extra: str) -> int:
    """One line about a package that is missing, and the extra that brings it; of ours, none may be missing."""
    if (error.name or "").partition(".")[0] == "vqathinker":
        raise error
    return complain(f"{what} needs {error.name}, which is not installed: pip install 'vqathinker[{extra}]'", USAGE)


def open_rater(args: argparse.Namespace, files: Sequence[str] = (), team: Team = ALONE, begun: str | None = None):
    """Load the model, quietly; first a look at the heads of `files`, so that a bad one is told at once.

    Which precision was chosen is told on stderr, but not of the bundled model, which fits everywhere.
    """
    from .video import Limits
    from .video.guard import check_file

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
    from . import load_rater

    device = args.device or team.device
    placed = {"device": device} if device else {}
    if (protocol := getattr(args, "protocol", DEFAULT)) != DEFAULT:
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

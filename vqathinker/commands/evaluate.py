"""`evaluate LABELS --videos DIR`: ratings beside human scores."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ..protocols import DEFAULT_PROTOCOL, RELEASED
from ..rating.team import ALONE, join_team
from ..scorers import which
from .common import DONE, NOT_RATED, USAGE, complain, open_many

UNUSABLE_NAMED = 20
"""Unusable labels that are named on stderr; the report names all."""


def run_evaluate(args: argparse.Namespace) -> int:
    from ..rating import evaluation
    from ..rating.benchmarks import BENCHMARKS, count_problem, on_native_scale
    from ..rating.labels import none_found, read_labels

    benchmark = BENCHMARKS.get(args.benchmark)
    if args.beside and not benchmark:
        return complain("--beside needs --benchmark", USAGE)
    scorer, _ = which(args.model)
    if benchmark and args.protocol == RELEASED and scorer and not scorer.abilities.published_videos:
        told = f"the authors of {scorer.title} publish no protocol for videos, which {args.benchmark} is made of"
        return complain(f"{told}; with --protocol {DEFAULT_PROTOCOL} it is shown their frames", USAGE)
    beside = [read_report(Path(file), args.benchmark) for file in args.beside]
    labels = read_labels(args.labels, args.columns and tuple(args.columns))
    if args.scale:
        labels = labels.on_scale(*args.scale)
    elif benchmark:
        labels, args.scale = on_native_scale(labels, benchmark)
    if not os.path.isdir(args.videos):
        return complain(f"{args.videos} is not a folder", USAGE)
    if missing := none_found(labels, Path(args.videos)):
        return complain(missing, NOT_RATED)
    if args.out and (os.path.isdir(args.out) or not os.access(os.path.dirname(args.out) or ".", os.W_OK)):
        return complain(f"the report {args.out} cannot be written", USAGE)
    team = ALONE if args.ray else join_team()
    if team.leads:
        tell_problems(args.labels, labels.problems)
        if benchmark and (problem := count_problem(labels, benchmark)):
            complain(problem)
    share = replace(labels, entries=tuple(team.share(labels.entries)))
    rater, options = open_many(args, team), {"batch": args.batch, "jobs": args.jobs, "report": complain}
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
        from ..rating.benchmarks import benchmark_table

        print("\n" + benchmark_table(args.benchmark, [result, *beside]))
    if args.out:
        write_report(Path(args.out), result)
    return DONE if result["rated"] else NOT_RATED


def tell_problems(file: str, problems: Sequence[str]) -> None:
    for problem in problems[:UNUSABLE_NAMED]:
        complain(f"{file}, {problem}")
    if len(problems) > UNUSABLE_NAMED:
        complain(f"{file}: {len(problems) - UNUSABLE_NAMED} more entries are left out")


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
    from ..rating.labels import LabelsError

    try:
        report = json.loads(path.read_text(encoding="utf-8"))
        if report["benchmark"] == benchmark and report["metrics"]["score"] and report["model"] and report["protocol"]:
            return report
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        pass
    raise LabelsError(f"{path} is no report of `evaluate --benchmark {benchmark} --out`.")


def write_report(path: Path, result: dict) -> None:
    from ..rating.labels import LabelsError

    try:
        path.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise LabelsError(f"The report {path} cannot be written: {error.strerror or error}.") from error

"""The runs of a study, one after another or several at a time: GRPO from one start with each seed, and without each
reward in turn; then all of them measured, and the table.

    python -m training.study.launch STUDY_DIR DATA_DIR BUILT_DIR --start START [--at-once 2]

STUDY_DIR/runs/NAME has the logs of a run, STUDY_DIR/checkpoints/NAME what it made. Each run and each measurement is a
process of its own, with its share of the cores, that writes to STUDY_DIR/output/. Stopped and run again, the command
makes only what is not there yet; to make something anew, delete it.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from ..common.cli import add_data, ends_in_a_sentence
from .names import FULL_RECIPE, START

Commands = dict[str, list[str]]
"""Name of a process -> arguments of python."""


def planned(seeds: int, without: Sequence[str]) -> dict[str, list[str]]:
    """Name of each run -> the options of training.grpo that make it what it is."""
    full = {f"{FULL_RECIPE}-seed{seed}": ["--seed", str(seed)] for seed in range(seeds)}
    return full | {f"no-{reward}-seed0": ["--seed", "0", "--drop-reward", reward] for reward in without}


def trainings(args: argparse.Namespace) -> Commands:
    """The runs whose checkpoint is not there yet."""
    runs = args.study / "runs"
    shared = ["--start", args.start, "--config", str(args.config), "--features", str(runs / "features")]
    commands = {}
    for name, options in planned(args.seeds, args.without).items():
        out = args.study / "checkpoints" / name
        where = [str(args.data), str(args.built), str(runs / name), "--out", str(out), "--jobs", str(args.jobs)]
        if not out.exists():
            commands[name] = ["-m", "training.grpo", *where, *shared, *options]
    return commands


def measurements(args: argparse.Namespace) -> Commands:
    """The checkpoints that were not measured yet, the start first."""
    checkpoints = {name: str(args.study / "checkpoints" / name) for name in planned(args.seeds, args.without)}
    where = [str(args.study), str(args.data), str(args.built), "--jobs", str(args.jobs)]
    return {
        f"measure-{name}": ["-m", "training.study", "measure", *where, "--model", model, "--name", name]
        for name, model in ({START: args.start} | checkpoints).items()
        if not (args.study / f"{name}.jsonl").exists()
    }


def run_all(commands: Commands, output: Path, at_once: int) -> None:
    """The first process alone, as it stores the features that the others read; then `at_once` at a time.

    Raises ValueError with the last words of a process that failed, when those beside it have ended.
    """
    output.mkdir(parents=True, exist_ok=True)

    def run(name: str, threads: int) -> None:
        log = output / f"{name}.txt"
        environment = os.environ | {"OMP_NUM_THREADS": str(threads)}
        with log.open("w") as file:
            done = subprocess.run(
                [sys.executable, *commands[name]], stdout=file, stderr=subprocess.STDOUT, env=environment, check=False
            )
        if done.returncode:
            last = log.read_text().splitlines()[-1:]
            raise ValueError(f"{name} failed: {''.join(last)} ({log})")
        print(f"{name}: done", flush=True)

    names, cores = list(commands), os.cpu_count() or 1
    for name in names[:1]:
        run(name, cores)
    with ThreadPoolExecutor(at_once) as pool:
        waiting = [pool.submit(run, name, max(1, cores // at_once)) for name in names[1:]]
        try:
            for future in as_completed(waiting):
                future.result()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def parse_args(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m training.study.launch", description="Train, measure and compare what a study is about."
    )
    parser.add_argument("study", type=Path, help="folder of the study")
    add_data(parser)
    parser.add_argument("--start", required=True, help="folder of the supervised start")
    parser.add_argument("--config", type=Path, default=Path("training/configs/tiny_grpo.yaml"), help="settings")
    parser.add_argument("--seeds", type=int, default=3, help="runs of the full recipe: seeds 0, 1, …")
    parser.add_argument(
        "--without", nargs="*", metavar="REWARD", help="rewards to leave out, one a run (default: each, and temporal)"
    )
    parser.add_argument("--at-once", type=int, default=1, help="processes at a time")
    parser.add_argument("--jobs", type=int, default=2, help="decoders of a process")
    args = parser.parse_args(argv)
    if args.seeds < 1 or args.at_once < 1:
        parser.error("--seeds and --at-once must be 1 or more")
    return args


def main(argv: list[str] | None = None) -> None:
    args = parse_args(argv)
    with ends_in_a_sentence("study.launch"):
        from vqathinker.rewards.registry import removable  # torch, only once there is something to do

        from .run import study_markdown, write_study

        if unknown := sorted(set(args.without or ()) - set(removable())):
            raise ValueError(f"--without {unknown[0]}: there is no such reward; there are {', '.join(removable())}")
        args.without = list(removable()) if args.without is None else args.without
        for commands in (trainings, measurements):
            run_all(commands(args), args.study / "output", args.at_once)
        print(study_markdown(write_study(args.study)))


if __name__ == "__main__":
    main()

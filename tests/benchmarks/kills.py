"""Kills training at random moments and compares what comes out with an unbroken run. Not a test: it takes its time.

    python -m tests.benchmarks.kills [--kills 20] [--seed 0] [--only sft|grpo]

Tiny settings, generated data. A run is killed (SIGKILL, with its workers) at a random moment after it has begun, and
started again, until it has come to its end; then its logs, but for the seconds in them, and its weights must be those
of a run that nobody disturbed. This is repeated until there were as many kills as asked for.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

import yaml

from tests.training.conftest import write_data
from tests.training.grpo.test_train import command, settings_of
from tests.training.grpo_small import save_start, weights_of, write_labels
from tests.training.sft.test_train import SETTINGS
from training.common.io import LOCK
from training.data.build.run import build_data

EPOCHS, STEPS, SAVE_EVERY = 4, 12, 3
TIMES = {"seconds", "s"}


def sft_command(root: Path, folder: Path) -> list[str]:
    settings = asdict(SETTINGS)
    for stage in ("vision", "motion", "language"):
        settings[stage]["epochs"] = EPOCHS
    config = root / "sft.yaml"
    config.write_text(yaml.safe_dump(json.loads(json.dumps(settings))))
    words = ["-m", "training.sft", root / "data", root / "built", folder / "run", "--config", config]
    return [sys.executable, *map(str, [*words, "--out", folder / "out", "--jobs", "1"])]


def grpo_command(root: Path, folder: Path) -> list[str]:
    settings = settings_of(max_steps=STEPS, save_steps=SAVE_EVERY)
    rest = command(folder, root / "labels.jsonl", root / "data", root / "start", root / "features", settings)
    return [sys.executable, *rest]


KINDS = {"sft": (sft_command, ("log.jsonl",)), "grpo": (grpo_command, ("grpo_log.jsonl", "probes.jsonl"))}


def prepare(root: Path) -> None:
    write_data(root / "data")
    build_data(root / "data", root / "built", jobs=1, limit=4, max_lines=96)
    write_labels(root / "labels.jsonl", root / "data")
    save_start(root / "start")


def environment() -> dict[str, str]:
    return {**os.environ, "ACCELERATE_USE_CPU": "true", "OMP_NUM_THREADS": "1"}


def run_whole(words: list[str], run: Path) -> tuple[float, float]:
    """Seconds until a run has its folder for itself, and until its end."""
    began, locked = time.monotonic(), 0.0
    process = subprocess.Popen(words, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    while process.poll() is None:
        if not locked and (run / LOCK).exists():
            locked = time.monotonic() - began
        time.sleep(0.02)
    if process.returncode:
        raise SystemExit(process.stderr.read().decode()[-2000:])
    return locked, time.monotonic() - began


def run_and_kill(words: list[str], seconds: float) -> bool:
    """Kill a run after so many seconds; False when it was done before."""
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(words, env=environment(), start_new_session=True, **quiet)
    try:
        code = process.wait(seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return True
    if code:
        raise SystemExit(f"a run that was started again ended with {code}")
    return False


def rows(path: Path) -> list[dict]:
    found = [json.loads(line) for line in path.read_text().splitlines()]
    return [{key: value for key, value in row.items() if key not in TIMES} for row in found]


def differences(whole: Path, broken: Path, logs: tuple[str, ...]) -> list[str]:
    found = [name for name in logs if rows(whole / "run" / name) != rows(broken / "run" / name)]
    first, second = weights_of(whole / "out"), weights_of(broken / "out")
    if first.keys() != second.keys() or any((first[key] != second[key]).any() for key in first):
        found.append("weights")
    return found


def measure(kind: str, root: Path, kills: int, chance: random.Random) -> None:
    make, logs = KINDS[kind]
    whole = root / kind / "whole"
    whole.mkdir(parents=True)
    begun, took = run_whole(make(root, whole), whole / "run")
    done, runs, wrong = 0, 0, []
    while done < kills:
        broken = root / kind / f"broken{runs}"
        broken.mkdir()
        words = make(root, broken)
        while run_and_kill(words, chance.uniform(begun, took) if done < kills else 3600):
            done += 1
        runs += 1
        wrong += differences(whole, broken, logs)
        shutil.rmtree(broken)
    print(f"{kind}: {done} kills in {runs} runs; different from an unbroken run: {', '.join(wrong) or 'nothing'}")
    print(f"  an unbroken one takes {took:.0f} s, {begun:.0f} s of them before it begins")


def main() -> None:
    parser = argparse.ArgumentParser(description="Kill training at random moments and compare the results.")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", choices=["sft", "grpo"])
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "data").mkdir()
        prepare(root)
        for kind in [args.only] if args.only else ["sft", "grpo"]:
            measure(kind, root, args.kills, random.Random(args.seed))


if __name__ == "__main__":
    main()

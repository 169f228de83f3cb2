"""Runs the commands that are no part of the tests, each as small as it can be: measurements, pictures, the examples.

    python -m tests.documents.smallest                # all of them: an hour on two free cores
    python -m tests.documents.smallest rate_speed     # those that are named, by the last part of their module

What they measure in this size means nothing: what counts is that they end well. Prints a line for each; exit code 1
where one failed.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence

from .commands import ROOT

CLIP, OTHER = "examples/squirrel.mp4", "examples/plaza.mp4"
BENCHMARKS = {
    "batch_speed": "--files 2 --runs 1",
    "clients": "--clients 1 --minutes 1 --warm-up 0.1 --mixed --flood",
    "fault_regions": f"{CLIP} --cases 1",
    "faults": "--storm 2 --settle 0.1",
    "grpo_8b": "--size small --steps 1",
    "grpo_speed": "--runs 1 --videos 2 --group 2",
    "hostile": "--files 4 --visitors 1",
    "kills": "--kills 1 --only sft",
    "lab_speed": "--times 2",
    "packed_attention": "",
    "page_speed": "--runs 1",
    "rate_speed": "--runs 1 --seconds 2",
    "ray_speed": f"{CLIP} --times 20 --runs 1",
    "rollout_speed": f"{CLIP} --runs 1 --rollouts 2",
    "server_memory": "--ratings 2 --first 1",
    "serving_speed": "--cpu --precisions fp32 --batches 2 --answers 2 4 --videos 2 --runs 1",
    "timeline_places": f"{CLIP} {OTHER} --films 1 --seconds 8 --out OUT/places.json",
    "timeline_scores": "--films 20",
    "timeline_speed": "--seconds 6",
    "tower_speed": "--runs 1 --pictures 1",
    "vision_memory": "--tower tiny --few 1 --frames 2",
}
SMALLEST = {f"tests.benchmarks.{name}": words for name, words in BENCHMARKS.items()} | {
    "tests.browser.lecture": "OUT/lecture",
    "tests.browser.screenshot": "--tab about --out OUT/about.png",
    "tests.browser.views": "OUT/views --only about --widths 390",
    "examples.timeline": "--seconds 30 --out OUT/timeline.svg",
    "examples.trl_grpo": "",
}
"""Module: arguments, OUT for a folder that is gone afterwards."""
MOST_S = 3600


def ended(module: str) -> str:
    """What a command said last where it ended badly, else nothing."""
    with tempfile.TemporaryDirectory() as out:
        words = SMALLEST[module].replace("OUT", out).split()
        command = [sys.executable, "-m", module, *words]
        try:
            done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=MOST_S)
        except subprocess.TimeoutExpired:
            return f"not done after {MOST_S} s"
    said = (done.stderr or done.stdout).strip().splitlines() or ["nothing"]
    return f"exit code {done.returncode}: {said[-1]}" if done.returncode else ""


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser("python -m tests.documents.smallest", description=__doc__.split("\n\n")[0])
    known = {module.rpartition(".")[2]: module for module in SMALLEST}
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which ones: {', '.join(known)}")
    args = parser.parse_args(argv)
    if strange := sorted({*args.names} - {*known}):
        parser.error(f"there is no {', '.join(strange)}; there are {', '.join(known)}")
    failed = 0
    for name in args.names or known:
        start = time.perf_counter()
        problem = ended(known[name])
        failed += bool(problem)
        print(f"{known[name]}: {problem or 'ended well'} ({time.perf_counter() - start:.0f} s)", flush=True)
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())

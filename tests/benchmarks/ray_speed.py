"""How much faster two workers of a Ray cluster are than one: files a minute, each worker on a processor of its own.

    python -m tests.benchmarks.ray_speed CLIP…    # needs two free processors, and pip install "vqathinker[ray]"

The cluster is started here, its workers have loaded the model before the clock starts, and the runs alternate.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from vqathinker import load_rater
from vqathinker.commands.common import extra_needed

try:
    from vqathinker.integrations.ray_data import FILES_A_TASK, LOCAL, RayRater
except ModuleNotFoundError as error:
    raise SystemExit(extra_needed(error, "ray_speed", "ray")) from error


def seconds(rater: RayRater, files: Sequence[str]) -> float:
    """From the first result to the last one: until then the workers load."""
    start = None
    for _ in rater.rate_many(files):
        start = start or time.perf_counter()
    return time.perf_counter() - start


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser("python -m tests.benchmarks.ray_speed", description=__doc__.split("\n\n")[0])
    parser.add_argument("clips", nargs="+", help="videos or pictures")
    parser.add_argument("--times", type=int, default=48, help="how often each file is rated")
    parser.add_argument("--runs", type=int, default=3, help="of each kind")
    args = parser.parse_args(argv)
    files = args.clips * args.times
    if len(files) < 4 * FILES_A_TASK:
        parser.error(f"at least {4 * FILES_A_TASK} files are needed, for tasks to be shared out; raise --times")
    load = partial(load_rater, "tiny")
    raters = {count: RayRater("tiny", load, address=LOCAL, workers=count, precision="fp32") for count in (1, 2)}
    for rater in raters.values():
        rater.workers = replace(rater.workers, threads=1)
    ratios = []
    for run in range(args.runs):
        took = {count: seconds(rater, files) for count, rater in raters.items()}
        ratios.append(took[1] / took[2])
        print(f"run {run + 1}: one worker {took[1]:.1f} s, two {took[2]:.1f} s, {ratios[-1]:.2f} x", flush=True)
    print(f"two workers are {statistics.median(ratios):.2f} times as fast as one (median), {len(files)} files a run")


if __name__ == "__main__":
    main()

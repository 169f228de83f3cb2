"""Rates files again and again in a process of its own and prints what it took, as one JSON object. Of our packages it
imports only the one that it finds on PYTHONPATH, so that `rate_speed` can ask two builds.

    PYTHONPATH=CHECKOUT python -P tests/benchmarks/rating_probe.py RUNS FILE…
"""

from __future__ import annotations

import json
import os
import sys
import time

import psutil


def cpu() -> float:
    """Seconds of this process and of its decoders, those that wait for another file among them."""
    waiting = [child.cpu_times() for child in psutil.Process().children()]
    return sum(os.times()[:4]) + sum(times.user + times.system for times in waiting)


def main() -> None:
    runs, files = int(sys.argv[1]), sys.argv[2:]
    began = cpu()
    from vqathinker import load_rater

    rater = load_rater("tiny")
    report = {"load, cpu": cpu() - began}
    for file in files:
        rater.rate(file)
        walls, spent, ratings = [], [], []
        for _ in range(runs):
            wall, before = time.perf_counter(), cpu()
            ratings.append(rater.rate(file))
            walls.append(time.perf_counter() - wall)
            spent.append(cpu() - before)
        report[file] = {
            "wall": walls,
            "cpu": spent,
            "decode": [rating.timings.decode_s for rating in ratings],
            "encode": [rating.timings.encode_s for rating in ratings],
            "text": ratings[0].text,
            "expected": ratings[0].expected,
        }
    print(json.dumps(report))


if __name__ == "__main__":
    main()

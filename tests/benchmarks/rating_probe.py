"""Rates files again and again in a process of its own and prints what it took, as one JSON object. It imports nothing
but the package that it finds on PYTHONPATH, so that `rate_speed` can ask two builds.

    PYTHONPATH=CHECKOUT python -P tests/benchmarks/rating_probe.py RUNS FILE…
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time


def cpu() -> float:
    """Seconds of this process and of the decoders that have ended."""
    return sum(os.times()[:4])


def megabytes(kind: int) -> float:
    return resource.getrusage(kind).ru_maxrss / 1024


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
    report["peak, MB"] = megabytes(resource.RUSAGE_SELF) + megabytes(resource.RUSAGE_CHILDREN)
    print(json.dumps(report))


if __name__ == "__main__":
    main()

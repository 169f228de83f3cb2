"""Files a minute of `batch` over many short clips, beside another build. Not a test: it prints, it never fails.

    python -m tests.benchmarks.batch_speed [--files 200] [--runs 1] [--other CHECKOUT]

The clips are copies of a few of different sizes. CHECKOUT: a folder with another build; the two take turns.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.clips import ffmpeg

ROOT = Path(__file__).parent.parent.parent
SIZES = ("640x360", "854x480", "1280x720")


def make_clips(folder: Path, count: int) -> None:
    """`count` clips of two seconds; each size is encoded once."""
    for number in range(count):
        path = folder / f"{number:04}.mp4"
        if number < len(SIZES):
            picture = f"testsrc2=size={SIZES[number]}:rate=30:duration=2,noise=alls=8:allf=t"
            ffmpeg("-f", "lavfi", "-i", picture, "-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", path)
        else:
            shutil.copyfile(folder / f"{number % len(SIZES):04}.mp4", path)


def batch(build: Path, clips: Path, out: Path) -> tuple[float, float]:
    """Wall and CPU seconds of `batch` as a whole process."""
    environment = {**os.environ, "PYTHONPATH": str(build.resolve())}
    command = [sys.executable, "-P", "-m", "vqathinker", "batch", str(clips), "--out", str(out)]
    wall, before = time.perf_counter(), os.times()
    subprocess.run(command, env=environment, capture_output=True, check=True)
    after = os.times()
    spent = after.children_user + after.children_system - before.children_user - before.children_system
    return time.perf_counter() - wall, spent


def main() -> None:
    parser = argparse.ArgumentParser(description="Files a minute of batch, beside another build.")
    parser.add_argument("--files", type=int, default=200)
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--other", type=Path, help="a folder with another build")
    args = parser.parse_args()
    builds = {"this": ROOT, **({"other": args.other} if args.other else {})}
    runs: dict[str, list[tuple[float, float]]] = {name: [] for name in builds}
    with tempfile.TemporaryDirectory() as folder:
        clips = Path(folder) / "clips"
        clips.mkdir()
        make_clips(clips, args.files)
        for run in range(args.runs):
            for name, build in builds.items():
                runs[name].append(batch(build, clips, Path(folder) / f"{name}{run}.csv"))
    for name, spent in runs.items():
        wall, cpu = (statistics.median(column) for column in zip(*spent, strict=True))
        print(f"{name:8} {60 * args.files / wall:8.1f} files a minute, {cpu / args.files:6.2f} CPU s a file")
    if args.other:
        ratio = statistics.median(b[0] / a[0] for a, b in zip(runs["this"], runs["other"], strict=True))
        print(f"this / other, files a minute: {ratio:.2f} x")


if __name__ == "__main__":
    main()

"""Where the time of a rating goes, beside the floor and beside another build. Not a test: it prints, it never fails.

    python -m tests.benchmarks.rate_speed [--runs 5] [--seconds 10] [--other CHECKOUT]

Makes a noisy 1080p H.264 clip of `seconds` and one thirty times as long, then measures everything in turn, run by run,
so that a machine that slows down slows all of them; prints medians, and medians of the ratios within a run. CPU seconds
are those of the process and of its decoders.

"floor": PyAV with two frame threads decodes the packets that the sampled frames and bursts need, and nothing else.
CHECKOUT: a folder with another build, `git worktree add ../before COMMIT`, say; it runs in a process of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.clips import ffmpeg
from vqathinker.video import Limits, VideoSpec, burst_window, frame_indices
from vqathinker.video.decode_pyav import _decode_runs, _queue, _runs
from vqathinker.video.index import make_index

REPEATS = 30
ROOT = Path(__file__).parent.parent.parent
PROBE = Path(__file__).with_name("rating_probe.py")


def make_clips(folder: Path, seconds: int) -> tuple[Path, Path]:
    """A 30 fps 1080p clip and the same stream thirty times over, without encoding it again."""
    short, long = folder / "short.mp4", folder / "long.mp4"
    picture = f"testsrc2=size=1920x1080:rate=30:duration={seconds},noise=alls=12:allf=t"
    rate = ("-b:v", "8M", "-maxrate", "8M", "-bufsize", "16M")
    ffmpeg("-f", "lavfi", "-i", picture, "-c:v", "libx264", "-preset", "veryfast", *rate, "-pix_fmt", "yuv420p", short)
    ffmpeg("-stream_loop", str(REPEATS - 1), "-i", short, "-c", "copy", long)
    return short, long


def floor(path: Path, spec: VideoSpec) -> None:
    """Decode the packets of the wanted frames with two frame threads, and drop what comes out."""
    index = make_index(str(path), Limits())
    count = index.num_frames
    wanted = {k for i in frame_indices(count, spec.frames) for k in (i, *burst_window(i, spec.burst_length, count))}
    _decode_runs(str(path), index, _queue(_runs(index, sorted(wanted))), lambda i, frame: None, 2)


def timed(action: Callable[[], object]) -> dict[str, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    action()
    return {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}


def probe(build: Path, files: list[Path]) -> dict:
    """One rating of each file, after one to warm up, in the build of a checkout."""
    environment = {**os.environ, "PYTHONPATH": str(build.resolve())}
    command = [sys.executable, "-P", str(PROBE), "1", *map(str, files)]
    return json.loads(subprocess.run(command, env=environment, capture_output=True, check=True).stdout)


def command_cpu(build: Path, file: Path) -> float:
    """CPU seconds of `rate` as a whole process."""
    before = os.times()
    environment = {**os.environ, "PYTHONPATH": str(build.resolve())}
    command = [sys.executable, "-P", "-m", "vqathinker", "rate", str(file), "--json"]
    subprocess.run(command, env=environment, capture_output=True, check=True)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def one_run(builds: dict[str, Path], clips: dict[str, Path]) -> dict[str, float]:
    """Everything that is measured, once."""
    run = {}
    for name, path in clips.items():
        run |= {f"floor, {name}: {kind}": value for kind, value in timed(lambda path=path: floor(path, SPEC)).items()}
    for build, folder in builds.items():
        told = probe(folder, list(clips.values()))
        for name, path in clips.items():
            one = told[str(path)]
            run |= {f"{build}, {name}: {kind}": one[kind][0] for kind in ("wall", "cpu", "decode", "encode")}
        run[f"{build}: load, cpu"], run[f"{build}: peak, MB"] = told["load, cpu"], told["peak, MB"]
        run[f"{build}: whole command, cpu"] = command_cpu(folder, clips["short"])
    return run


def ratios(runs: list[dict[str, float]], builds: dict[str, Path], clips: dict[str, Path]) -> dict[str, float]:
    """Medians of what was divided within a run."""
    pairs = {}
    for name in clips:
        for kind in ("wall", "cpu"):
            pairs[f"this / floor, {name}: {kind}"] = f"this, {name}: {kind}", f"floor, {name}: {kind}"
            if "other" in builds:
                pairs[f"this / other, {name}: {kind}"] = f"this, {name}: {kind}", f"other, {name}: {kind}"
    if "other" in builds:
        for kind in ("load, cpu", "whole command, cpu", "peak, MB"):
            pairs[f"this / other: {kind}"] = f"this: {kind}", f"other: {kind}"
    pairs["long / short: wall"] = "this, long: wall", "this, short: wall"
    return {name: statistics.median(run[a] / run[b] for run in runs) for name, (a, b) in pairs.items()}


SPEC = VideoSpec()


def main() -> None:
    parser = argparse.ArgumentParser(description="Time a rating beside the floor and beside another build.")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=10, help="length of the short clip")
    parser.add_argument("--other", type=Path, help="a folder with another build")
    args = parser.parse_args()
    builds = {"this": ROOT, **({"other": args.other} if args.other else {})}
    with tempfile.TemporaryDirectory() as folder:
        clips = dict(zip(("short", "long"), make_clips(Path(folder), args.seconds), strict=True))
        runs = [one_run(builds, clips) for _ in range(args.runs)]
    for name in runs[0]:
        print(f"{name:36} {statistics.median(run[name] for run in runs):9.2f}")
    for name, value in ratios(runs, builds, clips).items():
        print(f"{name:36} {value:9.2f} x")


if __name__ == "__main__":
    main()

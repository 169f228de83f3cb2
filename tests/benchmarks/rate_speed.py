"""Where the time of a rating goes, beside the floor, another build and a peer. Not a test: it prints, it never fails.

    python -m tests.benchmarks.rate_speed [--runs 5] [--seconds 10] [--other CHECKOUT] [--peer FOLDER]

Makes noisy clips: 1080p H.264 of `seconds`, the same stream thirty times over, 4K HEVC at 60 fps, and two seconds of
1080p for the whole command. Then it measures everything in turn, run by run, so that a machine that slows down slows
all of them; prints medians, and medians of the ratios within a run. CPU seconds are those of the process and of its
decoders; memory is the most that the whole command holds at a time with its decoders, each clip in a command of its
own, which is not timed.

"floor": PyAV with two frame threads decodes the packets that the sampled frames and bursts need, and nothing else.
CHECKOUT: a folder with another build, `git worktree add ../before COMMIT`, say; it runs in a process of its own.
FOLDER: FAST-VQA-M, as `tests.benchmarks.fastvqa_setup` sets it up.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.benchmarks.fastvqa_setup import checkout_of, python_of
from tests.benchmarks.peak_memory import peak_mb
from tests.clips import ffmpeg
from vqathinker.video import Limits, VideoSpec, burst_window, frame_indices
from vqathinker.video.decode_pyav import _decode_runs, _queue, _runs
from vqathinker.video.index import make_index

REPEATS = 30
ROOT = Path(__file__).parent.parent.parent
PROBE = Path(__file__).with_name("rating_probe.py")
PEER = Path(__file__).with_name("fastvqa_probe.py")
BRIEF = "2 s"


def make_clips(folder: Path, seconds: int) -> dict[str, Path]:
    """The clips of the module docstring, by name."""
    names = ("short", "long", "4k60", "2 s")
    short, long, large, brief = (folder / f"{name.replace(' ', '_')}.mp4" for name in names)

    def encode(path: Path, size: str, rate: int, length: int, codec: str, megabits: int) -> None:
        picture = f"testsrc2=size={size}:rate={rate}:duration={length},noise=alls=12:allf=t"
        limits = ("-b:v", f"{megabits}M", "-maxrate", f"{megabits}M", "-bufsize", f"{2 * megabits}M")
        encoder = ("-c:v", codec, "-preset", "veryfast", *limits, "-pix_fmt", "yuv420p")
        ffmpeg("-f", "lavfi", "-i", picture, *encoder, path)

    encode(short, "1920x1080", 30, seconds, "libx264", 8)
    encode(large, "3840x2160", 60, seconds, "libx265", 30)
    encode(brief, "1920x1080", 30, 2, "libx264", 8)
    ffmpeg("-stream_loop", str(REPEATS - 1), "-i", short, "-c", "copy", long)
    return dict(zip(names, (short, long, large, brief), strict=True))


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


def probe(build: Path, file: Path) -> dict:
    """A rating of a file, after one to warm up, in the build of a checkout."""
    environment = {**os.environ, "PYTHONPATH": str(build.resolve())}
    command = [sys.executable, "-P", str(PROBE), "1", str(file)]
    return json.loads(subprocess.run(command, env=environment, capture_output=True, check=True).stdout)


def peer(folder: Path, files: list[Path]) -> dict:
    """The same of FAST-VQA-M."""
    command = [python_of(folder.absolute()), PEER, "1", *files]
    done = subprocess.run(command, cwd=checkout_of(folder), capture_output=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def rate_command(build: Path, file: Path) -> tuple[list[str], dict[str, str]]:
    """`rate` as a whole process, and its environment."""
    environment = {**os.environ, "PYTHONPATH": str(build.resolve())}
    return [sys.executable, "-P", "-m", "vqathinker", "rate", str(file), "--json"], environment


def command_cpu(build: Path, file: Path) -> float:
    """CPU seconds of `rate` as a whole process."""
    before, (command, environment) = os.times(), rate_command(build, file)
    subprocess.run(command, env=environment, capture_output=True, check=True)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def one_run(builds: dict[str, Path], clips: dict[str, Path], fast: Path | None) -> dict[str, float]:
    """Everything that is measured, once."""
    run, timed_clips = {}, {name: path for name, path in clips.items() if name != BRIEF}
    for name, path in timed_clips.items():
        run |= {f"floor, {name}: {kind}": value for kind, value in timed(lambda path=path: floor(path, SPEC)).items()}
        for build, folder in builds.items():
            told = probe(folder, path)
            one = told[str(path)]
            run |= {f"{build}, {name}: {kind}": one[kind][0] for kind in ("wall", "cpu", "decode", "encode")}
            run[f"{build}, {name}: peak, MB"], _ = peak_mb(*rate_command(folder, path))
            run[f"{build}: load, cpu"] = told["load, cpu"]
        if fast is not None:
            one = peer(fast, [path])[str(path)]
            run |= {f"peer, {name}: {kind}": one[kind][0] for kind in ("wall", "cpu")}
    return run | {f"{build}: whole command, cpu": command_cpu(folder, clips[BRIEF]) for build, folder in builds.items()}


def ratios(runs: list[dict[str, float]]) -> dict[str, float]:
    """Medians of what was divided within a run: this build by everything else that was measured of the same clip."""
    pairs = {}
    for measured in runs[0]:
        who = re.match("[a-z]+", measured).group()
        what = measured.removeprefix(who)
        if who != "this" and f"this{what}" in runs[0]:
            pairs[f"this / {who}{what}"] = f"this{what}", measured
    pairs["long / short: wall"] = "this, long: wall", "this, short: wall"
    return {name: statistics.median(run[a] / run[b] for run in runs) for name, (a, b) in pairs.items()}


SPEC = VideoSpec()


def main() -> None:
    parser = argparse.ArgumentParser(description="Time a rating beside the floor and beside another build.")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=10, help="length of the short clip")
    parser.add_argument("--other", type=Path, help="a folder with another build")
    parser.add_argument("--peer", type=Path, help="a folder that tests.benchmarks.fastvqa_setup made")
    args = parser.parse_args()
    builds = {"this": ROOT, **({"other": args.other} if args.other else {})}
    with tempfile.TemporaryDirectory() as folder:
        clips = make_clips(Path(folder), args.seconds)
        runs = [one_run(builds, clips, args.peer) for _ in range(args.runs)]
    for name in runs[0]:
        print(f"{name:36} {statistics.median(run[name] for run in runs):9.2f}")
    for name, value in ratios(runs).items():
        print(f"{name:36} {value:9.2f} x")


if __name__ == "__main__":
    main()

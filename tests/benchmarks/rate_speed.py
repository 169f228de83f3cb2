"""Where the time of a rating goes, against the bare decode of the same frames. Not a test: it prints, it never fails.

    python -m tests.benchmarks.rate_speed [--runs 5] [--seconds 10] [--model tiny]

Makes a noisy 1080p H.264 clip of `seconds` and one thirty times as long, then measures everything in turn, run by run,
so that a machine that slows down slows all of them; prints medians and the median of the ratios within a run.
"bare decode" is decord reading the sampled and the burst frames in sorted order, in this process, nothing else.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import vqathinker
from tests.clips import ffmpeg
from vqathinker.model.generation import prefill, rollout_seeds, write
from vqathinker.video import VideoSpec, burst_window, frame_indices, load_clip

REPEATS = 30


def make_clips(folder: Path, seconds: int) -> tuple[Path, Path]:
    """A 30 fps 1080p clip and the same stream thirty times over, without encoding it again."""
    short, long = folder / "short.mp4", folder / "long.mp4"
    picture = f"testsrc2=size=1920x1080:rate=30:duration={seconds},noise=alls=12:allf=t"
    rate = ("-b:v", "8M", "-maxrate", "8M", "-bufsize", "16M")
    ffmpeg("-f", "lavfi", "-i", picture, "-c:v", "libx264", "-preset", "veryfast", *rate, "-pix_fmt", "yuv420p", short)
    ffmpeg("-stream_loop", str(REPEATS - 1), "-i", short, "-c", "copy", long)
    return short, long


def bare_decode(path: Path, spec: VideoSpec) -> None:
    import decord

    reader = decord.VideoReader(str(path), num_threads=1)
    count = len(reader)
    wanted = set()
    for index in frame_indices(count, spec.frames):
        wanted.update(burst_window(index, spec.burst_length, count), [index])
    for index in sorted(wanted):
        reader[index].asnumpy()


def timed(action: Callable[[], object]) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def one_run(rater, short: Path, long: Path) -> dict[str, float]:
    """Seconds of every measured thing, once."""
    spec = rater.loaded.processor.video_spec
    run = {"bare decode, short": timed(lambda: bare_decode(short, spec))}
    rating = rater.rate(short)
    run |= {f"rate, short: {name}": seconds for name, seconds in vars(rating.timings).items()}
    run["bare decode, long"] = timed(lambda: bare_decode(long, spec))
    run["rate, long: total_s"] = rater.rate(long).timings.total_s
    inputs = rater.loaded.processor(load_clip(short, spec))
    prompt = prefill(rater.loaded.model, inputs)
    limits = {"max_new_tokens": rater.max_new_tokens, "eos_token_id": rater.loaded.eos_token_id}
    for count in (1, 8):
        seeds = rollout_seeds(0, count)
        run[f"{count} rollouts"] = timed(lambda seeds=seeds: write(rater.loaded.model, prompt, seeds=seeds, **limits))
    return run


RATIOS = {
    "rate / bare decode, short": ("rate, short: total_s", "bare decode, short"),
    "rate long / rate short": ("rate, long: total_s", "rate, short: total_s"),
    "8 rollouts / 1 rollout": ("8 rollouts", "1 rollouts"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description="Time a rating against the bare decode of its frames.")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=10, help="length of the short clip")
    parser.add_argument("--model", default="tiny")
    args = parser.parse_args()
    rater = vqathinker.load_rater(args.model)
    with tempfile.TemporaryDirectory() as folder:
        short, long = make_clips(Path(folder), args.seconds)
        one_run(rater, short, long)
        runs = [one_run(rater, short, long) for _ in range(args.runs)]
    for name in runs[0]:
        print(f"{name:32} {statistics.median(run[name] for run in runs):8.2f} s")
    for name, (top, bottom) in RATIOS.items():
        print(f"{name:32} {statistics.median(run[top] / run[bottom] for run in runs):8.2f} x")


if __name__ == "__main__":
    main()

"""What a timeline costs on long films, beside a single rating. Not a test: it prints, it never fails.

    python -m tests.benchmarks.timeline_speed [--seconds 150 600] [--window 2] [--overlap 0.5]

Makes films of 1080p H.264 at 30 frames a second with a cut every ten seconds. Each timeline, and a single rating of
the longest film, runs in a process of its own. Printed: wall seconds by the film's length, CPU seconds of the process
and of its decoder, the wall seconds until the first window is rated, peak memory of the process and of its largest
decoder in MB and beside that of the rating, and windows rated side by side against one by one.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.clips import ffmpeg

SHOTS = ("testsrc2", "smptehdbars", "testsrc", "rgbtestsrc")


def make_film(path: Path, seconds: int) -> Path:
    """Ten seconds of each source in turn, with noise, repeated."""
    parts = []
    for number, source in enumerate(SHOTS):
        part = path.with_name(f"part{number}.mp4")
        picture = f"{source}=size=1920x1080:rate=30,trim=duration=10,noise=alls=8:allf=t,format=yuv420p"
        rate = ("-b:v", "6M", "-maxrate", "6M", "-bufsize", "12M")
        ffmpeg("-f", "lavfi", "-i", picture, "-c:v", "libx264", "-preset", "veryfast", *rate, part)
        parts.append(part)
    names = path.with_name("parts.txt")
    names.write_text("".join(f"file '{parts[k % len(parts)]}'\n" for k in range(-(-seconds // 10))))
    ffmpeg("-f", "concat", "-safe", "0", "-i", names, "-t", str(seconds), "-c", "copy", path)
    return path


def probe(kind: str, path: str, window_s: float, overlap: float, batch: int | None) -> dict:
    """One timeline, or one rating ("rate"), in this process."""
    from vqathinker import load_rater

    rater, first, count = load_rater("tiny"), None, 0
    began, cpu = time.perf_counter(), time.process_time()
    if kind == "rate":
        rater.rate(path)
    else:
        for event in rater.timeline_events(path, window_s, overlap, batch=batch):
            if hasattr(event, "number"):
                first = first or time.perf_counter() - began
                count = event.number + 1
    wall, used = time.perf_counter() - began, time.process_time() - cpu
    rater.close()  # a decoder that waits for another file counts once it has ended
    own, decoder = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return {
        "wall": wall,
        "cpu": used,
        "decoder cpu": decoder.ru_utime + decoder.ru_stime,
        "first window": first,
        "windows": count,
        "memory, MB": own.ru_maxrss / 1024,
        "decoder memory, MB": decoder.ru_maxrss / 1024,
    }


def run(*arguments: object) -> dict:
    command = [sys.executable, "-m", "tests.benchmarks.timeline_speed", "--probe", *map(str, arguments)]
    return json.loads(subprocess.run(command, capture_output=True, check=True, text=True).stdout.splitlines()[-1])


def show(name: str, measured: dict, seconds: float) -> None:
    measured = {"wall / length": measured["wall"] / seconds, **measured}
    print(f"{name}: " + ", ".join(f"{what} {value:.2f}" for what, value in measured.items() if value), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description="Time timelines of long films.")
    parser.add_argument("--seconds", type=int, nargs="+", default=[150, 600])
    parser.add_argument("--window", type=float, default=2.0)
    parser.add_argument("--overlap", type=float, default=0.5)
    parser.add_argument("--probe", nargs="+", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.probe:
        kind, path, window_s, overlap, batch = args.probe
        print(json.dumps(probe(kind, path, float(window_s), float(overlap), int(batch) or None)))
        return
    how = (args.window, args.overlap)
    with tempfile.TemporaryDirectory() as folder:
        films = {seconds: make_film(Path(folder) / f"{seconds}.mp4", seconds) for seconds in sorted(args.seconds)}
        for seconds, film in films.items():
            show(f"timeline of {seconds} s", line := run("timeline", film, *how, 0), seconds)
        show(f"rating of {seconds} s", rating := run("rate", film, *how, 0), seconds)
        for who in ("memory, MB", "decoder memory, MB"):
            print(f"{who}, timeline / rating: {line[who] / rating[who]:.2f}")
        brief = make_film(Path(folder) / "brief.mp4", 30)
        alone, beside = run("timeline", brief, *how, 1), run("timeline", brief, *how, 0)
        print(f"side by side, one by one / as many as fit: {alone['cpu'] / beside['cpu']:.2f} x CPU seconds")


if __name__ == "__main__":
    main()

"""Makes the picture of a ten-minute film's timeline in the README: python -m examples.timeline [--seconds 600]

The film is spliced of the examples: an untouched one for most of the time, a faulty one now and then. The other
untouched one has another frame rate, and repeating frames for another rate is a fault that the model sees.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from pathlib import Path

from tests.clips import ffmpeg
from vqathinker import load_rater
from vqathinker.space.timeline.svg import timeline_svg

HERE = Path(__file__).parent
CLEAN = ("plaza.mp4",)
FAULTY = ("plaza-compressed.mp4", "blossom-blurred.mp4", "meadow-frozen.mp4", "signing-jerky.mp4", "willow-dark.mp4")
PART_S, FAULTY_SHARE = 3.0, 0.2
SHAPE = "scale=960:540:force_original_aspect_ratio=increase,crop=960:540,setsar=1,fps=30,format=yuv420p"


def splice(path: Path, seconds: float, seed: int = 0) -> Path:
    """A film of parts of three seconds, always the same for a seed."""
    chance, folder = random.Random(seed), path.parent
    for name in (*CLEAN, *FAULTY):
        coding = ("-t", str(PART_S), "-an", "-c:v", "libx264", "-preset", "veryfast", "-crf", "14")
        ffmpeg("-i", HERE / name, "-vf", SHAPE, *coding, folder / name)
    order = [
        chance.choice(FAULTY) if chance.random() < FAULTY_SHARE else CLEAN[k // 5 % len(CLEAN)]
        for k in range(round(seconds / PART_S))
    ]
    names = folder / "parts.txt"
    names.write_text("".join(f"file '{folder / name}'\n" for name in order), encoding="utf-8")
    ffmpeg("-f", "concat", "-safe", "0", "-i", names, "-c", "copy", path)
    return path


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the picture of a long film's timeline.")
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--out", type=Path, default=HERE / "timeline.svg")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        film, rater = splice(Path(folder) / "film.mp4", args.seconds), load_rater("tiny")
        began = time.perf_counter()
        timeline = rater.timeline(film)
    print(f"{len(timeline.windows)} windows, {len(timeline.faults)} faults in {time.perf_counter() - began:.0f} s")
    args.out.write_text(timeline_svg(timeline.to_dict()) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

"""Does a timeline find faults, and where they are? Not a test: it prints, it never fails.

    python -m tests.benchmarks.timeline_places CLIP… [--films 6] [--seconds 30] [--window 2] [--model tiny] --out JSON
    python -m tests.benchmarks.timeline_places --judge JSON

CLIP: clean clips that the model has not seen. Films are spliced of them, scene after scene, at 640 x 360 and 24 frames
a second; then spans of half a second to eight seconds are degraded as in the training data, strongly enough to be seen
(level 2 to 3 of `training.data.build.degrade`). Each film has three versions: clean, half of the spans, all of them.
Every other film is spliced of the clips with even numbers, the rest of those with odd ones: what is fitted on the first
half is measured on contents of the second (tests/benchmarks/timeline_judge.py says what is printed).

JSON keeps what the model said of every window, version after version; the same command goes on where it was stopped.
With --judge the rule of this build is applied to it again, without clips and model.
"""

from __future__ import annotations

import argparse
import functools
import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np

from tests.benchmarks.timeline_judge import show
from training.common.atomic import atomic_write
from training.data import ffmpeg
from training.data.build.degrade import Op, frame_order, step_for
from training.data.build.families import TEMPORAL_FAMILIES, strength_at

WIDTH, HEIGHT, FPS = 640, 360, 24
LENGTHS_S, APART_S = (0.5, 1.0, 2.0, 4.0, 8.0), 1.25
KINDS = (
    ("blur", "gaussian"), ("noise", "gaussian"), ("compression", "x264"), ("underexposure", "stops"),
    ("overexposure", "stops"), ("low_contrast", "flat"), ("color", "hue"), ("freeze", "single"),
    ("low_frame_rate", "duplicated"), ("disorder", "shuffle"), ("shake", "hand"),
)  # fmt: skip
VERSIONS = {"all": slice(None), "clean": slice(0), "half": slice(None, None, 2)}
"""Which of the spans of a film each version has."""


@dataclass(frozen=True)
class Span:
    """A degraded part of a film: what was done to it, its frames [first, end), and the seed of its free choices."""

    op: Op
    first: int
    end: int
    seed: int

    @property
    def told(self) -> tuple[str, float, float]:
        return self.op.family, self.first / FPS, self.end / FPS


@functools.lru_cache(maxsize=16)
def read_frames(path: Path) -> np.ndarray:
    """(N, 360, 640, 3) uint8, squashed."""
    with av.open(str(path)) as container:
        frames = [frame.to_ndarray(width=WIDTH, height=HEIGHT, format="rgb24") for frame in container.decode(video=0)]
    return np.stack(frames)


def splice(clips: Sequence[Path], seconds: float, rng: np.random.Generator) -> np.ndarray:
    """Scenes in a random order until there are enough frames."""
    parts, count = [], 0
    while count < seconds * FPS:
        for k in rng.permutation(len(clips)):
            parts.append(read_frames(clips[k]))
            count += len(parts[-1])
            if count >= seconds * FPS:
                break
    return np.concatenate(parts)[: round(seconds * FPS)]


def draw_spans(frames: int, rng: np.random.Generator) -> list[Span]:
    """Spans of every length, with room between them, as many as fit."""
    spans, place = [], round(APART_S * FPS)
    kinds = [KINDS[k] for k in rng.permutation(len(KINDS))]
    for family, variant in kinds:
        length = round(FPS * float(rng.choice(LENGTHS_S)))
        if place + length > frames - FPS:
            break
        strength = strength_at(family, variant, float(rng.uniform(2, 3)))
        spans.append(Span(Op(family, variant, strength, ""), place, place + length, int(rng.integers(2**31))))
        place += length + round(FPS * rng.uniform(APART_S, 2 * APART_S))
    return spans


def degrade(film: np.ndarray, span: Span, folder: Path) -> None:
    """Write a degraded part over the clean one."""
    part, op, rng = film[span.first : span.end].copy(), span.op, np.random.default_rng(span.seed)
    facts = ffmpeg.Facts(WIDTH, HEIGHT, FPS, len(part), len(part) / FPS)
    if op.family == "freeze":
        film[span.first : span.end] = film[span.first - 1]
    elif op.family in TEMPORAL_FAMILIES:
        film[span.first : span.end] = part[frame_order(op, facts, rng)]
    else:
        source, target, step = folder / "part.mp4", folder / "worse.mp4", step_for(op, facts, rng)
        ffmpeg.encode_frames(part, FPS, source)
        ffmpeg.encode_file(source, target, step.filters, step.codec)
        film[span.first : span.end] = read_frames.__wrapped__(target)[: len(part)]


def measure(rater, path: Path, window_s: float) -> dict:
    """What a model says of a film: of its windows, and of six frames."""
    timeline = rater.timeline(path, window_s)
    windows = [
        {
            "start_s": window.start_s,
            "end_s": window.end_s,
            "score": window.score,
            "defects": {defect.name: defect.severity for defect in window.defects},
            "naming": rounded(window.naming),
            "moments": [[one.start_s, one.end_s, dict(one.named), rounded(one.naming)] for one in window.moments],
        }
        for window in timeline.windows
    ]
    facts = {"duration_s": timeline.duration_s, "window_s": window_s, "cuts": timeline.cuts}
    return facts | {"six": rater.rate(path).score, "windows": windows}


def rounded(naming: Mapping[str, float]) -> dict[str, float]:
    return {name: round(probability, 4) for name, probability in naming.items()}


def measure_all(args: argparse.Namespace) -> None:
    """Every version of every film that is not in the file yet."""
    from vqathinker import load_rater

    kept = json.loads(args.out.read_text(encoding="utf-8")) if args.out.exists() else []
    done, rater = {(one["film"], one["version"]) for one in kept}, load_rater(args.model)
    wanted = [(film, version) for version in VERSIONS for film in range(args.films) if (film, version) not in done]
    for film, version in wanted:
        kept.append(measure_one(rater, args, film, version))
        with atomic_write(args.out) as partial:
            partial.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
        print(f"film {film + 1} of {args.films}, {version}: {len(kept[-1]['windows'])} windows", flush=True)


def measure_one(rater, args: argparse.Namespace, number: int, version: str) -> dict:
    """One version of one film: made, measured, and forgotten."""
    rng = np.random.default_rng([args.seed, number])
    film = splice(args.clips[number % 2 :: 2], args.seconds, rng)
    spans = draw_spans(len(film), rng)[VERSIONS[version]]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "film.mp4"
        for span in spans:
            degrade(film, span, Path(folder))
        ffmpeg.encode_frames(film, FPS, path)
        facts = {"film": number, "version": version, "half": number % 2, "true": [span.told for span in spans]}
        return facts | measure(rater, path, args.window)


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure where a timeline finds faults.")
    parser.add_argument("clips", nargs="*", type=Path)
    parser.add_argument("--films", type=int, default=6)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--window", type=float, default=2.0)
    parser.add_argument("--model", default="tiny")
    parser.add_argument("--seed", type=int, default=0)
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--out", type=Path)
    where.add_argument("--judge", type=Path)
    args = parser.parse_args()
    if args.out:
        measure_all(args)
    show(json.loads((args.out or args.judge).read_text(encoding="utf-8")))


if __name__ == "__main__":
    main()

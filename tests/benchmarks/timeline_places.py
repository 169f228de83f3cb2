"""Does a timeline find faults, and where they are? Not a test: it prints, it never fails.

    python -m tests.benchmarks.timeline_places CLIP… [--films 6] [--seconds 40] [--window 2] [--model tiny] [--out JSON]

CLIP: clean clips that the model has not seen. Films are spliced of them, scene after scene, at 640 x 360 and 24 frames
a second; then spans of half a second to eight seconds are degraded as in the training data, strongly enough to be seen
(level 2 to 3 of `training.data.build.degrade`). Each film has three versions: clean, half of the spans, all of them.

Printed, with the number of what was counted: spans found by their length (a fault of the same name overlaps), errors
of their starts and ends in seconds, precision, recall and F1 of (fault, second) pairs, faults named in clean films, and
how often the version with more degraded seconds has the lower score: by the timeline's score, its mean, and six frames.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np

from training.data import ffmpeg
from training.data.build.degrade import TEMPORAL, Op, frame_order, step_for, strength_at
from vqathinker import load_rater

WIDTH, HEIGHT, FPS = 640, 360, 24
LENGTHS_S, APART_S = (0.5, 1.0, 2.0, 4.0, 8.0), 3.0
KINDS = (
    ("blur", "gaussian"), ("noise", "gaussian"), ("compression", "x264"), ("underexposure", "stops"),
    ("overexposure", "stops"), ("low_contrast", "flat"), ("color", "hue"), ("freeze", "single"),
    ("low_frame_rate", "duplicated"), ("disorder", "shuffle"), ("shake", "hand"),
)  # fmt: skip


@dataclass(frozen=True)
class Span:
    """A degraded part of a film: what was done to it, and its frames [first, end)."""

    op: Op
    first: int
    end: int

    @property
    def seconds(self) -> tuple[float, float]:
        return self.first / FPS, self.end / FPS


def read_frames(path: Path, count: int | None = None) -> np.ndarray:
    """(N, 360, 640, 3) uint8, squashed."""
    with av.open(str(path)) as container:
        frames = [frame.to_ndarray(width=WIDTH, height=HEIGHT, format="rgb24") for frame in container.decode(video=0)]
    return np.stack(frames[:count])


def splice(clips: Sequence[Path], seconds: float, rng: np.random.Generator) -> np.ndarray:
    """Scenes in a random order until there are enough frames."""
    parts, count = [], 0
    while count < seconds * FPS:
        for path in rng.permutation(np.array([str(clip) for clip in clips])):
            parts.append(read_frames(Path(path)))
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
        spans.append(Span(Op(family, variant, strength, ""), place, place + length))
        place += length + round(FPS * rng.uniform(APART_S, 2 * APART_S))
    return spans


def degrade(film: np.ndarray, span: Span, rng: np.random.Generator, folder: Path) -> None:
    """Write a degraded part over the clean one."""
    part, op = film[span.first : span.end].copy(), span.op
    facts = ffmpeg.Facts(WIDTH, HEIGHT, FPS, len(part), len(part) / FPS)
    if op.family == "freeze":
        film[span.first : span.end] = film[span.first - 1]
    elif op.family in TEMPORAL:
        film[span.first : span.end] = part[frame_order(op, facts, rng)]
    else:
        source, target, step = folder / "part.mp4", folder / "worse.mp4", step_for(op, facts, rng)
        ffmpeg.encode_frames(part, FPS, source)
        ffmpeg.encode(source, target, step.filters, step.codec)
        film[span.first : span.end] = read_frames(target, len(part))


def pairs(spans: Sequence[tuple[str, float, float]], seconds: int) -> set[tuple[str, int]]:
    """(fault, second) for every second of which a fault has at least half, or a short one its middle."""
    found = set()
    for name, start, end in spans:
        found |= {(name, s) for s in range(seconds) if min(end, s + 1) - max(start, s) >= 0.5}
        found.add((name, min(seconds - 1, int((start + end) / 2))))
    return found


def measure(rater, path: Path, spans: Sequence[Span], window_s: float) -> dict:
    """The timeline of one version beside what was done to it."""
    timeline = rater.timeline(path, window_s)
    named = [(fault.name, fault.start_s, fault.end_s) for fault in timeline.faults]
    true = [(span.op.family, *span.seconds) for span in spans]
    seconds = int(timeline.duration_s)
    hit, told = pairs(true, seconds), pairs(named, seconds)
    return {
        "degraded_s": sum(end - start for _, start, end in true),
        "score": timeline.score,
        "mean": float(np.mean([window.score for window in timeline.windows])),
        "six": rater.rate(path).score,
        "true": true,
        "named": named,
        "pairs": [len(hit & told), len(told), len(hit)],
        "matched": [match(one, named) for one in true],
    }


def match(true: tuple[str, float, float], named: Sequence[tuple[str, float, float]]) -> tuple[float, float] | None:
    """Errors (s) of start and end of the named fault that overlaps a true one most, None where none does."""
    name, start, end = true
    near = [(min(end, b) - max(start, a), a, b) for other, a, b in named if other == name]
    overlap, a, b = max(near, default=(0.0, 0.0, 0.0))
    return (a - start, b - end) if overlap > 0 else None


def told(results: Sequence[Sequence[dict]], window_s: float) -> dict:
    """What is printed."""
    versions = [version for film in results for version in film]
    cases = [(one, error) for v in versions for one, error in zip(v["true"], v["matched"], strict=True)]
    right, said, wanted = np.sum([v["pairs"] for v in versions if v["true"]], axis=0)
    clean = [v for film in results for v in film[:1]]
    report = {"spans": len(cases)}
    for length in LENGTHS_S:
        of = [error for (_, start, end), error in cases if abs(end - start - length) < 0.1]
        report[f"found, {length:g} s ({len(of)})"] = np.mean([error is not None for error in of]) if of else None
    errors = np.array([error for _, error in cases if error is not None])
    if len(errors):
        for name, column in (("start", 0), ("end", 1)):
            report[f"{name} error, median of magnitudes, s"] = np.median(np.abs(errors[:, column]))
            report[f"{name} within half a window"] = np.mean(np.abs(errors[:, column]) <= window_s / 2)
    report["precision of (fault, second)"] = right / max(said, 1)
    report["recall of (fault, second)"] = right / max(wanted, 1)
    report["F1 of (fault, second)"] = 2 * right / max(said + wanted, 1)
    report["faults named in clean films, a minute"] = 60 * sum(len(v["named"]) for v in clean) / seconds_of(clean)
    for kind in ("score", "mean", "six"):
        order = [film[a][kind] > film[b][kind] for film in results for a in range(3) for b in range(a + 1, 3)]
        report[f"more degraded is lower, by {kind}"] = np.mean(order)
    return {name: None if value is None else round(float(value), 3) for name, value in report.items()}


def seconds_of(versions: Sequence[dict]) -> float:
    return max(1.0, sum(version["seconds"] for version in versions))


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure where a timeline finds faults.")
    parser.add_argument("clips", nargs="+", type=Path)
    parser.add_argument("--films", type=int, default=6)
    parser.add_argument("--seconds", type=float, default=40.0)
    parser.add_argument("--window", type=float, default=2.0)
    parser.add_argument("--model", default="tiny")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    rater, rng, results = load_rater(args.model), np.random.default_rng(args.seed), []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for number in range(args.films):
            film = splice(args.clips, args.seconds, rng)
            spans = draw_spans(len(film), rng)
            versions = []
            for done in ([], spans[::2], spans):
                worse = film.copy()
                for span in done:
                    degrade(worse, span, rng, folder)
                path = folder / f"{number}.mp4"
                ffmpeg.encode_frames(worse, FPS, path)
                versions.append(measure(rater, path, done, args.window) | {"seconds": args.seconds})
            results.append(versions)
            print(f"film {number + 1}: {[round(version['score'], 2) for version in versions]}", flush=True)
    report = told(results, args.window)
    for line, value in report.items():
        print(f"{line:46} {value}")
    if args.out:
        args.out.write_text(json.dumps({"report": report, "films": results}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

"""Which score of a long film agrees better with its truth: that of all its windows, or that of six frames?

    python -m tests.benchmarks.timeline_scores [training/runs/tiny/predictions.jsonl] [--films 2000]

Needs no model: the file has what a model said of degraded validation clips, and their pseudo-MOS. Films are rows of
such clips, three seconds each, three in four of the best third, as faults are rare in a film. Their truth is the mean
MOS of all clips, or, leaning to the worst moments, what `pooled` makes of the MOS. The answers:

    pooled      `pooled` of the scores of all clips: the score of a timeline
    mean        the mean of the scores of all clips
    six         the mean of the scores of the clips on which six frames, evenly spaced, fall. It takes for granted that
                a model that sees six scenes at once says the mean of what it says of each: the best case for six frames

Printed by the length of the film: Spearman correlation and mean absolute error with either truth. Not a test.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
from scipy.stats import spearmanr

from vqathinker.rating.timeline import pooled

CLIP_S, FRAMES, CLEAN_SHARE = 3, 6, 0.75
SHOTS = (2, 4, 8, 20, 60, 200)


def read(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """MOS and scores of the degraded clips, (N,) each, best first."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    pairs = sorted(((row["mos"], row["score"]) for row in rows if row["set"] == "pseudo"), reverse=True)
    mos, scores = np.array(pairs).T
    return mos, scores


def draw(count: int, shots: int, rng: np.random.Generator) -> np.ndarray:
    """Numbers of the clips of a film. The share of bad ones differs from film to film."""
    clean = rng.integers(count // 3, size=shots)
    bad = rng.integers(count // 3, count, size=shots)
    share = rng.uniform(0, 2 * (1 - CLEAN_SHARE))
    return np.where(rng.uniform(size=shots) < share, bad, clean)


def answers(scores: np.ndarray) -> dict[str, float]:
    """What each way says of a film whose clips have these scores."""
    at = ((np.arange(FRAMES) + 0.5) * len(scores) / FRAMES).astype(int)
    ones = [1.0] * len(scores)
    return {"pooled": pooled(scores.tolist(), ones), "mean": scores.mean(), "six": scores[at].mean()}


def main() -> None:
    parser = argparse.ArgumentParser(description="Compare scores of long films.")
    parser.add_argument("predictions", nargs="?", type=Path, default=Path("training/runs/tiny/predictions.jsonl"))
    parser.add_argument("--films", type=int, default=2000)
    args = parser.parse_args()
    (mos, scores), rng = read(args.predictions), np.random.default_rng(0)
    print("| film | answer | SRCC, mean MOS | MAE | SRCC, MOS leaning to the worst | MAE |\n|---|---|---|---|---|---|")
    for shots in SHOTS:
        films = [draw(len(mos), shots, rng) for _ in range(args.films)]
        said = [answers(scores[film]) for film in films]
        truths = [[mos[film].mean() for film in films], [answers(mos[film])["pooled"] for film in films]]
        for way in said[0]:
            own = np.array([one[way] for one in said])
            cells = [f"{spearmanr(own, truth)[0]:.3f} | {np.abs(own - truth).mean():.2f}" for truth in truths]
            print(f"| {shots * CLIP_S} s | {way} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()

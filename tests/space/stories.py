"""A made-up training log with every part, small enough to know by heart."""

from __future__ import annotations

import json
from pathlib import Path

from vqathinker.space.history.log import LOG_FILE, Story, read_story

KEYS = ("regression_human", "ranking_human", "srcc_clive", "spread")
TITLES = {
    "regression_human": "regression reward, human MOS",
    "ranking_human": "ranking reward, human MOS",
    "srcc_clive": "SRCC LIVE-Challenge, score",
    "spread": "spread of sampled answers",
}


def answer(score: float | None, words: str = "It is sharp.") -> str:
    return f"<think>{words}</think><answer>{'?' if score is None else f'{score:.2f}'}</answer>"


def save(step: int, score: float | None, scores: list, words: str = "It is sharp.") -> dict:
    known = sorted(value for value in scores if value is not None)
    sampled = [{"score": value, "text": answer(value, words)} for value in known[:: max(1, len(known) - 1)]]
    return {"step": step, "text": answer(score, words), "score": score, "scores": scores, "sampled": sampled}


def change(value: float | None, low: float | None, high: float | None) -> dict:
    return {"value": value, "low": low, "high": high}


UP, DOWN, STILL = change(0.02, 0.01, 0.03), change(-0.02, -0.03, -0.01), change(0.004, -0.01, 0.02)


def content(**changes: object) -> dict:
    """training.json of ten steps with saves at 0, 5 and 10; `changes` replace whole parts."""
    recipe = dict(zip(KEYS, (UP, STILL, DOWN, DOWN), strict=True))
    base = {
        "format": 1,
        "settings": {"videos_per_step": 16, "num_generations": 4, "validation": 60, "max_completion_length": 110},
        "supervised": [
            {"name": "vision", "steps": 20, "validation": [{"step": 20, "clive_srcc": 0.6}]},
            {"name": "motion", "steps": 30, "validation": [{"step": 30, "freeze": 0.8}]},
            {"name": "language", "steps": 40, "validation": [{"step": s, "clive_srcc": s / 50} for s in (20, 40)]},
        ],
        "steps": {
            "step": list(range(1, 11)),
            "reward": [2 + k / 10 for k in range(10)],
            "format": [1.0] * 10,
            "kl": [None, *(k / 100 for k in range(1, 10))],
            "completions/mean_length": [40.0 + k for k in range(10)],
            "completions/clipped_ratio": [0.0] * 10,
        },
        "validation": [
            {"step": s, "clive_greedy_srcc": 0.7 + s / 100, "avt_greedy_srcc": None, "reward": 2.5 - s / 100}
            for s in (0, 5, 10)
        ],
        "probes": [
            {"id": "a", "what": "Photograph <7>", "human": True, "mos": 3.0, "saves": [
                save(0, 3.5, [3.4, 3.6]), save(5, 3.25, [3.2, 3.4]), save(10, 3.25, [3.2, 3.4])]},
            {"id": "b", "what": "Clip b", "human": False, "mos": 2.0, "saves": [
                save(0, 2.0, [1.8, 2.2]), save(5, 2.0, [1.9, None, 2.1]), save(10, 2.0, [1.9, None, 2.1])]},
        ],
        "study": {
            "samples": 100, "draws": 1000, "seeds": 2, "titles": TITLES,
            "recipe": {k: {"start": 0.5, "mean": 0.5, "deviation": 0.01, **entry} for k, entry in recipe.items()},
            "ablation": {
                "format": None,
                "regression": {"seeds": 1, "metrics": dict.fromkeys(KEYS, STILL) | {"regression_human": UP}},
                "ranking": {"seeds": 1, "metrics": dict.fromkeys(KEYS, STILL)},
                "temporal": {"seeds": 0, "metrics": {}},
            },
        },
    }  # fmt: skip
    return base | changes


def write(folder: Path, **changes: object) -> Path:
    """A folder with the log in it."""
    (folder / LOG_FILE).write_text(json.dumps(content(**changes)), encoding="utf-8")
    return folder


def story(folder: Path, **changes: object) -> Story:
    return read_story(write(folder, **changes))

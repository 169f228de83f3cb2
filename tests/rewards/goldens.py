"""Numbers of the original implementation, and what the rewards tests share."""

import json
from pathlib import Path

import torch
from hypothesis import settings

FOLDER = Path(__file__).parents[1] / "golden"
QUICK = settings(max_examples=40, deadline=None)


def golden(name: str) -> dict:
    return json.loads((FOLDER / f"{name}.json").read_text())


def written(score: float | str) -> str:
    text = score if isinstance(score, str) else f"{score:.2f}"
    return f"<think>x</think><answer>{text}</answer>"


def close(actual, expected, tolerance: float) -> None:
    torch.testing.assert_close(actual, torch.as_tensor(expected), rtol=0, atol=tolerance, check_dtype=False)

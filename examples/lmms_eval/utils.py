"""What video_quality.yaml names: where a video lies, the question, and what an answer is worth."""

from __future__ import annotations

import os

from vqathinker.model.prompts import OFFICIAL_INSTRUCTION, OFFICIAL_QUESTION
from vqathinker.rating.answers import greedy_score
from vqathinker.rating.evaluation import agreement
from vqathinker.rewards import parse_answer

METRICS = ("srcc", "plcc", "mae")


def visual(doc: dict) -> list[str]:
    """The path of a video, in the folder VQATHINKER_VIDEOS."""
    return [os.path.join(os.environ.get("VQATHINKER_VIDEOS", ""), doc["file"])]


def question(doc: dict, lmms_eval_specific_kwargs: dict | None = None) -> str:
    return f"{OFFICIAL_QUESTION} {OFFICIAL_INSTRUCTION}"


def scored(doc: dict, results: list[str]) -> dict:
    """The score in an answer beside that of people; unreadable ones count as 3.00, as in the published evaluation."""
    text = results[0]
    pair = (greedy_score(text), float(doc["mos"]))
    return dict.fromkeys(METRICS, pair) | {"readable": float(parse_answer(text) is not None)}


def srcc(pairs: list[tuple[float, float]]) -> float | None:
    return measured(pairs, "srcc")


def plcc(pairs: list[tuple[float, float]]) -> float | None:
    return measured(pairs, "plcc")


def mae(pairs: list[tuple[float, float]]) -> float | None:
    return measured(pairs, "mae")


def measured(pairs: list[tuple[float, float]], metric: str) -> float | None:
    """One number of the agreement of scores and MOS; None where it is not defined."""
    scores, mos = zip(*pairs, strict=True)
    return getattr(agreement(scores, mos), metric).value

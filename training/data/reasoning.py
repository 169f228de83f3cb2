"""Writes the answer that the model is taught: grounded in a manifest row, and nothing that is not in it.

The order is fixed: what the picture looks like (training/data/appearance.py), its motion, its defects from worst to
least and where they show most, a judgement with the score's word. Facts of the file are left out: the model cannot copy
them. A text keeps one voice from its first sentence to its last. The model then has one way to go on at each place
where it decides whether a defect is there and which: were it free to choose among wordings, the most probable word
would not be that of the most probable defect."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vqathinker.answer import compose
from vqathinker.rating.defect_patterns import MOTION_DEFECTS
from vqathinker.rating.defects import DEFECTS, SEVERITIES, defect_sentence
from vqathinker.rating.words import JUDGEMENTS, score_word

from .appearance import EVERYWHERE, Appearance, random_appearance


@dataclass(frozen=True)
class Voice:
    """One way of putting things; its sentence for a defect is that of the same number in `defects.SENTENCES`."""

    looks: str
    flowing: str
    clean: str
    judgement: str


VOICES = (
    Voice(
        "The light is {light}, the colors are {color} and fine detail is {detail}.",
        "The motion flows as it should.",
        "No visible defect is present.",
        JUDGEMENTS[0],
    ),
    Voice(
        "It shows {light} light, {color} colors and {detail} fine detail.",
        "Movement is smooth from start to end.",
        "Nothing disturbs the view.",
        JUDGEMENTS[1],
    ),
    Voice(
        "I see {light} light, {color} colors and {detail} fine detail.",
        "Everything moves in a natural and even way.",
        "To me it is clean and free of defects.",
        JUDGEMENTS[2],
    ),
    Voice(
        "In {light} light and with {color} colors, fine detail is {detail}.",
        "Each frame follows the last one evenly.",
        "It is free of any visible defect.",
        JUDGEMENTS[3],
    ),
)
GOOD_MOS = 3.8
"""What people rated at least so has no defect that they minded."""


def _where(name: str, looks: Appearance) -> str:
    """Where an exposure defect shows most, as the end of its sentence."""
    place = {"overexposure": looks.bright, "underexposure": looks.dark}.get(name, EVERYWHERE)
    return "" if place == EVERYWHERE else f", most of all {place}"


def is_liked(row: dict) -> bool:
    """Whether people rated this very picture, and liked it."""
    return row["kind"] == "human" and row["mos"] >= GOOD_MOS


def defects_known(row: dict) -> bool:
    """Whether all that is wrong with a sample is listed: of a rated picture only where people liked it."""
    return row["kind"] == "pseudo" or is_liked(row)


def is_clean(row: dict) -> bool:
    """Whether it is known that nothing is wrong with a sample."""
    return defects_known(row) and not row["defects"]


def _is_moving(row: dict) -> bool:
    return row["facts"]["num_frames"] > 1


def write_reasoning(row: dict, score: float, rng: np.random.Generator, judged: float | None = None) -> str:
    """`<think>…</think><answer>d.dd</answer>` for a manifest row and the score (1..5) that it shall end in.

    Names exactly the row's defects with their severities; `row["appearance"]` says what it looks like (anything where a
    row has none). The words judge the quality as `judged` (1..5), which is the score itself where it is not given. Of a
    picture that people did not like and in which no defect was measured the faults are not known, so none is denied.
    Raises ValueError for a score outside [1, 5].
    """
    score = round(score, 2)
    word, number = score_word(score if judged is None else judged), int(rng.integers(len(VOICES)))
    voice = VOICES[number]
    looks = Appearance(**row["appearance"]) if row.get("appearance") else random_appearance(rng)
    defects = sorted(row["defects"], key=lambda d: (-SEVERITIES.index(d["severity"]), DEFECTS.index(d["name"])))
    sentences = [voice.looks.format(light=looks.light, color=looks.color, detail=looks.detail)]
    if _is_moving(row) and not {*MOTION_DEFECTS} & {d["name"] for d in defects} and row["facts"]["fps"] >= 12:
        sentences.append(voice.flowing)
    for name, severity in ((defect["name"], defect["severity"]) for defect in defects):
        sentences.append(f"{defect_sentence(name, severity, number)}{_where(name, looks)}.")
    if is_clean(row):
        sentences.append(voice.clean)
    sentences.append(voice.judgement.format(word=word, thing="clip" if _is_moving(row) else "picture"))
    return compose(" ".join(sentences), f"{score:.2f}")

"""Writes the answer that the model is taught: grounded in a manifest row, and nothing that is not in it.

The order is fixed: what the clip is, its motion, its defects from worst to least, a judgement with the score's word.
A text keeps one voice from its first sentence to its last. The model then has one way to go on at each place where it
decides whether a defect is there and which: were it free to choose among wordings, the most probable word would not be
that of the most probable defect.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vqathinker.rating.defects import ADJECTIVES, ADVERBS, DEFECTS, PHRASES, SEVERITIES
from vqathinker.rating.words import score_word


@dataclass(frozen=True)
class Voice:
    """One way of putting things. `defect` names adjective and noun, or subject, adverb and predicate; `synonym` says
    which of the words that mean the same."""

    still: str
    moving: str
    flowing: str
    defect: str
    clean: str
    judgement: str
    synonym: int


VOICES = (
    Voice(
        "This is a still picture of {size} size.",
        "This is a {size} {shape} clip at {fps} frames per second.",
        "Its motion flows as it should.",
        "There is {adjective} {noun}.",
        "No visible defect is present.",
        "Overall, I would call the quality of this {thing} {word}.",
        0,
    ),
    Voice(
        "A still picture of {size} size is shown.",
        "A {size} {shape} clip plays at {fps} frames per second.",
        "Movement is smooth from start to end.",
        "The {subject} is {adverb} {predicate}.",
        "Nothing disturbs the view.",
        "All in all, I judge the quality of the {thing} as {word}.",
        1,
    ),
    Voice(
        "I see a still picture of {size} size.",
        "I see a {size} {shape} clip with {fps} frames per second.",
        "Everything moves in a natural and even way.",
        "I notice {adjective} {noun}.",
        "To me it is clean and free of defects.",
        "Taken together, the quality of this {thing} is {word} to me.",
        1,
    ),
    Voice(
        "The input is one still picture of {size} size.",
        "The video is {size} and {shape}, with {fps} frames per second.",
        "Each frame follows the last one evenly.",
        "Here the {subject} looks {adverb} {predicate}.",
        "It is free of any visible defect.",
        "In sum, the {thing} as a whole has {word} quality.",
        0,
    ),
)
SIZES = ((700, "large"), (480, "medium"), (300, "small"), (0, "tiny"))
IMPRESSION = {
    "bad": (
        "Hardly anything in the picture is pleasant to look at.",
        "The picture is hard to enjoy and gives little joy.",
        "The whole picture makes a very weak impression.",
        "The picture looks ruined from edge to edge.",
    ),
    "poor": (
        "The picture looks weak and not pleasant to view.",
        "The picture leaves a rather weak impression.",
        "Much of the picture is below what one expects.",
        "The picture looks clearly worse than usual.",
    ),
    "fair": (
        "The picture looks mediocre, neither pleasing nor annoying.",
        "The picture is usable but not pleasing.",
        "The picture makes an average impression.",
        "The picture is acceptable, with room to improve.",
    ),
    "good": (
        "The picture is pleasant and natural to look at.",
        "The picture makes a solid impression.",
        "Most of the picture looks natural and pleasing.",
        "The picture is enjoyable, with little to complain about.",
    ),
    "excellent": (
        "The picture is a joy to look at, crisp and natural.",
        "The picture makes a brilliant impression.",
        "The whole picture looks crisp, rich and natural.",
        "The picture is vivid and very pleasing.",
    ),
}
MOTION_DEFECTS = frozenset({"freeze", "low_frame_rate", "disorder", "shake", "corruption"})


def _size(lines: int) -> str:
    return next(name for limit, name in SIZES if lines >= limit)


def _shape(width: int, height: int) -> str:
    return "wide" if width > 1.1 * height else "tall" if height > 1.1 * width else "square"


def _facts(facts: dict, voice: Voice) -> str:
    size = _size(min(facts["width"], facts["height"]))
    if facts["num_frames"] <= 1:
        return voice.still.format(size=size)
    return voice.moving.format(size=size, shape=_shape(facts["width"], facts["height"]), fps=round(facts["fps"]))


def _defect(name: str, severity: str, voice: Voice) -> str:
    def one(words: tuple):
        return words[voice.synonym % len(words)]

    subject, predicate = one(PHRASES[name].predicates)
    return voice.defect.format(
        adjective=one(ADJECTIVES[severity]),
        noun=one(PHRASES[name].nouns),
        subject=subject,
        adverb=one(ADVERBS[severity]),
        predicate=predicate,
    )


def _is_moving(row: dict) -> bool:
    return row["facts"]["num_frames"] > 1


def write_reasoning(row: dict, score: float, rng: np.random.Generator, judged: float | None = None) -> str:
    """`<think>…</think><answer>d.dd</answer>` for a manifest row and the score (1..5) that it shall end in.

    Names exactly the row's defects with their severities. The words judge the quality as `judged` (1..5), which is the
    score itself where it is not given. A rated picture in which no defect was measured is judged by its impression
    only, since its faults are not known. Raises ValueError for a score outside [1, 5].
    """
    score = round(score, 2)
    word, number = score_word(score), int(rng.integers(len(VOICES)))
    word = word if judged is None else score_word(judged)
    voice = VOICES[number]
    defects = sorted(row["defects"], key=lambda d: (-SEVERITIES.index(d["severity"]), DEFECTS.index(d["name"])))
    sentences = [_facts(row["facts"], voice)]
    if _is_moving(row) and not MOTION_DEFECTS & {d["name"] for d in defects} and row["facts"]["fps"] >= 12:
        sentences.append(voice.flowing)
    sentences += [_defect(d["name"], d["severity"], voice) for d in defects]
    if not defects:
        sentences.append(IMPRESSION[word][number] if row["kind"] == "human" else voice.clean)
    sentences.append(voice.judgement.format(word=word, thing="clip" if _is_moving(row) else "picture"))
    return f"<think>{' '.join(sentences)}</think><answer>{score:.2f}</answer>"

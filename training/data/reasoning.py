"""Writes the answer that the model is taught: grounded in a manifest row, and nothing that is not in it.

The order is fixed: what the clip is, its motion, its defects from worst to least, a judgement with the score's word.
"""

from __future__ import annotations

import numpy as np

from vqathinker.rating.defects import ADJECTIVES, ADVERBS, DEFECTS, PHRASES, SEVERITIES
from vqathinker.rating.words import score_word

SIZES = ((700, "large"), (480, "medium"), (300, "small"), (0, "tiny"))
STILL = (
    "This is a still picture of {size} size.",
    "A still picture of {size} size is shown.",
    "I see a still picture of {size} size.",
    "The input is one still picture of {size} size.",
)
MOVING = (
    "This is a {size} {shape} clip at {fps} frames per second.",
    "A {size} {shape} clip plays at {fps} frames per second.",
    "I see a {size} {shape} clip with {fps} frames per second.",
    "The video is {size} and {shape}, with {fps} frames per second.",
)
FLOWING = (
    "The motion flows as it should.",
    "The motion looks natural and even.",
    "Movement is smooth from start to end.",
    "The frames follow each other evenly.",
)
NOUNS = (
    "There is {adjective} {noun}.",
    "I notice {adjective} {noun}.",
    "It suffers from {adjective} {noun}.",
    "{Adjective} {noun} can be seen.",
)
PREDICATES = (
    "The {subject} is {adverb} {predicate}.",
    "The {subject} looks {adverb} {predicate}.",
    "Here the {subject} is {adverb} {predicate}.",
    "Throughout, the {subject} is {adverb} {predicate}.",
)
CLEAN = (
    "No visible defect is present.",
    "Nothing disturbs the view.",
    "I find no visible defect in it.",
    "The picture is clean and free of defects.",
)
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
JUDGEMENT = (
    "Overall, I would call the quality of this {thing} {word}.",
    "All in all, I judge the quality of the {thing} as {word}.",
    "Taken together, the quality of this {thing} is {word} to me.",
    "In sum, the {thing} as a whole has {word} quality.",
)
MOTION_DEFECTS = frozenset({"freeze", "low_frame_rate", "disorder", "shake", "corruption"})


def _one(choices: tuple[str, ...], rng: np.random.Generator) -> str:
    return choices[int(rng.integers(len(choices)))]


def _size(lines: int) -> str:
    return next(name for limit, name in SIZES if lines >= limit)


def _shape(width: int, height: int) -> str:
    return "wide" if width > 1.1 * height else "tall" if height > 1.1 * width else "square"


def _facts(facts: dict, rng: np.random.Generator) -> str:
    size = _size(min(facts["width"], facts["height"]))
    if facts["num_frames"] <= 1:
        return _one(STILL, rng).format(size=size)
    return _one(MOVING, rng).format(size=size, shape=_shape(facts["width"], facts["height"]), fps=round(facts["fps"]))


def _defect(name: str, severity: str, rng: np.random.Generator) -> str:
    phrases = PHRASES[name]
    if rng.random() < 0.5:
        adjective = _one(ADJECTIVES[severity], rng)
        text = _one(NOUNS, rng)
        return text.format(adjective=adjective, Adjective=adjective.capitalize(), noun=_one(phrases.nouns, rng))
    subject, predicate = phrases.predicates[int(rng.integers(len(phrases.predicates)))]
    return _one(PREDICATES, rng).format(subject=subject, adverb=_one(ADVERBS[severity], rng), predicate=predicate)


def _is_moving(row: dict) -> bool:
    return row["facts"]["num_frames"] > 1


def write_reasoning(row: dict, score: float, rng: np.random.Generator) -> str:
    """`<think>…</think><answer>d.dd</answer>` for a manifest row and the score (1..5) that it shall end in.

    Names exactly the row's defects with their severities.  A rated picture in which no defect was measured is judged
    by its impression only, since its faults are not known.  Raises ValueError for a score outside [1, 5].
    """
    score = round(score, 2)
    word = score_word(score)
    defects = sorted(row["defects"], key=lambda d: (-SEVERITIES.index(d["severity"]), DEFECTS.index(d["name"])))
    sentences = [_facts(row["facts"], rng)]
    if _is_moving(row) and not MOTION_DEFECTS & {d["name"] for d in defects} and row["facts"]["fps"] >= 12:
        sentences.append(_one(FLOWING, rng))
    sentences += [_defect(d["name"], d["severity"], rng) for d in defects]
    if not defects:
        sentences.append(_one(IMPRESSION[word] if row["kind"] == "human" else CLEAN, rng))
    sentences.append(_one(JUDGEMENT, rng).format(word=word, thing="clip" if _is_moving(row) else "picture"))
    return f"<think>{' '.join(sentences)}</think><answer>{score:.2f}</answer>"

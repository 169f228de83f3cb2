"""Reading what the model wrote."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from ..answer import NUMBER, answer_span
from .spec import DEFAULT_SPEC, RewardSpec


@dataclass(frozen=True)
class Answer:
    """A score as it was written: its value (None: unreadable), how many decimals count, and the text that was searched
    for it."""

    value: float | None = None
    decimals: int = 0
    within: str = field(default="", repr=False, compare=False)


def read_answer(text: str, spec: RewardSpec = DEFAULT_SPEC) -> Answer:
    """The first number inside the last `<answer>…</answer>` of a completion, with its decimals.

    Any number is read, on or off the MOS scale; one too large for a float is unreadable. Source: official
    extract_first_number and regression_reward, with the repairs answer_needs_tags (else a text without tags is
    searched as a whole) and count_written_decimals (else trailing zeros do not count).

    >>> read_answer("<think>Sharp.</think><answer>3.50</answer>")
    Answer(value=3.5, decimals=2)
    >>> read_answer("<think>Sharp.</think><answer>3.50</answer>", RewardSpec.official())
    Answer(value=3.5, decimals=1)
    >>> read_answer("Frame1 is sharp"), read_answer("Frame1 is sharp", RewardSpec.official()).value
    (Answer(value=None, decimals=0), 1.0)
    """
    span = answer_span(text)
    inside = text[slice(*span)] if span else ("" if spec.answer_needs_tags else text)
    number = NUMBER.search(inside)
    if number is None:
        return Answer(within=inside)
    value = float(number.group())
    if spec.unreadable_is_lowest and not math.isfinite(value):
        return Answer(within=inside)
    written = number.group() if spec.count_written_decimals else str(value).rstrip("0")
    return Answer(value, len(written.rpartition(".")[2]) if "." in written else 0, inside)


def parse_answer(text: str, spec: RewardSpec = DEFAULT_SPEC) -> float | None:
    """The score of a completion, or None when there is none: the value of `read_answer`.

    Source: official rewards, except that text without tags is unreadable here (the released code would read "Frame1"
    as the score 1).

    >>> parse_answer("<think>Sharp.</think><answer>3.50</answer>")
    3.5
    >>> parse_answer("Frame1 is sharp") is None
    True
    """
    return read_answer(text, spec).value

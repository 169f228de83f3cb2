"""Reading what the model wrote."""

from __future__ import annotations

import re

ANSWER = re.compile(r"<answer>(.*?)</answer>", re.DOTALL)
NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
INSIDE = r"(?:(?!</?think>|</?answer>).)*"
FORMAT = re.compile(rf"\s*<think>{INSIDE}</think>\s*<answer>{INSIDE}</answer>\s*", re.DOTALL)


def parse_answer(text: str) -> float | None:
    """The first number inside the last `<answer>…</answer>`, or None when there is none.

    Source: official rewards, except that text without tags is unreadable here (the released code would read "Frame1"
    as the score 1).

    >>> parse_answer("<think>Sharp.</think><answer>3.50</answer>")
    3.5
    >>> parse_answer("Frame1 is sharp") is None
    True
    """
    answers = ANSWER.findall(text)
    number = NUMBER.search(answers[-1]) if answers else None
    return float(number.group()) if number else None


def format_ok(text: str) -> bool:
    """True when the whole text is one think block followed by one answer block, white space around them allowed.

    >>> format_ok("<think>a</think> <answer>1.00</answer>\\n"), format_ok("<think>a</think>")
    (True, False)
    """
    return FORMAT.fullmatch(text) is not None

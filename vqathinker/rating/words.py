"""The five words for a score, at equal intervals of the scale from 1 to 5, and the sentence that holds one."""

from __future__ import annotations

import re
from bisect import bisect_right

WORDS = ("bad", "poor", "fair", "good", "excellent")
EDGES = (1.8, 2.6, 3.4, 4.2)
JUDGEMENTS = (
    "Overall, I would call the quality of this {thing} {word}.",
    "All in all, I judge the quality of the {thing} as {word}.",
    "Taken together, the quality of this {thing} is {word} to me.",
    "In sum, the {thing} as a whole has {word} quality.",
)
"""How the bundled model closes its reasoning, in its four voices."""
_OPENINGS = "|".join(re.escape(sentence.split(",")[0]) for sentence in JUDGEMENTS)
_JUDGED = re.compile(rf"\b((?:{_OPENINGS}), [^.<]*?\b)({'|'.join(WORDS)})\b")


def score_word(score: float) -> str:
    """bad < 1.8 <= poor < 2.6 <= fair < 3.4 <= good < 4.2 <= excellent; ValueError outside [1, 5] (NaN too)."""
    if not 1.0 <= score <= 5.0:
        raise ValueError(f"A score lies between 1 and 5, not at {score}.")
    return WORDS[bisect_right(EDGES, score)]


def judged_word(text: str) -> str | None:
    """The word of the closing judgement of a text, None where there is none.

    >>> judged_word("It is clean. Overall, I would call the quality of this clip good.")
    'good'
    """
    found = _JUDGED.search(text)
    return found.group(2) if found else None


def with_word(text: str, word: str) -> str:
    """The text with another word in its closing judgement; a text without one stays as it is."""
    return _JUDGED.sub(lambda found: found.group(1) + word, text)


def before_judgement(text: str) -> str:
    """What stands before the closing judgement of a text that is still being written; all of it before one begins."""
    found = re.search(rf"\b(?:{_OPENINGS}),", text)
    return text[: found.start()].rstrip() if found else text

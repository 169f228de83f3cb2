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
THINGS = ("clip", "picture")
_BEFORE = tuple(sentence.split("{word}")[0].format(thing=thing) for sentence in JUDGEMENTS for thing in THINGS)
"""All that may stand before the word of a closing judgement: any other sentence is none, however it begins."""
_JUDGED = re.compile(rf"({'|'.join(map(re.escape, _BEFORE))})({'|'.join(WORDS)})\b")


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


def voice_of(text: str) -> int | None:
    """The number of the voice whose closing judgement a text has, None where there is none."""
    found = _JUDGED.search(text)
    return _BEFORE.index(found.group(1)) // len(THINGS) if found else None


def with_word(text: str, word: str) -> str:
    """The text with another word in its closing judgement; a text without one stays as it is."""
    return _JUDGED.sub(lambda found: found.group(1) + word, text)


def before_judgement(text: str) -> str:
    """What stands before the closing judgement of a text that is still being written, without spaces at its end.

    The end of a text that may become a judgement is held back until it is none, so that what is shown only ever grows.

    >>> before_judgement("It is clean. Overall, I")
    'It is clean.'
    >>> before_judgement("It is clean. Overall, it is fine.")
    'It is clean. Overall, it is fine.'
    """
    return text[: min(_start(text, judgement) for judgement in _BEFORE)].rstrip()


def _start(text: str, judgement: str) -> int:
    """Where `judgement` stands in a text, or where its beginning is the end of the text; its length if nowhere."""
    found = text.find(judgement)
    if found >= 0:
        return found
    held = next((size for size in range(len(judgement) - 1, 0, -1) if text.endswith(judgement[:size])), 0)
    return len(text) - held

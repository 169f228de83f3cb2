"""How sure a model was of the faults that it named, by the probabilities of the words that it wrote."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate

from .defect_patterns import BREAK, DEFECT_NAMES


def sureness(pieces: Sequence[str], sure: Sequence[float]) -> dict[str, float]:
    """For every defect whose words stand in a text the probability of the least sure token of the clause up to there.

    pieces: the text of each token. sure: the probability with which each was written. Of a defect that is named more
    than once, the surest time counts. Whether the words affirm it is for `parse_defects` to tell.

    >>> sureness(["It ", "is ", "sharp, ", "but ", "noisy", "."], [1, 1, 0.9, 0.8, 0.6, 1])
    {'noise': 0.6}
    """
    text, ends = "".join(pieces).lower(), list(accumulate(map(len, pieces)))
    found: dict[str, float] = {}
    for match in DEFECT_NAMES.finditer(text):
        opens = max((gap.end() for gap in BREAK.finditer(text, 0, match.start())), default=0)
        tokens = slice(bisect_right(ends, opens), bisect_right(ends, match.end() - 1) + 1)
        found[match.lastgroup] = max(found.get(match.lastgroup, 0.0), min(sure[tokens], default=0.0))
    return found

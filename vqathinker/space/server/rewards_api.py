"""From JSON to a table of rewards and back: what `/rewards` computes, without the page."""

from __future__ import annotations

import math
from numbers import Real
from typing import TYPE_CHECKING

from ...answer import NUMBER, compose
from .calls import shown_value

if TYPE_CHECKING:  # the page is there before torch is
    from ...rewards import RewardSpec

SPECS = ("repaired", "official")
MOST_TEXTS, LONGEST_TEXT, LONGEST_ALL, MOST_VIDEOS = 4096, 8000, 256_000, 128
"""Answers, characters of one of them, and of all of them; and videos, each of which is compared with each other: what
can be computed while others wait for the page."""
LARGEST_NUMBER = 1e9


def reward_table(answers: list, mos: list, spec: str = "repaired", perturbed: list | None = None) -> dict:
    """The rewards of B groups of G answers, after the temporal bonus where `perturbed` answers are given.

    An answer is a whole completion; a number, or a string that is one such as "3.5", stands for a well-formed
    completion with that answer, numbers with two decimals. Raises ValueError with a sentence for the user.

    >>> table = reward_table([["4.00", 3.9], ["2.00", "2"]], [4, 2])
    >>> table["regression"]
    [[1.0, 0.9802], [1.0, 0.8]]
    """
    from ...rewards import REWARDS, RewardSpec, advantages, score_groups

    if spec not in SPECS:
        raise ValueError(f"spec must be one of {', '.join(SPECS)}, not {spec!r}.")
    rules = RewardSpec.official() if spec == "official" else RewardSpec()
    if not isinstance(mos, list):
        raise ValueError("mos must be a list with the human score of each video.")
    for score in mos:
        check_mos(score, rules)
    table = score_groups(completions(answers, "answers"), mos, rules)
    if perturbed:
        twins = score_groups(completions(perturbed, "perturbed"), mos, rules)
        if twins.total.shape != table.total.shape:
            raise ValueError("perturbed must hold as many answers about each video as answers does.")
        table = table.with_bonus(twins, rules)
    parts = {name: table.parts[name] for name in REWARDS}
    tensors = {"scores": table.scores, **parts, "total": table.total, "advantage": advantages(table.total)}
    return {name: rounded_rows(tensor.tolist()) for name, tensor in tensors.items()}


def check_mos(score: object, rules: RewardSpec) -> None:
    number = isinstance(score, Real) and not isinstance(score, bool)
    if not number or not rules.lowest <= score <= rules.highest:
        raise ValueError(f"mos must hold numbers from {rules.lowest:g} to {rules.highest:g}, not {shown_value(score)}.")


def completions(groups: list, name: str) -> list[list[str]]:
    """Texts for every answer. Raises ValueError for anything but lists of lists of strings and numbers."""
    if not isinstance(groups, list) or not all(isinstance(group, list) for group in groups):
        raise ValueError(f"{name} must be a list for each video, of lists of answers.")
    if len(groups) > MOST_VIDEOS:
        raise ValueError(f"{name} may be about {MOST_VIDEOS} videos at most.")
    if sum(map(len, groups)) > MOST_TEXTS:
        raise ValueError(f"{name} may hold {MOST_TEXTS} answers at most.")
    texts = [[completion(answer, name) for answer in group] for group in groups]
    lengths = [len(text) for group in texts for text in group]
    if lengths and (max(lengths) > LONGEST_TEXT or sum(lengths) > LONGEST_ALL):
        raise ValueError(f"{name} may hold {LONGEST_TEXT} characters an answer and {LONGEST_ALL} in all at most.")
    return texts


def completion(answer: object, name: str) -> str:
    if isinstance(answer, str):
        return compose(" ", answer.strip()) if NUMBER.fullmatch(answer.strip()) else answer
    if isinstance(answer, Real) and not isinstance(answer, bool) and abs(answer) <= LARGEST_NUMBER:
        return compose(" ", f"{answer:.2f}")
    raise ValueError(f"{name} must hold strings and numbers, not {shown_value(answer)}.")


def rounded_rows(table: list[list[float]]) -> list[list[float | None]]:
    return [[None if math.isnan(value) else round(value, 4) for value in row] for row in table]

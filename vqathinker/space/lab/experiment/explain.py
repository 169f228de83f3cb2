"""How each number of the lab comes about: the lines that the rewards write of their own traces, and what leads there.

A line with "=" is arithmetic: see vqathinker/rewards/notation.py.
"""

from __future__ import annotations

from ....rewards import REWARDS
from ....rewards.advantage import explain_advantage
from ....rewards.notation import num, plain
from ....rewards.ranking import explain_meeting, explain_preference
from .numbers import Numbers, Side

__all__ = ["num", "plain"]


def names(numbers: Numbers) -> list[str]:
    return [video.name for video in numbers.state.videos]


def score_of(side: Side, i: int, j: int, in_order: bool = True) -> float | None:
    """The score that counts, None where there is none."""
    value = float((side.ordered if in_order else side.shuffled).scores[i, j])
    return None if value != value else value


def parse_lines(numbers: Numbers, side: Side, i: int, j: int) -> list[str]:
    return side.ordered.answers.explain(i, j)


def reward_lines(numbers: Numbers, side: Side, name: str, i: int, j: int, in_order: bool = True) -> list[str]:
    """A reward of the registry, before the temporal bonus."""
    table = side.ordered if in_order else side.shuffled
    return REWARDS[name].explain(table.trace[name], i, j, names(numbers))


def opponents(side: Side, i: int) -> list[int]:
    """The other videos with at least one readable answer."""
    return side.ordered.trace["ranking"].opponents(i)


def meeting_lines(numbers: Numbers, side: Side, i: int, j: int, k: int) -> list[str]:
    """One answer against one other video."""
    return explain_meeting(side.ordered.trace["ranking"], i, j, k, names(numbers))


def matrix_lines(numbers: Numbers, side: Side, i: int, k: int) -> list[str]:
    """The probability that video i is better than video k, by their groups."""
    return explain_preference(side.ordered.trace["ranking"], i, k, names(numbers))


def gate_means(side: Side, i: int, name: str) -> tuple[float, float]:
    """Mean reward in order and shuffled, of the group or, as released, of the whole batch."""
    bonus = side.rewarded.bonus[name]
    return float(bonus.ordered[i]), float(bonus.perturbed[i])


def gate_open(side: Side, i: int, name: str) -> bool:
    """Whether the clip in order won, so that good answers get the bonus."""
    return bool(side.rewarded.bonus[name].opened[i])


def bonus_of(side: Side, i: int, j: int, name: str) -> float:
    """What the temporal bonus added to one reward."""
    return float(side.rewarded.bonus[name].amount[i, j])


def bonus_lines(side: Side, i: int, j: int, name: str) -> list[str]:
    return side.rewarded.bonus[name].explain(i, j, name)


def compared_with_gate(side: Side, i: int, j: int, name: str) -> tuple[float, float]:
    """What is compared with which threshold."""
    gate = side.rewarded.bonus[name].gate
    return float(gate.compared[i, j]), gate.threshold


def total_lines(side: Side, i: int, j: int) -> list[str]:
    return side.rewarded.explain_total(i, j)


def advantage_lines(side: Side, i: int, j: int) -> list[str]:
    return explain_advantage(side.rewarded.total, i, j)

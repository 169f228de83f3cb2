"""How each number of the lab comes about: what the rewards' own traces say of it, found for a cell of a view.

Nothing is computed here. Every function gives lines as vqathinker/rewards/notation.py describes them.
"""

from __future__ import annotations

from ....rewards import REWARDS, BonusTrace, RankingTrace
from ....rewards.advantage import explain_advantage
from ....rewards.ranking import explain_meeting, explain_preference
from .numbers import Numbers, Side


def names_of(numbers: Numbers) -> list[str]:
    return [video.name for video in numbers.state.videos]


def reward_title(name: str) -> str:
    return REWARDS[name].title if name in REWARDS else "Temporal bonus"


def score_of(side: Side, i: int, j: int, in_order: bool = True) -> float | None:
    """The score that counts, None where there is none."""
    value = float(side.table(in_order).scores[i, j])
    return None if value != value else value


def reward_lines(numbers: Numbers, side: Side, name: str, i: int, j: int, in_order: bool = True) -> list[str]:
    """One reward of the registry, before the temporal bonus."""
    return REWARDS[name].explain(side.table(in_order).trace[name], i, j, names_of(numbers))


def ranking_of(side: Side) -> RankingTrace:
    return side.ordered.trace["ranking"]


def meeting_lines(numbers: Numbers, side: Side, i: int, j: int, k: int) -> list[str]:
    """One answer against one other video."""
    return explain_meeting(ranking_of(side), i, j, k, names_of(numbers))


def matrix_lines(numbers: Numbers, side: Side, i: int, k: int) -> list[str]:
    """The probability that video i is better than video k, by their groups."""
    return explain_preference(ranking_of(side), i, k, names_of(numbers))


def bonus_of(side: Side, i: int, j: int, name: str) -> float:
    """What the temporal bonus added to one reward."""
    return float(trace_of_bonus(side, name).amount[i, j])


def trace_of_bonus(side: Side, name: str) -> BonusTrace:
    return side.rewarded.bonus[name]


def bonus_lines(side: Side, i: int, j: int) -> list[str]:
    """The temporal bonus on every reward that can get it, in the order in which the total adds them."""
    return [line for name in side.paid for line in trace_of_bonus(side, name).explain(i, j, name)]


def advantage_lines(side: Side, i: int, j: int) -> list[str]:
    return explain_advantage(side.rewarded.total, i, j)

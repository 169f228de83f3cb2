"""The rewards that there are. Trainer, logs, validation, `/rewards`, the lab and the plots go through them in this
order; a new one is a `Reward` in a file of its own, and its name here.

    from vqathinker.rewards import Reward, Trace
    from vqathinker.rewards.registry import register

    register(Reward("length", "Length", score=…, explain=…))
"""

from __future__ import annotations

from .format import FORMAT
from .ranking import RANKING
from .regression import REGRESSION
from .reward import Reward
from .spec import RewardSpec

REWARDS: dict[str, Reward] = {}
TEMPORAL = "temporal"
"""The temporal reward has no table of its own: it is a bonus on the rewards that have a gate (temporal.py)."""
TAKEN = frozenset({TEMPORAL, "bonus", "total", "reward", "scores", "score", "advantage"})
"""Names that columns of tables and logs have already."""


def register(reward: Reward) -> Reward:
    """Put a reward after the others; the reward itself. Raises ValueError for a name that is taken."""
    if reward.name in REWARDS or reward.name in TAKEN:
        raise ValueError(f"there is a reward or a column called {reward.name} already")
    REWARDS[reward.name] = reward
    return reward


def removable() -> tuple[str, ...]:
    """Names of what can be left out of a run: every reward, and the temporal bonus.

    >>> removable()
    ('format', 'regression', 'ranking', 'temporal')
    """
    return (*REWARDS, TEMPORAL)


def without(spec: RewardSpec, name: str) -> RewardSpec:
    """The spec with one reward, or the temporal bonus, removed from the total. Raises ValueError for another name.

    >>> without(RewardSpec(), "ranking").ranking_weight, without(RewardSpec(), "temporal").bonus
    (0.0, 0.0)
    """
    if name not in removable():
        raise ValueError(f"unknown reward {name!r}, known: {', '.join(removable())}")
    return spec.with_weight(name, 0.0) if name != TEMPORAL else spec.with_bonus(0.0)


for _reward in (FORMAT, REGRESSION, RANKING):
    register(_reward)

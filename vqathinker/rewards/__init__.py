"""The reward functions, pure: they know neither model nor trainer nor page.

One way: spec -> parse -> reward -> format, regression, ranking -> registry -> groups, with the bonus of temporal ->
twins -> trl; advantage stands alone.
"""

from .advantage import advantages
from .format import format_ok, format_reward
from .groups import RewardTable, score_groups, weigh
from .parse import Answer, parse_answer, read_answer
from .ranking import (
    RankingTrace,
    fidelity,
    group_moments,
    preference_matrix,
    preference_probability,
    preference_target,
    ranking_reward,
)
from .registry import REWARDS, TEMPORAL
from .regression import RegressionTrace, bell, regression_reward
from .reward import Answers, Gate, Reward, Trace
from .spec import RewardSpec
from .temporal import BonusTrace, temporal_bonus
from .twins import Scored, score_with_twins

__all__ = [
    "REWARDS",
    "TEMPORAL",
    "Answer",
    "Answers",
    "BonusTrace",
    "Gate",
    "RankingTrace",
    "RegressionTrace",
    "Reward",
    "RewardSpec",
    "RewardTable",
    "Scored",
    "Trace",
    "advantages",
    "bell",
    "fidelity",
    "format_ok",
    "format_reward",
    "group_moments",
    "parse_answer",
    "preference_matrix",
    "preference_probability",
    "preference_target",
    "ranking_reward",
    "read_answer",
    "regression_reward",
    "score_groups",
    "score_with_twins",
    "temporal_bonus",
    "weigh",
]

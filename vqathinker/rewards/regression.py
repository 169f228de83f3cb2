"""The bell-shaped regression reward: close is good, very close is hardly better."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from .notation import num, plain
from .reward import Answers, Gate, Reward, Trace
from .spec import DEFAULT_SPEC, RewardSpec


@dataclass(frozen=True)
class RegressionTrace(Trace):
    """`reward` is bell x factor, and 0 for an unreadable score; all tensors are (B, G).

    scores: those that were rewarded, float64, NaN where unreadable; drawn: where the released code put a random one.
    bell: before a coarse answer is punished, 0 where unreadable; factor: what the decimals leave of it.
    """

    scores: torch.Tensor
    drawn: torch.Tensor
    bell: torch.Tensor
    factor: torch.Tensor


def bell(scores, target, sigma: float = DEFAULT_SPEC.sigma) -> torch.Tensor:
    """exp(-(score - target)^2 / (2 sigma^2)): 1 for a perfect score, 0.61 at an error of sigma, falling to 0.

    scores and target are tensors or numbers that broadcast, on the MOS scale; the result is float32, in [0, 1], and
    NaN only where one of them is. Source: paper, bell-shaped regression reward; official regression_reward, which
    also forms the exponent in double precision.

    >>> bell(torch.tensor([3.0, 3.5, 4.0]), 3.0)
    tensor([1.0000, 0.6065, 0.1353])
    """
    error = torch.as_tensor(scores, dtype=torch.float64) - torch.as_tensor(target, dtype=torch.float64)
    return (-(error**2) / (2 * sigma**2)).float().exp()


def regression_reward(
    scores: torch.Tensor, mos: torch.Tensor, decimals: torch.Tensor, spec: RewardSpec = DEFAULT_SPEC
) -> torch.Tensor:
    """The bell, times coarse_factor where fewer than min_decimals decimals count; 0 for an unreadable (NaN) score.

    scores (B, G), mos (B,), decimals (B, G) integers -> (B, G) float32 in [0, 1]. Source: official regression_reward.

    >>> scores, decimals = torch.tensor([[3.0, 3.0, torch.nan]]), torch.tensor([[2, 0, 0]])
    >>> regression_reward(scores, torch.tensor([3.0]), decimals)
    tensor([[1.0000, 0.8000, 0.0000]])
    """
    full, factor = _parts(scores, mos, decimals, spec)
    return full * factor


def _parts(
    scores: torch.Tensor, mos: torch.Tensor, decimals: torch.Tensor, spec: RewardSpec
) -> tuple[torch.Tensor, torch.Tensor]:
    """The bell, 0 where unreadable, and the factor of each answer."""
    full = torch.where(scores.isnan(), 0.0, bell(scores, mos[:, None], spec.sigma))
    return full, torch.where(decimals < spec.min_decimals, spec.coarse_factor, 1.0)


def _score(answers: Answers) -> RegressionTrace:
    scores = answers.standing()
    full, factor = _parts(scores, answers.mos, answers.decimals, answers.spec)
    drawn = answers.scores.isnan() & ~scores.isnan()
    return RegressionTrace(answers, full * factor, scores, drawn, full, factor)


def _explain(trace: RegressionTrace, i: int, j: int, names: Sequence[str]) -> list[str]:
    spec, reward, score = trace.answers.spec, num(trace.reward[i, j]), trace.scores[i, j]
    if score.isnan():
        return [f"unreadable: {reward}"]
    lines, factor = [], ""
    if trace.drawn[i, j]:
        lines.append(f"no number: the released code draws a random score, here {plain(score)}")
    if trace.factor[i, j] != 1:
        lines.append(f"fewer than {spec.min_decimals} decimals count")
        factor = f" × {plain(trace.factor[i, j])}"
    error = f"({num(score, 4)} − {num(trace.answers.mos[i], 4)})"
    return [*lines, f"exp(−{error}² / (2 × {num(spec.sigma, 4)}²)){factor} = {reward}"]


def compared(reward: torch.Tensor, full: torch.Tensor | None, spec: RewardSpec) -> torch.Tensor:
    """What the temporal bonus compares with `regression_gate`: the reward, or the bell before a coarse answer is
    punished, with the repair bonus_ignores_coarseness and where it is known."""
    return full if full is not None and spec.bonus_ignores_coarseness else reward


def _gate(trace: RegressionTrace) -> Gate:
    spec = trace.answers.spec
    return Gate(compared(trace.reward, trace.bell, spec), spec.regression_gate)


REGRESSION = Reward(
    "regression",
    "Bell",
    _score,
    _explain,
    about="How close is the score to what people said? Too few decimals keep only {coarse_factor} of it.",
    gate=_gate,
)

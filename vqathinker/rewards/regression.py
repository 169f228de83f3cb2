"""The bell-shaped regression reward: close is good, very close is hardly better."""

from __future__ import annotations

import torch

from .spec import DEFAULT, RewardSpec


def bell(scores, target, sigma: float = DEFAULT.sigma) -> torch.Tensor:
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
    scores: torch.Tensor, mos: torch.Tensor, decimals: torch.Tensor, spec: RewardSpec = DEFAULT
) -> torch.Tensor:
    """The bell, times coarse_factor where fewer than min_decimals decimals count; 0 for an unreadable (NaN) score.

    scores (B, G), mos (B,), decimals (B, G) integers -> (B, G) float32 in [0, 1]. Source: official regression_reward.

    >>> scores, decimals = torch.tensor([[3.0, 3.0, torch.nan]]), torch.tensor([[2, 0, 0]])
    >>> regression_reward(scores, torch.tensor([3.0]), decimals)
    tensor([[1.0000, 0.8000, 0.0000]])
    """
    reward = bell(scores, mos[:, None], spec.sigma)
    reward = torch.where(decimals < spec.min_decimals, reward * spec.coarse_factor, reward)
    return torch.where(scores.isnan(), 0.0, reward)

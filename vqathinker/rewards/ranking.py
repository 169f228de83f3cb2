"""The pairwise ranking reward: does this answer put the video on the right side of every other video?"""

from __future__ import annotations

import math

import torch

from .spec import DEFAULT, RewardSpec

VARIANCE_FLOOR = DEFAULT.smoothing


def preference_probability(mean_a, var_a, mean_b, var_b, floor: float = VARIANCE_FLOOR) -> torch.Tensor:
    """Probability that a is better than b when both scores are normal.

    Formula: Phi((mean_a - mean_b) / sqrt(var_a + var_b + 1e-6)).
    Arguments are tensors or floats that broadcast: group means and unbiased variances of predicted scores. Returns
    values in [0, 1]; swapping a and b gives the complement. Phi is written with erf, as in the released code: in
    float32 the square roots of the ranking reward would show the difference to a Phi with exact tails.
    Source: paper section 3.2, official fidelity reward.

    >>> float(preference_probability(3.0, 0.5, 3.0, 0.5))
    0.5
    """
    mean_a, var_a, mean_b, var_b = (torch.as_tensor(x) for x in (mean_a, var_a, mean_b, var_b))
    z = (mean_a - mean_b) / (var_a + var_b + floor).sqrt()
    return 0.5 * (1 + torch.erf(z / math.sqrt(2)))


def preference_matrix(mean: torch.Tensor, variance: torch.Tensor, floor: float = VARIANCE_FLOOR) -> torch.Tensor:
    """Entry (i, k) is the probability that video i is better than video k, by group means and variances.

    mean (B,), variance (B,) -> (B, B) in [0, 1]; P + P^T = 1. Source: paper section 3.2.

    >>> preference_matrix(torch.tensor([4.0, 3.0]), torch.tensor([0.5, 0.5]))
    tensor([[0.5000, 0.8413],
            [0.1587, 0.5000]])
    """
    return preference_probability(mean[:, None], variance[:, None], mean, variance, floor)


def preference_target(mos: torch.Tensor) -> torch.Tensor:
    """Entry (i, k) is 1 where video i has the higher MOS, 0 where video k has, 0.5 where they tie.

    mos (B,) -> (B, B) float32. Source: official rank_reward.

    >>> preference_target(torch.tensor([4.0, 2.0, 2.0]))
    tensor([[0.5000, 1.0000, 1.0000],
            [0.0000, 0.5000, 0.5000],
            [0.0000, 0.5000, 0.5000]])
    """
    return ((mos[:, None] > mos).float() - (mos[:, None] < mos).float() + 1) / 2


def fidelity(probability, target, smoothing: float = DEFAULT.smoothing) -> torch.Tensor:
    """How well a predicted preference P agrees with the true one g: sqrt(P g + e) + sqrt((1 - P)(1 - g) + e).

    probability and target are tensors or floats that broadcast, in [0, 1]; the result lies in [2 sqrt(e),
    1 + sqrt(e)] and is highest where P = g. Source: paper, pairwise ranking reward; official fidelity_reward.

    >>> fidelity(torch.tensor([0.0, 0.5, 1.0]), 1.0)
    tensor([0.0020, 0.7081, 1.0010])
    """
    probability, target = torch.as_tensor(probability), torch.as_tensor(target)
    wrong = (1 - probability) * (1 - target)
    return (probability * target + smoothing).sqrt() + (wrong + smoothing).sqrt()


def group_moments(scores: torch.Tensor, spec: RewardSpec = DEFAULT) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean and unbiased variance of the readable scores of each group.

    scores (B, G), NaN where unreadable -> two tensors (B,); NaN where nothing is readable. A single score has
    variance 0, or NaN without the repair define_small_groups. Source: official rank_reward.

    >>> group_moments(torch.tensor([[3.0, 4.0, torch.nan], [2.0, torch.nan, torch.nan]]))
    (tensor([3.5000, 2.0000]), tensor([0.5000, 0.0000]))
    """
    readable = [group[~group.isnan()] for group in scores]
    mean = torch.stack([group.mean() for group in readable])
    lone = scores.new_tensor(0.0 if spec.define_small_groups else torch.nan)
    variance = torch.stack([group.var() if len(group) > 1 else lone for group in readable])
    return mean, torch.where(mean.isnan(), torch.nan, variance)


def ranking_reward(scores: torch.Tensor, mos: torch.Tensor, spec: RewardSpec = DEFAULT) -> torch.Tensor:
    """The fidelity of every answer against every other video, averaged over the other videos.

    Answer j of video i meets video k with P = Phi((score_ij - mean_k) / sqrt(var_i + var_k + 1e-6)).
    scores (B, G), NaN where unreadable, and mos (B,) -> (B, G) float32 in [0, 1.001]. An unreadable answer earns 0,
    less than any readable one, and videos without a readable answer are nobody's opponent; with no opponent at all
    (B = 1) every answer earns 0. Without the repair define_small_groups, B = 1 raises a ValueError, and with G = 1 the
    variance is undefined and P = 0.5, the fall-back of the released code. Source: paper section 3.2; official
    rank_reward.

    >>> ranking_reward(torch.tensor([[4.0, 3.0], [2.0, 3.0]]), torch.tensor([4.5, 1.5]))
    tensor([[0.9670, 0.8325],
            [0.9670, 0.8325]])
    """
    if len(scores) < 2 and not spec.define_small_groups:
        raise ValueError("The released ranking reward divides by zero with a single video; RewardSpec() gives 0.")
    scores = scores.float()
    mean, variance = group_moments(scores, spec)
    probability = preference_probability(scores[..., None], variance[:, None, None], mean, variance, spec.smoothing)
    agreement = fidelity(probability.nan_to_num(0.5), preference_target(mos)[:, None], spec.smoothing)
    opponent = ~torch.eye(len(scores), dtype=torch.bool, device=scores.device) & ~mean.isnan()
    agreement = torch.where(opponent[:, None], agreement, 0.0)
    total = sum(agreement.unbind(-1))  # one by one, as released: the order of a float32 sum shows in its last bits
    return torch.where(scores.isnan(), 0.0, total / opponent.sum(1, keepdim=True).clamp(min=1))

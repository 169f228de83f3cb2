"""The pairwise probability behind the ranking reward."""

from __future__ import annotations

import torch

VARIANCE_FLOOR = 1e-6


def preference_probability(mean_a, var_a, mean_b, var_b) -> torch.Tensor:
    """Probability that a is better than b when both scores are normal.

    Formula: Phi((mean_a - mean_b) / sqrt(var_a + var_b + 1e-6)).
    Arguments are tensors or floats that broadcast: group means and unbiased variances of predicted scores. Returns
    values in [0, 1]; swapping a and b gives the complement. Source: paper section 3.2, official fidelity reward.

    >>> float(preference_probability(3.0, 0.5, 3.0, 0.5))
    0.5
    """
    mean_a, var_a, mean_b, var_b = (torch.as_tensor(x) for x in (mean_a, var_a, mean_b, var_b))
    return torch.special.ndtr((mean_a - mean_b) / (var_a + var_b + VARIANCE_FLOOR).sqrt())

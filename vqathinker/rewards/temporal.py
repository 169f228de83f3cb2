"""The temporal bonus: the clip in order has to earn more than the same clip with its frames in disorder."""

from __future__ import annotations

import torch

from .spec import DEFAULT, RewardSpec


def _gate(ordered: torch.Tensor, perturbed: torch.Tensor, spec: RewardSpec) -> torch.Tensor:
    """Where the mean reward of the ordered clip wins, decided in float32: (B, 1), or (1, 1) for the whole batch."""
    if spec.gate_per_video:
        # Summed in double precision, so that the order of the rollouts cannot break a tie.
        first, second = (x.double().mean(1, keepdim=True).float() for x in (ordered, perturbed))
    else:
        # The released code averages one of three columns; a float32 mean depends on that stride in its last bit.
        first, second = (x.reshape(-1, 1).repeat(1, 3)[:, 0].mean().reshape(1, 1) for x in (ordered, perturbed))
    return first > second if spec.gate_needs_gain else first >= second


def temporal_bonus(
    ranking, regression, perturbed_ranking, perturbed_regression, spec: RewardSpec = DEFAULT, *, bell=None
) -> tuple[torch.Tensor, torch.Tensor]:
    """Adds `bonus` to the good answers to the ordered clip, if the ordered clip earned more than the perturbed one.

    Formula: r + 0.3 [mean(r) > mean(r')] [r > gate], with gate 0.5 for ranking rewards and 0.9 for regression
    rewards, the two decided independently; means over each video's group, or over the whole batch and with >= without
    the repairs gate_per_video and gate_needs_gain.
    All arguments (B, G); the perturbed rewards are scored against the same MOS and may have a group size of their own.
    bell (B, G), optional, is the regression reward before the coarse factor (`RewardTable.bell`): with the repair
    bonus_ignores_coarseness it is compared with the gate in the place of the regression reward.
    Returns the two rewarded tensors (B, G), float32, new ones. Raises ValueError where shapes disagree.
    Source: paper, temporal consistency reward; official grpo_trainer.py, _generate_and_score_completions.

    >>> ranking, regression = torch.tensor([[0.9, 0.4]]), torch.tensor([[0.95, 0.2]])
    >>> temporal_bonus(ranking, regression, ranking - 0.1, regression + 0.1)
    (tensor([[1.2000, 0.4000]]), tensor([[0.9500, 0.2000]]))
    """
    tensors = [torch.as_tensor(x).float() for x in (ranking, regression, perturbed_ranking, perturbed_regression)]
    ranking, regression, perturbed_ranking, perturbed_regression = tensors
    use_bell = bell is not None and spec.bonus_ignores_coarseness
    precision = torch.as_tensor(bell).float() if use_bell else regression
    _check_shapes(ranking, regression, precision, perturbed_ranking, perturbed_regression)
    ranking_won = _gate(ranking, perturbed_ranking, spec) & (ranking > spec.ranking_gate)
    regression_won = _gate(regression, perturbed_regression, spec) & (precision > spec.regression_gate)
    return ranking + spec.bonus * ranking_won, regression + spec.bonus * regression_won


def _check_shapes(ranking, regression, precision, perturbed_ranking, perturbed_regression) -> None:
    own, perturbed = tuple(ranking.shape), tuple(perturbed_ranking.shape)
    agree = own == regression.shape == precision.shape and perturbed == perturbed_regression.shape
    if len(own) != 2 or len(perturbed) != 2 or own[0] != perturbed[0] or not agree:
        raise ValueError(
            "temporal_bonus needs rewards (B, G) of the same B videos, but got ranking "
            f"{own}, regression {tuple(regression.shape)}, perturbed ranking {perturbed}, "
            f"perturbed regression {tuple(perturbed_regression.shape)}, bell {tuple(precision.shape)}."
        )

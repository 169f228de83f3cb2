"""The temporal bonus: the clip in order has to earn more than the same clip with its frames in disorder."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch

from .notation import num, plain
from .regression import compared
from .reward import Gate
from .spec import DEFAULT_SPEC, RewardSpec


@dataclass(frozen=True)
class BonusTrace:
    """The temporal bonus on one reward, and every number that decided it.

    ordered, perturbed (B, 1): the mean rewards that are compared, of each video's group or, as released, of the whole
    batch. opened (B, 1): whether the clip in order won. gate: what is compared with the threshold, (B, G).
    paid (B, G): which answers get the bonus. rewarded (B, G): the reward with it.
    """

    spec: RewardSpec
    ordered: torch.Tensor
    perturbed: torch.Tensor
    opened: torch.Tensor
    gate: Gate
    paid: torch.Tensor
    rewarded: torch.Tensor

    @property
    def amount(self) -> torch.Tensor:
        """What was added to each reward: (B, G), float32."""
        return self.spec.bonus * self.paid

    def only_for(self, paired: torch.Tensor, reward: torch.Tensor) -> BonusTrace:
        """The same, but for the videos that have no twin, paired (B,), the gate is closed and nothing was added."""
        paired = paired[:, None]
        rewarded = torch.where(paired, self.rewarded, reward)
        return replace(self, opened=self.opened & paired, paid=self.paid & paired, rewarded=rewarded)

    def explain(self, i: int, j: int, name: str) -> list[str]:
        """Why answer j about video i gets the bonus on the reward of that name, or does not."""
        spec, opened = self.spec, bool(self.opened[i])
        sign = (">" if spec.gate_needs_gain else "≥") if opened else ("≤" if spec.gate_needs_gain else "<")
        over = "" if spec.gate_per_video else ", over all videos"
        means = f"in order {num(self.ordered[i], 4)} {sign} shuffled {num(self.perturbed[i], 4)}"
        lines = [f"{name}{over}: {means}, gate {'open' if opened else 'closed'}"]
        if opened:
            paid = bool(self.paid[i, j])
            end = f"{'>' if paid else '≤'} threshold {plain(self.gate.threshold)}"
            lines.append(f"{num(self.gate.compared[i, j])} {end}: {f'+{plain(spec.bonus)}' if paid else 'no bonus'}")
        return lines


def bonus_trace(
    reward: torch.Tensor, perturbed: torch.Tensor, gate: Gate, spec: RewardSpec = DEFAULT_SPEC
) -> BonusTrace:
    """The bonus on one reward (B, G), given that of the perturbed clips (B, G'); what `temporal_bonus` does twice."""
    first, second = _means(reward, perturbed, spec)
    opened = first > second if spec.gate_needs_gain else first >= second
    paid = opened & (gate.compared > gate.threshold)
    first, second, opened = (x.expand(len(reward), 1) for x in (first, second, opened))
    return BonusTrace(spec, first, second, opened, gate, paid, reward + spec.bonus * paid)


def _means(ordered: torch.Tensor, perturbed: torch.Tensor, spec: RewardSpec) -> tuple[torch.Tensor, torch.Tensor]:
    """The means that are compared, in float32: (B, 1), or (1, 1) for the whole batch."""
    if spec.gate_per_video:
        # Summed in double precision, so that the order of the rollouts cannot break a tie.
        first, second = (x.double().mean(1, keepdim=True).float() for x in (ordered, perturbed))
    else:
        # The released code averages one of three columns; a float32 mean depends on that stride in its last bit.
        first, second = (x.reshape(-1, 1).repeat(1, 3)[:, 0].mean().reshape(1, 1) for x in (ordered, perturbed))
    return first, second


def temporal_bonus(
    ranking, regression, perturbed_ranking, perturbed_regression, spec: RewardSpec = DEFAULT_SPEC, *, bell=None
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
    full = None if bell is None else torch.as_tensor(bell).float()
    precision = compared(regression, full, spec)
    _check_shapes(ranking, regression, precision, perturbed_ranking, perturbed_regression)
    ranked = bonus_trace(ranking, perturbed_ranking, Gate(ranking, spec.ranking_gate), spec)
    regressed = bonus_trace(regression, perturbed_regression, Gate(precision, spec.regression_gate), spec)
    return ranked.rewarded, regressed.rewarded


def _check_shapes(ranking, regression, precision, perturbed_ranking, perturbed_regression) -> None:
    own, perturbed = tuple(ranking.shape), tuple(perturbed_ranking.shape)
    agree = own == regression.shape == precision.shape and perturbed == perturbed_regression.shape
    if len(own) != 2 or len(perturbed) != 2 or own[0] != perturbed[0] or not agree:
        raise ValueError(
            "temporal_bonus needs rewards (B, G) of the same B videos, but got ranking "
            f"{own}, regression {tuple(regression.shape)}, perturbed ranking {perturbed}, "
            f"perturbed regression {tuple(perturbed_regression.shape)}, bell {tuple(precision.shape)}."
        )

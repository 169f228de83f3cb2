"""From what the model wrote to a table of rewards."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from .format import format_reward
from .parse import Answer, read_answer
from .ranking import ranking_reward
from .regression import bell, regression_reward
from .spec import DEFAULT, RewardSpec
from .temporal import temporal_bonus


@dataclass(frozen=True)
class RewardTable:
    """The rewards of B groups of G completions; every field is a float32 tensor (B, G).

    total is the weighted sum of ranking, regression and format. scores are the numbers that count, NaN where
    there is none; bell is the regression reward before a coarse answer is punished.
    """

    format: torch.Tensor
    regression: torch.Tensor
    ranking: torch.Tensor
    total: torch.Tensor
    scores: torch.Tensor
    bell: torch.Tensor

    def with_bonus(self, perturbed: RewardTable, spec: RewardSpec = DEFAULT) -> RewardTable:
        """The table after the temporal bonus, given the table of the perturbed clips of the same videos.

        >>> good, poor = "<think>a</think><answer>4.00</answer>", "<think>a</think><answer>2.50</answer>"
        >>> table = score_groups([[good]], [4.0]).with_bonus(score_groups([[poor]], [4.0]))
        >>> table.regression, table.total
        (tensor([[1.3000]]), tensor([[2.3000]]))
        """
        ranking, regression = temporal_bonus(
            self.ranking, self.regression, perturbed.ranking, perturbed.regression, spec, bell=self.bell
        )
        return replace(
            self, ranking=ranking, regression=regression, total=weigh(self.format, regression, ranking, spec)
        )


def weigh(
    format: torch.Tensor, regression: torch.Tensor, ranking: torch.Tensor, spec: RewardSpec = DEFAULT
) -> torch.Tensor:
    """ranking_weight * ranking + regression_weight * regression + format_weight * format; with weights 1, the sum.

    Shapes broadcast, in practice (B, G) each. Source: official grpo_trainer.py (a plain sum, in this order).

    >>> weigh(torch.tensor(1.0), torch.tensor(0.5), torch.tensor(0.25))
    tensor(1.7500)
    """
    return spec.ranking_weight * ranking + spec.regression_weight * regression + spec.format_weight * format


def score_groups(
    texts: Sequence[Sequence[str]],
    mos: Sequence[float],
    spec: RewardSpec = DEFAULT,
    rng: np.random.Generator | None = None,
) -> RewardTable:
    """The rewards of G completions for each of B videos.

    texts[B][G] are completions, mos[B] the human scores on the scale of the answers. The ranking compares the B videos
    with each other, so pass the groups of all processes together. B = 1 and G = 1 are well defined (ranking_reward).
    rng is used only where `spec.unreadable_is_lowest` is off: there an unreadable answer is replaced by an integer
    drawn from 1 to 5, one draw for the regression and another for the ranking, as released; without rng the draws
    are those of seed 0, the same for every call.
    Raises ValueError for groups of unequal size, no groups at all, a MOS missing or not a finite number.
    Source: official grpo_jsonl.py, the three reward functions of the released script.

    >>> good, coarse = "<think>a</think><answer>4.20</answer>", "<think>a</think><answer>2</answer>"
    >>> table = score_groups([[good, good], [coarse, "?"]], [4.0, 2.0])
    >>> table.format, table.regression
    (tensor([[1., 1.],
            [1., 0.]]), tensor([[0.9231, 0.9231],
            [0.8000, 0.0000]]))
    >>> table.total
    tensor([[2.9241, 2.9241],
            [2.8010, 0.0000]])
    """
    target = _check(texts, mos)
    scores, decimals = read_scores(texts, spec)
    rng = rng or np.random.default_rng(0)
    regressed, ranked = (stand_ins(scores, spec, rng) for _ in range(2))
    regression = regression_reward(regressed, target, decimals, spec)
    ranking = ranking_reward(ranked, target, spec)
    shape = format_reward(texts, spec)
    unpunished = torch.where(regressed.isnan(), 0.0, bell(regressed, target[:, None], spec.sigma))
    total = weigh(shape, regression, ranking, spec)
    return RewardTable(shape, regression, ranking, total, scores.float(), unpunished)


def read_scores(texts: Sequence[Sequence[str]], spec: RewardSpec = DEFAULT) -> tuple[torch.Tensor, torch.Tensor]:
    """The numbers in texts[B][G] that count, NaN where there is none, and their decimals: two tensors (B, G)."""
    answers = [[read_answer(text, spec) for text in group] for group in texts]
    scores = _table(answers, lambda answer: math.nan if answer.value is None else answer.value)
    if spec.off_scale_is_unreadable:
        scores = torch.where((scores < spec.lowest) | (scores > spec.highest), torch.nan, scores)
    return scores, _table(answers, lambda answer: answer.decimals)


def _table(answers: list[list[Answer]], read) -> torch.Tensor:
    return torch.tensor([[read(answer) for answer in group] for group in answers], dtype=torch.float64)


def stand_ins(scores: torch.Tensor, spec: RewardSpec, rng: np.random.Generator | None = None) -> torch.Tensor:
    """The scores, and in the place of each unreadable one what the released code draws, where that is not repaired."""
    if spec.unreadable_is_lowest:
        return scores
    rng = rng or np.random.default_rng(0)
    drawn = torch.from_numpy(rng.integers(1, 6, tuple(scores.shape)).astype(np.float64))
    return torch.where(scores.isnan(), drawn, scores)


def _check(texts: Sequence[Sequence[str]], mos: Sequence[float]) -> torch.Tensor:
    if any(isinstance(group, str) or not all(isinstance(text, str) for text in group) for group in texts):
        raise ValueError("Rewards need texts[B][G]: a list of completions, as strings, for each video.")
    sizes = sorted({len(group) for group in texts})
    if len(sizes) != 1 or sizes == [0]:
        raise ValueError(f"Rewards need groups of one size, at least one completion each; the sizes are {sizes}.")
    if len(mos) != len(texts):
        raise ValueError(f"Rewards need one MOS for each video: {len(texts)} groups, but {len(mos)} MOS.")
    for i, value in enumerate(mos):
        try:
            known = math.isfinite(value)
        except TypeError:
            known = False
        if not known:
            raise ValueError(f"The MOS of video {i} is not a finite number: {value!r}.")
    return torch.tensor([float(value) for value in mos], dtype=torch.float64)

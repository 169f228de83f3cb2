"""From what the model wrote to a table of rewards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch

from .notation import num, plain
from .registry import REWARDS
from .reward import Answers, Trace, read_answers
from .spec import DEFAULT_SPEC, RewardSpec
from .temporal import BonusTrace, bonus_trace


@dataclass(frozen=True)
class RewardTable:
    """The rewards of B groups of G completions; tensors are float32, (B, G).

    parts: every reward of the registry by its name, the temporal bonus included where it was added. total: their
    weighted sum. trace: what each reward computed, before the bonus, with every number that led to it. bonus: what
    decided the temporal bonus on each reward that can get it; empty before it was added. answers: what was read.
    """

    answers: Answers
    trace: Mapping[str, Trace]
    parts: Mapping[str, torch.Tensor]
    total: torch.Tensor
    bonus: Mapping[str, BonusTrace] = field(default_factory=dict)

    @property
    def format(self) -> torch.Tensor:
        return self.parts["format"]

    @property
    def regression(self) -> torch.Tensor:
        return self.parts["regression"]

    @property
    def ranking(self) -> torch.Tensor:
        return self.parts["ranking"]

    @property
    def scores(self) -> torch.Tensor:
        """The numbers that count, NaN where there is none."""
        return self.answers.scores.float()

    @property
    def bell(self) -> torch.Tensor:
        """The regression reward before a coarse answer is punished."""
        return self.trace["regression"].bell

    def with_bonus(self, perturbed: RewardTable, spec: RewardSpec = DEFAULT_SPEC) -> RewardTable:
        """The table after the temporal bonus, given the table of the perturbed clips of the same videos.

        >>> good, poor = "<think>a</think><answer>4.00</answer>", "<think>a</think><answer>2.50</answer>"
        >>> table = score_groups([[good]], [4.0]).with_bonus(score_groups([[poor]], [4.0]))
        >>> table.regression, table.total
        (tensor([[1.3000]]), tensor([[2.3000]]))
        >>> table.bonus["regression"].explain(0, 0, "regression")[0]
        'regression: in order 1.0000 > shuffled 0.0111, gate open'
        """
        gates = {name: REWARDS[name].gate for name in self.parts}
        bonus = {
            name: bonus_trace(self.parts[name], perturbed.parts[name], gate(self._under(name, spec)), spec)
            for name, gate in gates.items()
            if gate is not None
        }
        return self._raised(bonus, spec)

    def with_bonus_for(
        self, paired: torch.Tensor, perturbed: RewardTable, spec: RewardSpec = DEFAULT_SPEC
    ) -> RewardTable:
        """The same where some videos only have a twin, paired (B,): the others keep what they have."""
        raised = self.with_bonus(perturbed, spec)
        bonus = {name: trace.only_for(paired, self.parts[name]) for name, trace in raised.bonus.items()}
        return self._raised(bonus, spec)

    def _under(self, name: str, spec: RewardSpec) -> Trace:
        """A trace whose gate is that of `spec`, which may be another than that of the rewards."""
        trace = self.trace[name]
        return replace(trace, answers=replace(trace.answers, spec=spec))

    def _raised(self, bonus: Mapping[str, BonusTrace], spec: RewardSpec) -> RewardTable:
        parts = {name: bonus[name].rewarded if name in bonus else part for name, part in self.parts.items()}
        return replace(self, parts=parts, total=weigh(parts, spec), bonus=bonus)

    def explain_total(self, i: int, j: int) -> list[str]:
        """How the total of answer j about video i is made of its parts, as lines (notation.py)."""
        parts = {name: (REWARDS[name].weight_in(self.answers.spec), self.parts[name]) for name in in_sum()}
        words = " + ".join(parts)
        terms = [("" if w == 1 else f"{plain(w)} × ") + num(part[i, j], 4) for w, part in parts.values()]
        return [
            f"{words}{', bonus included' if self.bonus else ''}",
            f"{' + '.join(terms)} = {num(self.total[i, j])}",
        ]


def in_sum() -> list[str]:
    """The rewards in the order in which they are added up: a float32 sum depends on it, and the released code adds
    ranking, regression and format."""
    return list(reversed(REWARDS))


def weigh(parts: Mapping[str, torch.Tensor], spec: RewardSpec = DEFAULT_SPEC) -> torch.Tensor:
    """The weighted sum of the rewards, each under its name; with weights 1, the sum.

    Shapes broadcast, in practice (B, G) each. Source: official grpo_trainer.py (a plain sum).

    >>> weigh({"format": torch.tensor(1.0), "regression": torch.tensor(0.5), "ranking": torch.tensor(0.25)})
    tensor(1.7500)
    """
    return sum(REWARDS[name].weight_in(spec) * parts[name] for name in in_sum() if name in parts)


def score_groups(
    texts: Sequence[Sequence[str]],
    mos: Sequence[float],
    spec: RewardSpec = DEFAULT_SPEC,
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
    answers = read_answers(texts, mos, spec, rng)
    trace = {name: reward.score(answers) for name, reward in REWARDS.items()}
    parts = {name: found.reward for name, found in trace.items()}
    return RewardTable(answers, trace, parts, weigh(parts, spec))

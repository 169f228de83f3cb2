"""The numbers behind the lab's views: one state under the repaired and under the released rewards. Imports torch."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch

from ....answer import answer_span, compose, number_span
from ....rewards import (
    REWARDS,
    RewardSpec,
    RewardTable,
    advantages,
    preference_matrix,
    read_answer,
    score_groups,
)
from ....rewards.groups import in_sum
from .state import LabState, LabVideo

SMALLEST_DIFFERENCE = 5e-4  # what the views show of a reward: three decimals


@dataclass(frozen=True)
class Side:
    """A state's rewards under one spec; tensors are (B, G), but mean and variance (B,), matrix and target (B, B).

    ordered and shuffled are before the temporal bonus, rewarded is after it. mean, variance and target are those that
    the ranking reward of the ordered groups used.
    """

    spec: RewardSpec
    ordered: RewardTable
    shuffled: RewardTable
    rewarded: RewardTable
    advantages: torch.Tensor
    mean: torch.Tensor
    variance: torch.Tensor
    matrix: torch.Tensor
    target: torch.Tensor

    def table(self, in_order: bool) -> RewardTable:
        """The rewards before the bonus, of the groups in order or of the shuffled ones."""
        return self.ordered if in_order else self.shuffled

    @property
    def paid(self) -> list[str]:
        """The rewards that can get the temporal bonus."""
        return [name for name in in_sum() if name in self.rewarded.bonus]


@dataclass(frozen=True)
class Numbers:
    """Both sides of a state; released is None where the released code divides by zero (a single video).

    hidden: the truth is not to be shown yet, as it is being guessed; guess: the reward that is guessed, if one is.
    """

    state: LabState
    repaired: Side
    released: Side | None
    hidden: bool = False
    guess: float | None = None

    @property
    def sides(self) -> tuple[tuple[str, Side | None], ...]:
        return ("Repaired", self.repaired), ("As released", self.released)


def constants(state: LabState) -> dict[str, float]:
    names = ("sigma", "bonus", "ranking_gate", "regression_gate")
    return {name: getattr(state, name) for name in names}


def specs(state: LabState) -> tuple[RewardSpec, RewardSpec]:
    """The repaired and the released spec with the state's constants."""
    return RewardSpec(**constants(state)), RewardSpec.official(**constants(state))


def last_step() -> int:
    """Steps of the walk after the first, which shows the answers: the score, every reward, bonus, total, advantage."""
    return len(REWARDS) + 4


@lru_cache(maxsize=64)
def score_state(state: LabState) -> Numbers:
    """Every reward of a state."""
    repaired, released = specs(state)
    return Numbers(state, _side(state, repaired), _side(state, released) if len(state.videos) > 1 else None)


def _side(state: LabState, spec: RewardSpec) -> Side:
    rng = np.random.default_rng(state.seed)
    mos = [video.mos for video in state.videos]
    ordered = score_groups([video.ordered for video in state.videos], mos, spec, rng)
    shuffled = score_groups([video.shuffled for video in state.videos], mos, spec, rng)
    rewarded = ordered.with_bonus(shuffled, spec)
    ranked = ordered.trace["ranking"]
    return Side(
        spec=spec,
        ordered=ordered,
        shuffled=shuffled,
        rewarded=rewarded,
        advantages=advantages(rewarded.total),
        mean=ranked.mean,
        variance=ranked.variance,
        matrix=preference_matrix(ranked.mean, ranked.variance, spec.smoothing),
        target=ranked.target,
    )


def group(state: LabState) -> tuple[str, ...]:
    """The answers that the chosen one belongs to."""
    return group_of(state.chosen, state.in_order)


def group_of(video: LabVideo, in_order: bool) -> tuple[str, ...]:
    return video.ordered if in_order else video.shuffled


def position(text: str) -> float | None:
    """Where an answer stands on the axis: the number between its tags, however wrong; None without one."""
    return read_answer(text).value


def answer_text(text: str) -> str:
    """What stands in the answer, as it was written; the whole text where there are no tags."""
    span = answer_span(text)
    return (text[slice(*span)] if span else text).strip()


def decimals_written(text: str) -> int:
    return read_answer(text).decimals


def with_number(text: str, number: str) -> str:
    """The same completion with another number in its last answer; a new, well-formed one where none can be read."""
    span = number_span(text)
    return text[: span[0]] + number + text[span[1] :] if span else compose(_thought(text), number)


def _thought(text: str) -> str:
    inside = text.rpartition("<think>")[2].partition("<")[0].strip()
    return inside or "Clear enough."


def differ(first: torch.Tensor | float, second: torch.Tensor | float) -> bool:
    """Whether two numbers look different with three decimals."""
    return abs(float(first) - float(second)) > SMALLEST_DIFFERENCE

"""Rewards of one step of GRPO: those of the answers, and the bonus of clips that beat their perturbed twins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from .groups import RewardTable, score_groups
from .spec import DEFAULT_SPEC, RewardSpec


@dataclass(frozen=True)
class Scored:
    """Rewards of all videos of a step: `plain` before the temporal bonus, `table` after it."""

    plain: RewardTable
    table: RewardTable
    beats_twin: list[bool]


def score_with_twins(
    texts: Sequence[Sequence[str]],
    twin_texts: Sequence[Sequence[str] | None],
    mos: Sequence[float],
    spec: RewardSpec = DEFAULT_SPEC,
    rng: np.random.Generator | None = None,
) -> Scored:
    """Rewards of the videos of all processes. texts[B][G]; twin_texts[B], None for a video without a twin.

    The twins are scored against the same MOS. A video without a twin stands in for its own, as an opponent of the other
    twins in the ranking, and gets no bonus. Raises ValueError as `score_groups` does. Source: official grpo_trainer.py,
    which scores the answers to the ordered and to the perturbed clips of a batch alike.

    >>> good, poor = "<think>a</think><answer>4.00</answer>", "<think>a</think><answer>2.50</answer>"
    >>> scored = score_with_twins([[good], [good]], [[poor], None], [4.0, 2.0])
    >>> (scored.table.regression - scored.plain.regression).flatten(), scored.beats_twin
    (tensor([0.3000, 0.0000]), [True])
    """
    plain = score_groups(texts, mos, spec, rng)
    if not any(twin is not None for twin in twin_texts):
        return Scored(plain, plain, [])
    shown = [own if twin is None else twin for own, twin in zip(texts, twin_texts, strict=True)]
    perturbed = score_groups(shown, mos, spec, rng)
    paired = torch.tensor([twin is not None for twin in twin_texts])
    beats = (plain.total.mean(1) > perturbed.total.mean(1))[paired]
    return Scored(plain, plain.with_bonus_for(paired, perturbed, spec), beats.tolist())

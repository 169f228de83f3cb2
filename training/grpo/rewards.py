"""Rewards of one step of GRPO: those of the answers, and the bonus of clips that beat their perturbed twins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from vqathinker.rewards import RewardSpec, RewardTable, score_groups


@dataclass(frozen=True)
class Scored:
    """Rewards of all videos of a step: `plain` before the temporal bonus, `table` after it."""

    plain: RewardTable
    table: RewardTable
    beats_twin: list[bool]


def score(
    texts: Sequence[Sequence[str]],
    twin_texts: Sequence[Sequence[str] | None],
    mos: Sequence[float],
    spec: RewardSpec,
    rng: np.random.Generator | None = None,
) -> Scored:
    """Rewards of the videos of all processes. texts[B][G]; twin_texts[B], None for a video without a twin.

    The twins are scored against the same MOS. A video without a twin stands in for its own, as an opponent of the other
    twins in the ranking, and gets no bonus.
    """
    plain = score_groups(texts, mos, spec, rng)
    if not any(twin is not None for twin in twin_texts):
        return Scored(plain, plain, [])
    shown = [own if twin is None else twin for own, twin in zip(texts, twin_texts, strict=True)]
    perturbed = score_groups(shown, mos, spec, rng)
    raised = plain.with_bonus(perturbed, spec)
    paired = torch.tensor([twin is not None for twin in twin_texts])
    names = ("ranking", "regression", "total")
    kept = {name: torch.where(paired[:, None], getattr(raised, name), getattr(plain, name)) for name in names}
    beats = (plain.total.mean(1) > perturbed.total.mean(1))[paired]
    return Scored(plain, replace(plain, **kept), beats.tolist())


def reward_metrics(scored: Scored) -> dict[str, float | None]:
    """Means over all answers of a step; `spread`: deviation in a group of the readable scores, held to [1, 5]."""
    plain, total = scored.plain, scored.table.total
    groups = [group[~group.isnan()].clamp(1, 5) for group in plain.scores]
    spreads = [float(group.std()) for group in groups if len(group) > 1]
    return {
        "reward": float(total.mean()),
        "reward_std": float(total.std(1).mean()) if total.shape[1] > 1 else 0.0,
        "format": float(plain.format.mean()),
        "regression": float(plain.regression.mean()),
        "ranking": float(plain.ranking.mean()),
        "bonus": float((total - plain.total).mean()),
        "spread": float(np.mean(spreads)) if spreads else None,
        "no_gradient_share": float((total == total[:, :1]).all(1).float().mean()),
        "beats_twin": float(np.mean(scored.beats_twin)) if scored.beats_twin else None,
    }

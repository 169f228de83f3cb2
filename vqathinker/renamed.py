"""Names that the release before had in settings and logs. They are read for this release; then this file goes.

Old name -> present one. The present names of GRPO's settings and columns are those of TRL's GRPOConfig and GRPOTrainer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

OLD_STAGES = {"see": "vision", "move": "motion", "speak": "language"}
"""Stages of the supervised start: sections of its settings, its log, its resume states."""
OLD_SETTINGS = {
    "steps": "max_steps",
    "epochs": "num_train_epochs",
    "videos": "videos_per_step",
    "group": "num_generations",
    "max_new_tokens": "max_completion_length",
    "scale_advantages": "scale_rewards",
    "kind": "loss_type",
    "clip": "epsilon",
    "clip_high": "epsilon_high",
    "inner_updates": "num_iterations",
    "lr": "learning_rate",
    "schedule": "lr_scheduler_type",
    "warmup": "warmup_ratio",
    "save_every": "save_steps",
}
"""Settings of a GRPO run."""
OLD_COLUMNS = {
    "lr": "learning_rate",
    "length": "completions/mean_length",
    "cut_share": "completions/clipped_ratio",
    "clip_share": "clip_ratio",
    "no_gradient_share": "frac_reward_zero_std",
    "gradient_norm": "grad_norm",
}
"""Columns of a GRPO log."""


def renamed(values: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """The same values under the present names, in their order. Raises ValueError where one is there under both.

    >>> renamed({"lr": 1e-5, "beta": 0.04}, SETTINGS)
    {'learning_rate': 1e-05, 'beta': 0.04}
    """
    if both := [old for old in values if names.get(old, old) != old and names[old] in values]:
        raise ValueError(f"{both[0]!r} is the old name of {names[both[0]]!r}: give one of them")
    return {names.get(key, key): value for key, value in values.items()}

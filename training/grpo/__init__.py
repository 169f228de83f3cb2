"""GRPO: answers that earned more than their siblings become likelier."""

from __future__ import annotations

__all__ = ["grpo_loss"]


def __getattr__(name: str):
    """torch is imported when the loss is first asked for: `--help` does without."""
    if name in __all__:
        from vqathinker.rewards.loss import grpo_loss

        return grpo_loss
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

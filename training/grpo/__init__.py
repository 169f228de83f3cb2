"""GRPO: answers that earned more than their siblings become likelier."""

from vqathinker.rewards.loss import grpo_loss

__all__ = ["grpo_loss"]

"""What training needs of a model, by its family: a policy, and clips as its processor shows them."""

from __future__ import annotations

from vqathinker.model.loading import LoadedModel
from vqathinker.model.processing import VQAThinkerProcessor

from .features import DecodedClips
from .policy import Policy
from .qwen2_5_vl import Pictures, QwenPolicy

LEARNS = "language_model"
"""The part of a model of another family that is trained."""


def policy_of(loaded: LoadedModel, temperature: float, checkpointing: bool) -> Policy:
    """The model of a start as a policy."""
    if not is_ours(loaded.processor):
        return QwenPolicy(loaded.model, temperature, checkpointing)
    prompt = loaded.processor.tokenizer(loaded.processor.prompt_text())["input_ids"]
    return Policy(loaded.model, prompt, temperature, checkpointing)


def clips_for(processor, twins: int, seed: int) -> DecodedClips:
    """Where the clips of a run come from, decoded at every step."""
    return (DecodedClips if is_ours(processor) else Pictures)(processor, twins, seed)


def is_ours(processor) -> bool:
    return isinstance(processor, VQAThinkerProcessor)

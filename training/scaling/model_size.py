"""How large a model is: parameters counted on the real module, built on the meta device, where it takes no memory."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import torch
from torch import nn
from transformers import InternVLVisionConfig, PreTrainedConfig, Qwen2Config

from vqathinker.model.configuration import SlowFastConfig, VQAThinkerConfig
from vqathinker.model.modeling import VQAThinkerForConditionalGeneration

from ..grpo.config import GrpoSettings
from ..policy.policy import add_adapters, choose_trained

PROMPT_TEXT_TOKENS = 200
"""Tokens of the official prompt beside its 6 x 256 + 1 placeholders: its words, rounded up, not tokenised."""


@dataclass(frozen=True)
class ModelSize:
    """Parameters by part, and the dimensions that decide activations and caches.

    `trained` and `frozen` split all parameters, adapters included; `block` is the largest decoder layer. `frames` and
    `patches` (class token included) are what the tower sees of one video, `prompt` what the language model reads of it.
    """

    vision: int
    language: int
    head: int
    trained: int
    frozen: int
    block: int
    layers: int
    hidden: int
    key_value: int
    intermediate: int
    heads: int
    vocabulary: int
    vision_layers: int
    vision_hidden: int
    vision_intermediate: int
    vision_trained: bool
    frames: int
    patches: int
    prompt: int

    @property
    def parameters(self) -> int:
        return self.trained + self.frozen

    @property
    def cache_bytes(self) -> int:
        """Keys and values of one token in bf16."""
        return 2 * 2 * self.layers * self.key_value


def config_8b(layers: int = 28, vision_layers: int = 24) -> VQAThinkerConfig:
    """InternVL3-8B (InternViT-300M, Qwen2.5-7B) with SlowFast-R50 at the training size: 6 frames of 448 x 448."""
    vision = InternVLVisionConfig(attention_bias=True, num_hidden_layers=vision_layers)
    text = Qwen2Config(
        vocab_size=151674,
        hidden_size=3584,
        intermediate_size=18944,
        num_hidden_layers=layers,
        num_attention_heads=28,
        num_key_value_heads=4,
        tie_word_embeddings=False,
    )
    motion = SlowFastConfig(slow_divisor=3, repeat=6)
    return VQAThinkerConfig(
        vision_config=vision, text_config=text, motion_config=motion, frames=6, tie_word_embeddings=False
    )


def count(module: nn.Module, trained: bool | None = None) -> int:
    """Parameters of a module: all, or those that are trained, or those that are not."""
    return sum(p.numel() for p in module.parameters() if trained is None or p.requires_grad == trained)


@cache
def _measure(train: tuple[str, ...], lora: object | None, config_of=config_8b) -> ModelSize:
    config = config_of()
    with torch.device("meta"):
        model = VQAThinkerForConditionalGeneration(config)
        body, whole = model.model, model
        sizes = {
            "vision": count(body.vision_tower),
            "language": count(body.language_model),
            "head": count(model.lm_head),
        }
        block = max(count(layer) for layer in body.language_model.layers)
        if lora is None:
            choose_trained(model, train)
        else:
            whole = add_adapters(model, train, lora)
    text, vision = config.text_config, config.vision_config
    patches = (vision.image_size[0] // vision.patch_size[0]) ** 2
    return ModelSize(
        **sizes,
        trained=count(whole, True),
        frozen=count(whole, False),
        block=block,
        layers=text.num_hidden_layers,
        hidden=text.hidden_size,
        key_value=text.num_key_value_heads * head_size(text),
        intermediate=text.intermediate_size,
        heads=text.num_attention_heads,
        vocabulary=text.vocab_size,
        vision_layers=vision.num_hidden_layers,
        vision_hidden=vision.hidden_size,
        vision_intermediate=vision.intermediate_size,
        vision_trained=count(body.vision_tower, True) > 0,
        frames=config.frames,
        patches=patches + 1,
        prompt=config.video_seq_length + PROMPT_TEXT_TOKENS,
    )


def head_size(text: PreTrainedConfig) -> int:
    """Width of an attention head: as the configuration says, or its share of the hidden size where it does not."""
    return getattr(text, "head_dim", None) or text.hidden_size // text.num_attention_heads


def measure_8b(settings: GrpoSettings) -> ModelSize:
    """Size of the 8b model with the trained parts, or the adapters, of these settings."""
    return _measure(tuple(settings.train), settings.lora)

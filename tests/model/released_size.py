"""The configuration of the released model at its real size: on the meta device it takes no memory."""

from __future__ import annotations

from transformers import InternVLVisionConfig, Qwen2Config

from vqathinker.model.configuration import SlowFastConfig, VQAThinkerConfig


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

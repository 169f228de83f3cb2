"""The 8b architecture with random weights, at its own size and at one for a CPU, without a file on disk.

Every tensor is made when it is asked for, by a generator of its own, and goes through the loader that reads real
checkpoints, quantisation included.
"""

from __future__ import annotations

import math
import zlib
from dataclasses import dataclass
from pathlib import Path

import torch
from transformers import InternVLVisionConfig, Qwen2Config
from transformers.utils.logging import disable_progress_bar

from tests.model.released_size import config_8b
from training.sft.init import train_tokenizer
from vqathinker.model.configuration import SlowFastConfig, VQAThinkerConfig
from vqathinker.model.convert import expected_shapes
from vqathinker.model.loading import Checkpoint, LoadedModel, read_weights
from vqathinker.model.memory import other_bytes
from vqathinker.model.modes import MODES, make_processor, show_frames
from vqathinker.model.prompts import IMG_CONTEXT, STYLES

SPREAD = 3.0
"""Deviation of the logits: next tokens are as clear as those of a model that was trained."""
VOCABULARY = 1000
"""Tokens that the random model writes; the head has zeros for all others, as many as there are."""


@dataclass(frozen=True)
class Size:
    """Names, the side of a frame in pixels, and the shortest and the longest answer in tokens."""

    name: str
    side: int
    answers: tuple[int, int]


SIZES = {"small": Size("small", 224, (16, 64)), "8b": Size("8b", 560, (64, 320))}


def small_config() -> VQAThinkerConfig:
    vision = InternVLVisionConfig(
        attention_bias=True,
        hidden_size=128,
        intermediate_size=512,
        num_hidden_layers=2,
        num_attention_heads=4,
        image_size=[224, 224],
    )
    text = Qwen2Config(
        vocab_size=2 * VOCABULARY,
        hidden_size=192,
        intermediate_size=768,
        num_hidden_layers=4,
        num_attention_heads=6,
        num_key_value_heads=2,
        tie_word_embeddings=False,
    )
    motion = SlowFastConfig(channels=8, depths=[1, 1, 1, 1])
    return VQAThinkerConfig(vision_config=vision, text_config=text, motion_config=motion, tie_word_embeddings=False)


@dataclass(frozen=True)
class RandomPiece:
    """A tensor of a shard that nobody wrote, the same for the same key."""

    key: str
    shape: tuple[int, ...]
    device: torch.device
    dtype: torch.dtype

    def __getitem__(self, _) -> torch.Tensor:
        if self.key.endswith("num_batches_tracked"):
            return torch.zeros(self.shape, dtype=torch.int64, device=self.device)
        if len(self.shape) < 2:
            of_norm = self.key.endswith((".weight", "running_var", "lambda_1", "lambda_2"))
            return torch.full(self.shape, float(of_norm), dtype=self.dtype, device=self.device)
        generator = torch.Generator(self.device).manual_seed(zlib.crc32(self.key.encode()))
        values = torch.randn(self.shape, generator=generator, device=self.device, dtype=self.dtype)
        if self.key == "lm_head.weight":
            values[VOCABULARY:] = 0
            return values.mul_(SPREAD / math.sqrt(self.shape[1]))
        if self.key.endswith(("embed_tokens.weight", "cls_token", "position_embeddings")):
            return values
        return values.div_(math.sqrt(math.prod(self.shape[1:])))


def load_random(name: str, precision: str, device: torch.device, way: str = "inference") -> LoadedModel:
    """A model of the 8b architecture that is shown videos as in inference (12 frames) or in training (6, smaller)."""
    disable_progress_bar()
    mode, config = MODES[way], config_8b() if name == "8b" else small_config()
    side = SIZES[name].side if way == "inference" else config.vision_config.image_size[0]
    show_frames(config, mode, side)
    tokenizer = train_tokenizer([STYLES[mode.prompt].chat(config.frames)] * 50, VOCABULARY)
    config.image_token_id = tokenizer.convert_tokens_to_ids(IMG_CONTEXT)
    dtype = torch.bfloat16 if other_bytes(precision, device) == 2 else torch.float32
    shapes = expected_shapes(config)
    pieces = {key: RandomPiece(key, shape, device, dtype) for key, shape in shapes.items()}
    processor = make_processor(tokenizer, config, mode, side)
    checkpoint = Checkpoint(Path("random"), config, processor, pieces)
    return LoadedModel(read_weights(checkpoint, precision, device), processor, f"random {name}", precision)

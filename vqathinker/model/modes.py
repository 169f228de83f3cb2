"""The two ways in which the released scripts show a video to the 8b model, and changing from one to the other."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import ModelError
from .configuration import VQAThinkerConfig
from .processing import VQAThinkerProcessor


@dataclass(frozen=True)
class Mode:
    """`frames` of a video, their side `enlarge` times the side that the vision tower was trained at.

    `slow_divisor` and `repeat` are SlowFast's rule for this many frames, `prompt` the style of the question.
    """

    frames: int
    enlarge: float
    slow_divisor: int
    repeat: int
    prompt: str


MODES = {
    "inference": Mode(12, 1.25, 4, 4, "official_inference"),
    "training": Mode(6, 1.0, 3, 6, "official_train"),
}
"""560 pixels and 448 for the released model (official test/ and train/ modeling_internvl_chat.py)."""


def find_mode(name: str) -> Mode:
    """Raises ModelError for an unknown name."""
    if name not in MODES:
        raise ModelError(f"unknown mode {name!r}; choose one of {', '.join(MODES)}")
    return MODES[name]


def show_frames(config: VQAThinkerConfig, mode: Mode, side: int) -> None:
    """Write a mode into a configuration whose frames are `side` pixels high and wide.

    Raises ModelError where such frames cannot be cut into patches that the projector can join.
    """
    cell = round(config.vision_config.patch_size[0] / config.downsample_ratio)
    if side % cell:
        raise ModelError(f"frames of {side} pixels cannot be cut into cells of {cell}")
    config.frames, config.image_seq_length = mode.frames, (side // cell) ** 2
    config.motion_config.slow_divisor, config.motion_config.repeat = mode.slow_divisor, mode.repeat


def change_mode(config: VQAThinkerConfig, processor: VQAThinkerProcessor, name: str) -> VQAThinkerProcessor:
    """Write another mode into a configuration of the 8b architecture; returns the processor that goes with it.

    Raises ModelError for a model that has no modes, such as the tiny one.
    """
    mode = find_mode(name)
    stored = next((mode for mode in MODES.values() if mode.prompt == processor.prompt), None)
    if stored is None or config.motion_config.model_type != "slowfast":
        raise ModelError(f"this model has one way to see a video, it cannot be set to {name}")
    side = round(processor.image_size / stored.enlarge * mode.enlarge)
    show_frames(config, mode, side)
    return make_processor(processor.tokenizer, config, mode, side)


def make_processor(tokenizer, config: VQAThinkerConfig, mode: Mode, side: int) -> VQAThinkerProcessor:
    return VQAThinkerProcessor(
        tokenizer, mode.frames, side, tokens_per_frame=config.image_seq_length, prompt=mode.prompt
    )

"""From a name or a folder to a model that is ready to rate, in the precision asked for."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from huggingface_hub.errors import StrictDataclassError
from safetensors import SafetensorError
from transformers.utils.logging import disable_progress_bar

from ..errors import ModelError
from .configuration import VQAThinkerConfig
from .convert import native_weights
from .efficientnet_lite import EfficientNetLiteModel
from .folders import find_folder, read_settings
from .modeling import VQAThinkerForConditionalGeneration
from .modes import change_mode, find_mode
from .official import load_settings
from .processing import VQAThinkerProcessor
from .prompts import TURN_END
from .weights import Piece

PRECISIONS = ("fp32", "bf16", "int8", "nf4")
KEPT_PRECISE = [
    "model.vision_tower",
    "model.multi_modal_projector",
    "model.motion_encoder",
    "model.motion_projector",
    "lm_head",
]
logger = logging.getLogger(__name__)
LOADING_ERRORS = (OSError, ValueError, KeyError, RuntimeError, ImportError, SafetensorError, StrictDataclassError)


@dataclass(frozen=True)
class LoadedModel:
    """A model, its processor, and the names under which a rating reports them."""

    model: VQAThinkerForConditionalGeneration
    processor: VQAThinkerProcessor
    name: str
    precision: str

    @property
    def eos_token_id(self) -> int:
        return self.processor.tokenizer.convert_tokens_to_ids(TURN_END)


@dataclass(frozen=True)
class Checkpoint:
    """What a folder says before its weights are read; `weights` are given where they need other names than stored."""

    folder: Path
    config: VQAThinkerConfig
    processor: VQAThinkerProcessor
    weights: Mapping[str, Piece] | None


def choose_precision(precision: str, device: torch.device) -> str:
    """`auto` is fp32 on a CPU and bf16 on a GPU. Raises ModelError for an unknown name."""
    if precision == "auto":
        return "fp32" if device.type == "cpu" else "bf16"
    if precision not in PRECISIONS:
        raise ModelError(f"unknown precision {precision!r}; choose one of auto, {', '.join(PRECISIONS)}")
    return precision


def quantisation(precision: str):
    """bitsandbytes settings: the language model's linear layers are quantised, everything that sees stays precise."""
    if precision not in ("int8", "nf4"):
        return None
    from transformers import BitsAndBytesConfig

    if precision == "int8":
        return BitsAndBytesConfig(load_in_8bit=True, llm_int8_skip_modules=KEPT_PRECISE)
    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16 if torch.cuda.is_available() else torch.float32,
        llm_int8_skip_modules=KEPT_PRECISE,
    )


def open_checkpoint(folder: Path, mode: str | None = None) -> Checkpoint:
    """Settings of a folder in the official layout or in ours, in a mode of `modes.MODES`; None is "inference" for the
    former and the stored one for the latter. Raises ModelError.
    """
    settings, official = read_settings(folder)
    if official:
        config, processor = load_settings(folder, settings, find_mode(mode or "inference"))
        found = native_weights(folder, config)
        if found.ignored:
            logger.info("ignored keys in %s: %s", folder, found.ignored)
        return Checkpoint(folder, config, processor, found.native)
    config = VQAThinkerConfig.from_pretrained(folder)
    processor = VQAThinkerProcessor.from_pretrained(folder)
    if mode:
        processor = change_mode(config, processor, mode)
    return Checkpoint(folder, config, processor, None)


def read_weights(checkpoint: Checkpoint, precision: str, device: torch.device) -> VQAThinkerForConditionalGeneration:
    """The model, each tensor placed as it is read. Raises ModelError when weights and configuration do not fit."""
    rough = precision == "bf16" or device.type != "cpu" and precision != "fp32"
    model, report = VQAThinkerForConditionalGeneration.from_pretrained(
        None if checkpoint.weights else checkpoint.folder,
        config=checkpoint.config,
        state_dict=checkpoint.weights,
        dtype=torch.bfloat16 if rough else torch.float32,
        quantization_config=quantisation(precision),
        device_map={"": device},
        output_loading_info=True,
    )
    for problem in ("missing_keys", "unexpected_keys", "mismatched_keys"):
        if keys := sorted(map(str, report[problem])):
            named = f"{problem.replace('_', ' ')} {', '.join(keys[:4])}"
            raise ModelError(f"the checkpoint in {checkpoint.folder} does not fit: {named}")
    return model.eval()


def load_model(
    name: str = "tiny", precision: str = "auto", device: str | None = None, mode: str | None = None
) -> LoadedModel:
    """Load a checkpoint for inference: a bundled one, a folder in the official layout or ours, "8b" or a hub id.

    `mode` says how a model of the 8b architecture is shown a video, "inference" (12 frames at 560 for the released one)
    or "training" (6 at 448); without it the stored way, or inference. Raises ModelError with one sentence.
    """
    target = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
    if target.type == "cuda" and not torch.cuda.is_available():
        raise ModelError("CUDA was asked for, but this machine has no usable CUDA device")
    precision = choose_precision(precision, target)
    folder = find_folder(name)
    disable_progress_bar()
    failure = None
    try:
        checkpoint = open_checkpoint(folder, mode)
        model = read_weights(checkpoint, precision, target)
    except LOADING_ERRORS as error:
        failure = f"the checkpoint in {folder} cannot be loaded: {' '.join(str(error).split())}"
    if failure:  # raised here, so that no traceback holds on to a half-loaded model
        raise ModelError(failure)
    if isinstance(model.model.vision_tower, EfficientNetLiteModel):
        model.model.vision_tower.eval().fold_batch_norm().to(memory_format=torch.channels_last)
    return LoadedModel(model, checkpoint.processor, name, precision)

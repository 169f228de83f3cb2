"""From a name or a folder to a model that is ready to rate, in the precision asked for."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from transformers.utils.logging import disable_progress_bar

from ..errors import ModelError
from .efficientnet_lite import EfficientNetLiteModel
from .modeling import VQAThinkerForConditionalGeneration
from .processing import VQAThinkerProcessor

BUNDLED = Path(__file__).parent.parent / "checkpoints"
PRECISIONS = ("fp32", "bf16", "int8", "nf4")
KEPT_PRECISE = [
    "model.vision_tower",
    "model.multi_modal_projector",
    "model.motion_encoder",
    "model.motion_projector",
    "lm_head",
]


@dataclass(frozen=True)
class LoadedModel:
    """A model, its processor, and the names under which a rating reports them."""

    model: VQAThinkerForConditionalGeneration
    processor: VQAThinkerProcessor
    name: str
    precision: str

    @property
    def eos_token_id(self) -> int:
        return self.processor.tokenizer.convert_tokens_to_ids("<|im_end|>")


def choose_precision(precision: str, device: torch.device) -> str:
    """`auto` is fp32 on a CPU and bf16 on a GPU. Raises ModelError for an unknown name."""
    if precision == "auto":
        return "fp32" if device.type == "cpu" else "bf16"
    if precision not in PRECISIONS:
        raise ModelError(f"unknown precision {precision!r}; choose one of auto, {', '.join(PRECISIONS)}")
    return precision


def find_folder(name: str) -> Path:
    """The folder of a bundled checkpoint ("tiny") or of a checkpoint on disk. Raises ModelError."""
    bundled = BUNDLED / name
    folder = bundled if bundled.is_dir() else Path(name)
    if not (folder / "config.json").is_file():
        known = ", ".join(sorted(path.name for path in BUNDLED.iterdir() if path.is_dir()))
        raise ModelError(f"no model {name!r}: neither bundled ({known}) nor a folder with a config.json")
    kind = json.loads((folder / "config.json").read_text()).get("model_type")
    if kind != VQAThinkerForConditionalGeneration.config_class.model_type:
        raise ModelError(f"{folder} holds a {kind!r} model, not a VQAThinker checkpoint in this package's layout")
    return folder


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


def load_model(name: str = "tiny", precision: str = "auto", device: str | None = None) -> LoadedModel:
    """Load a checkpoint for inference. Raises ModelError with one sentence when it cannot be done."""
    target = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
    if target.type == "cuda" and not torch.cuda.is_available():
        raise ModelError("CUDA was asked for, but this machine has no usable CUDA device")
    precision = choose_precision(precision, target)
    folder = find_folder(name)
    disable_progress_bar()
    dtype = torch.float32 if precision == "fp32" or target.type == "cpu" and precision != "bf16" else torch.bfloat16
    try:
        processor = VQAThinkerProcessor.from_pretrained(folder)
        model, report = VQAThinkerForConditionalGeneration.from_pretrained(
            folder,
            dtype=dtype,
            quantization_config=quantisation(precision),
            device_map={"": target},
            output_loading_info=True,
        )
    except (OSError, ValueError, KeyError, RuntimeError, ImportError, SafetensorError) as error:
        raise ModelError(f"the checkpoint in {folder} cannot be loaded: {error}") from error
    for problem in ("missing_keys", "unexpected_keys", "mismatched_keys"):
        if keys := sorted(map(str, report[problem])):
            named = f"{problem.replace('_', ' ')} {', '.join(keys[:4])}"
            raise ModelError(f"the checkpoint in {folder} does not fit: {named}")
    if isinstance(model.model.vision_tower, EfficientNetLiteModel):
        model.model.vision_tower.eval().fold_batch_norm().to(memory_format=torch.channels_last)
    return LoadedModel(model.eval(), processor, name, precision)

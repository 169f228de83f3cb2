"""How much memory a model takes in each precision, how much is free, and which precision follows from the two.

Weights are counted exactly, from the shapes in the headers of the shards. What a model works with (cache of keys and
values, the largest live activations of one video) is an estimate from its sizes.
"""

from __future__ import annotations

import contextlib
import gc
import importlib.util
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import torch
from transformers import PreTrainedConfig

from ..errors import ModelError

PRECISIONS = ("fp32", "bf16", "int8", "nf4")
QUANTISED = ("int8", "nf4")
BLOCKS = "model.language_model.layers."
NF4_BYTES = 0.5 + 1 / 64 + 4 / (64 * 256)
"""For each weight: 4 bits, one byte of scale for 64 of them, and one float32 for 256 scales (double quantisation)."""
PROMPT_TEXT, ANSWER_TOKENS = 250, 512
"""Tokens of a prompt beside its placeholders, rounded up, and of an answer that is longer than most."""
MARGIN = 1.3
"""What allocators and workspaces of convolutions add to live tensors of a video."""
CGROUP = Path("/sys/fs/cgroup")
LITTLE_MEMORY = (
    "there is not enough memory for even one video at a time; choose a lower precision (bf16, int8, nf4) or fewer "
    "rollouts"
)


class ModelSizes(Protocol):
    """What is asked of a configuration: the language model and the tower, how many frames of a video are seen, how many
    tokens one has, and all of them. A `VQAThinkerConfig` is one."""

    text_config: PreTrainedConfig
    vision_config: PreTrainedConfig
    frames: int
    image_seq_length: int
    video_seq_length: int


@dataclass(frozen=True)
class Measured:
    """What is counted of a model before its weights are read: the shapes of its tensors by their keys in our layout,
    and its configuration."""

    shapes: Mapping[str, tuple[int, ...]]
    sizes: ModelSizes

    def need(self, precision: str, device: torch.device) -> Need:
        """Bytes that it takes in a precision on a device."""
        return need(self.shapes, self.sizes, precision, device)


@dataclass(frozen=True)
class Need:
    """Bytes of the weights, and of one video at work."""

    weights: int
    video: int

    @property
    def total(self) -> int:
        return int(self.weights + MARGIN * self.video)


def other_bytes(precision: str, device: torch.device) -> int:
    """Bytes of a number that is not quantised: on a GPU int8 and nf4 go with bf16, on a CPU with fp32."""
    return 2 if precision == "bf16" or device.type != "cpu" and precision != "fp32" else 4


def weight_bytes(shapes: Mapping[str, tuple[int, ...]], precision: str, device: torch.device) -> int:
    """Bytes of tensors by their keys in our layout; quantised are the matrices of the language model's blocks."""
    total = 0.0
    for key, shape in shapes.items():
        count = torch.Size(shape).numel()
        if precision in QUANTISED and key.startswith(BLOCKS) and len(shape) == 2:
            total += count * NF4_BYTES if precision == "nf4" else count + 4 * shape[0]
        else:
            total += count * other_bytes(precision, device)
    return int(total)


def cache_bytes(config: ModelSizes, precision: str, device: torch.device) -> int:
    """Keys and values of one video's prompt and answer."""
    text = config.text_config
    width = text.num_key_value_heads * (getattr(text, "head_dim", None) or text.hidden_size // text.num_attention_heads)
    tokens = config.video_seq_length + PROMPT_TEXT + ANSWER_TOKENS
    return 2 * other_bytes(precision, device) * text.num_hidden_layers * width * tokens


def video_bytes(config: ModelSizes, precision: str, device: torch.device) -> int:
    """An estimate for one video: its cache, and the larger of what a block of the language model holds of the whole
    prompt (its MLP three times, eight vectors a token) and what a block of the tower holds of all frames."""
    text, vision = config.text_config, config.vision_config
    prompt = config.video_seq_length + PROMPT_TEXT
    language = prompt * (3 * text.intermediate_size + 8 * text.hidden_size)
    patches = 4 * config.image_seq_length + 1
    seen = config.frames * patches * (8 * vision.hidden_size + 2 * getattr(vision, "intermediate_size", 0))
    return cache_bytes(config, precision, device) + other_bytes(precision, device) * max(language, seen)


def need(shapes: Mapping[str, tuple[int, ...]], config: ModelSizes, precision: str, device: torch.device) -> Need:
    return Need(weight_bytes(shapes, precision, device), video_bytes(config, precision, device))


def free_bytes(device: torch.device) -> int:
    """Free memory of a device: what CUDA reports, or, on a CPU, what this machine or its container has left."""
    if device.type == "cuda":
        try:
            free, _ = torch.cuda.mem_get_info(device)
            return free + torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        except (RuntimeError, AssertionError, TypeError, ValueError):  # ZeroGPU lends its device later
            return torch.cuda.get_device_properties(device).total_memory
    import psutil

    free, left = psutil.virtual_memory().available, container_bytes()
    return free if left is None else min(free, left)


def container_bytes(folder: Path = CGROUP) -> int | None:
    """What the limit of a container (cgroup 2) leaves free, None where there is no limit."""
    try:
        limit, used = ((folder / name).read_text().strip() for name in ("memory.max", "memory.current"))
        stat = dict(line.split() for line in (folder / "memory.stat").read_text().splitlines())
        return max(0, int(limit) - int(used) + int(stat.get("inactive_file", 0)))
    except (OSError, ValueError):
        return None


def has_bitsandbytes() -> bool:
    return importlib.util.find_spec("bitsandbytes") is not None


def gigabytes(count: float) -> str:
    return f"{count / 1e9:.1f} GB"


def usable(device: torch.device) -> list[str]:
    """Precisions that `auto` chooses from, the best first."""
    best = ["fp32", "bf16"] if device.type == "cpu" else ["bf16"]
    return best + (list(QUANTISED) if has_bitsandbytes() else [])


def check_precision(precision: str) -> None:
    """Raises ModelError for an unknown name, and for one that needs bitsandbytes where that is missing."""
    if precision not in ("auto", *PRECISIONS):
        raise ModelError(f"unknown precision {precision!r}; choose one of auto, {', '.join(PRECISIONS)}")
    if precision in QUANTISED and not has_bitsandbytes():
        raise ModelError(
            f"{precision} needs the package bitsandbytes (pip install bitsandbytes); choose bf16 or fp32 without it"
        )


def choose_precision(
    precision: str, shapes: Mapping[str, tuple[int, ...]], config: ModelSizes, device: torch.device
) -> tuple[str, str]:
    """The precision to load, and a sentence that says why: `auto` takes the best that fits into free memory.

    Raises ModelError with what would fit: when the weights alone are larger than free memory in the precision asked
    for, or for `auto` when weights and one video are so in each.
    """
    check_precision(precision)
    free, where = free_bytes(device), "this machine" if device.type == "cpu" else f"the GPU ({device})"
    needs = {name: need(shapes, config, name, device) for name in PRECISIONS}
    fitting = [name for name in usable(device) if needs[name].total <= free]
    if precision == "auto" and fitting:
        told = f"{gigabytes(needs[fitting[0]].total)} of the {gigabytes(free)} that are free on {where}"
        return fitting[0], f"precision {fitting[0]} was chosen: it takes {told}"
    smallest = usable(device)[-1]
    if precision == "auto":
        raise ModelError(too_little(smallest, needs[smallest], free, where, fitting))
    if needs[precision].weights > free:
        raise ModelError(too_little(precision, needs[precision], free, where, fitting))
    return precision, ""


def too_little(precision: str, need: Need, free: int, where: str, fitting: list[str]) -> str:
    """The sentence for too little memory, with the alternatives."""
    if fitting:
        instead = f"choose {' or '.join(fitting)}"
    elif not has_bitsandbytes():
        instead = "pip install bitsandbytes for int8 and nf4, free some memory, or take a smaller model"
    else:
        instead = "free some memory, take a larger machine, or a smaller model"
    return (
        f"not enough memory for {precision}: the weights take {gigabytes(need.weights)} and a video "
        f"{gigabytes(need.video)}, {gigabytes(free)} are free on {where}; {instead}"
    )


def out_of_memory(error: BaseException) -> bool:
    """Whether memory ran out: CUDA's own error, Python's, or what torch says on a CPU."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return isinstance(error, RuntimeError) and any(
        sign in str(error) for sign in ("can't allocate memory", "out of memory", "CUBLAS_STATUS_ALLOC_FAILED")
    )


def release_memory() -> None:
    """Let go of what nothing refers to, and of what CUDA keeps for later."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


@contextlib.contextmanager
def clear_memory_error() -> Iterator[None]:
    """Running out of memory inside becomes a ModelError with one sentence, and what was made inside is let go."""
    ran_out = False
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        if not out_of_memory(error):
            raise
        ran_out = True
    if ran_out:
        release_memory()
        raise ModelError(LITTLE_MEMORY)


def videos_that_fit(config: ModelSizes, precision: str, device: torch.device, most: int) -> int:
    """How many answers can be under way beside each other in the memory that is free now, 1 to `most`."""
    left = free_bytes(device) - MARGIN * video_bytes(config, precision, device)
    return max(1, min(most, int(left / (MARGIN * 2 * cache_bytes(config, precision, device)))))

"""How much memory a GPU needs for a GRPO run, and how long a step takes; the command is memory.py."""

from __future__ import annotations

import argparse
import math
from dataclasses import dataclass
from pathlib import Path

from ..common.markdown import replace_between, table
from ..grpo.config import GrpoSettings, load_grpo_settings
from .model_size import ModelSize, measure_8b
from .step_time import ANSWER_TOKENS, GPUS, Gpu, step_seconds

GIB = 2**30
OVERHEAD_BYTES = 2 * GIB
"""CUDA context, NCCL buffers, cuBLAS workspaces."""
FRAGMENTATION = 1.1
"""What the caching allocator holds beside live tensors of the phases."""
LOGIT_BYTES = 16
"""Peak of live bytes for each logit of training/policy/policy.py, forward and backward: bf16 logits, float32 copies of
which logsumexp keeps one, their gradients. Measured by tracking storages on a CPU."""
REFERENCE_BYTES = FROZEN_BYTES = 4
"""For each parameter of the frozen copy, and of what is not trained: training/grpo/train.py loads float32 and copies
that."""
LSVQ_VIDEOS = 28_056
MARKERS = ("<!-- memory: begin -->", "<!-- memory: end -->")
CONFIGS = Path(__file__).parents[1] / "configs"
SCENARIOS = (
    ("8b_grpo_lora.yaml", "lora", 1),
    ("8b_grpo_lora.yaml", "lora", 8),
    ("8b_grpo.yaml", "ddp", 8),
    ("8b_grpo.yaml", "zero2", 8),
    ("8b_grpo.yaml", "zero3", 8),
    ("8b_grpo.yaml", "fsdp", 8),
    ("8b_grpo.yaml", "zero3", 16),
)


@dataclass(frozen=True)
class Engine:
    """Bytes that an engine keeps for each trained parameter, and which of them it divides by the number of GPUs.

    ZeRO (arXiv 1910.02054, section 3) with bf16: weights and gradients 2 each, float32 master copy and two moments 12.
    DDP and FSDP2 as accelerate sets them up: float32 weights and gradients, two moments, computing in bf16.
    """

    weights: int
    gradients: int
    optimiser: int
    divides_optimiser: bool = False
    divides_gradients: bool = False
    divides_weights: bool = False


ENGINES = {
    "lora": Engine(4, 4, 8),
    "ddp": Engine(4, 4, 8),
    "zero2": Engine(2, 2, 12, divides_optimiser=True, divides_gradients=True),
    "zero3": Engine(2, 2, 12, divides_optimiser=True, divides_gradients=True, divides_weights=True),
    "fsdp": Engine(4, 4, 8, divides_optimiser=True, divides_gradients=True, divides_weights=True),
}


@dataclass(frozen=True)
class Memory:
    """Bytes on one GPU, by what they are for."""

    weights: float
    gradients: float
    optimiser: float
    reference: float
    rollouts: float
    update: float

    @property
    def peak(self) -> float:
        fixed = self.weights + self.gradients + self.optimiser + self.reference
        return fixed + FRAGMENTATION * max(self.rollouts, self.update) + OVERHEAD_BYTES


def layer_bytes(hidden: int, key_value: int, intermediate: int, heads: int) -> int:
    """What one Qwen2 layer keeps of one token for its backward pass, in bf16: inputs of the norms (in float32 too),
    queries, attention and its output, keys and values, four times the MLP's width, one float32 a head. The weights
    were fitted to saved tensors of the real layer, and a test counts them again."""
    return 20 * hidden + 4 * key_value + 8 * intermediate + 4 * heads


def vision_layer_bytes(hidden: int, intermediate: int, heads: int = 16) -> int:
    """The same for one layer of InternViT."""
    return 20 * hidden + 4 * intermediate + 4 * heads


def kept_bytes(layers: int, full: int, boundary: int, checkpointing: bool) -> int:
    """Of one token over a stack: each layer's input and one layer in full, or, without checkpointing, all in full."""
    return layers * boundary + full if checkpointing else layers * full


def sequence_tokens(size: ModelSize, group: int, answer: int) -> int:
    """Length of the row of one video: its prompt once, then its answers side by side (training/policy/policy.py)."""
    return size.prompt + group * answer


def activation_bytes(size: ModelSize, settings: GrpoSettings) -> int:
    """Of one pass over `micro_batch` videos whose answers all reach the limit, with the mask over the packed row."""
    tokens = sequence_tokens(size, settings.num_generations, settings.max_completion_length)
    full = layer_bytes(size.hidden, size.key_value, size.intermediate, size.heads)
    text = tokens * kept_bytes(size.layers, full, 2 * size.hidden, settings.gradient_checkpointing)
    seen = vision_layer_bytes(size.vision_hidden, size.vision_intermediate)
    kept = kept_bytes(size.vision_layers, seen, 2 * size.vision_hidden, settings.gradient_checkpointing)
    vision = size.frames * size.patches * kept if size.vision_trained else 0
    return settings.micro_batch * (text + vision) + 2 * tokens**2


def logit_bytes(size: ModelSize, settings: GrpoSettings) -> int:
    tokens = settings.micro_batch * settings.num_generations * settings.max_completion_length
    return tokens * size.vocabulary * LOGIT_BYTES


def cache_bytes(size: ModelSize, settings: GrpoSettings) -> int:
    """Keys and values while a GPU writes about `rollout_batch` clips: the prompt (kept apart, too) and G answers."""
    tokens = 2 * size.prompt + settings.num_generations * settings.max_completion_length
    return settings.rollout_batch * tokens * size.cache_bytes


def estimate(size: ModelSize, settings: GrpoSettings, engine: str, gpus: int) -> Memory:
    """Memory of one of `gpus` GPUs. Weights that an engine divides are whole again while answers are written; in the
    update two blocks of them are. The reference is a whole copy on every GPU, or, with adapters, none."""
    kind = ENGINES[engine]
    share = {True: 1 / gpus, False: 1.0}
    whole = 2 * size.parameters if kind.divides_weights else 0
    blocks = 2 * 2 * size.block if kind.divides_weights else 0
    step_logits = 10 * settings.rollout_batch * settings.num_generations * size.vocabulary
    return Memory(
        weights=share[kind.divides_weights] * (kind.weights * size.trained + FROZEN_BYTES * size.frozen),
        gradients=share[kind.divides_gradients] * kind.gradients * size.trained,
        optimiser=share[kind.divides_optimiser] * kind.optimiser * size.trained,
        reference=0 if settings.lora else REFERENCE_BYTES * size.parameters,
        rollouts=whole + cache_bytes(size, settings) + step_logits,
        update=blocks + activation_bytes(size, settings) + logit_bytes(size, settings),
    )


COLUMNS = ("engine", "GPUs", "weights", "gradients", "optimiser", "reference", "rollouts", "update", "peak", "fits")
TIMES = ("rollouts", "reference", "update", "step", "an epoch")


def memory_row(memory: Memory, engine: str, gpus: int, gpu: Gpu) -> list[str]:
    parts = (memory.weights, memory.gradients, memory.optimiser, memory.reference, memory.rollouts, memory.update)
    fits = "yes" if memory.peak <= gpu.memory * GIB else "no"
    return [engine, str(gpus), *(f"{part / GIB:.1f}" for part in (*parts, memory.peak)), fits]


def time_row(size: ModelSize, settings: GrpoSettings, engine: str, gpus: int, gpu: Gpu, answer: int) -> list[str]:
    seconds = step_seconds(size, settings, ENGINES[engine], gpus, gpu, answer)
    hours = math.ceil(LSVQ_VIDEOS / settings.videos_per_step) * seconds.total / 3600
    cells = [f"{part:.0f} s" for part in (seconds.rollouts, seconds.reference, seconds.update, seconds.total)]
    return [engine, str(gpus), str(settings.videos_per_step), *cells, f"{hours:.0f} h"]


def report(runs: list[tuple[GrpoSettings, str, int]], gpu: Gpu, answer: int) -> str:
    """Two Markdown tables: memory of one GPU in GiB, and seconds of one step."""
    sizes = [measure_8b(settings) for settings, _, _ in runs]
    memory = [memory_row(estimate(size, *run), run[1], run[2], gpu) for size, run in zip(sizes, runs, strict=True)]
    times = [time_row(size, *run, gpu, answer) for size, run in zip(sizes, runs, strict=True)]
    header = ["engine", "GPUs", "videos a step", *TIMES]
    limit = f"when every answer reaches its limit ({sizes[-1].parameters / 1e9:.2f} billion parameters)"
    usual = f"with answers of {answer} tokens, and of one epoch of LSVQ ({LSVQ_VIDEOS} videos)"
    return (
        f"Memory of one {gpu.name}, in GiB, {limit}:\n\n{table(list(COLUMNS), memory)}\n\n"
        f"Time of one step {usual}:\n\n{table(header, times)}"
    )


def chosen_runs(config: Path, engine: str, gpus: int) -> list[tuple[GrpoSettings, str, int]]:
    """The run that was asked for, or one for each engine that fits the settings. Raises ValueError."""
    settings = load_grpo_settings(config)
    fitting = [name for name in ENGINES if (name == "lora") == (settings.lora is not None)]
    if engine != "all" and engine not in fitting:
        raise ValueError(f"{config} {'has' if settings.lora else 'has no'} adapters: choose from {', '.join(fitting)}")
    settings.micro_batches(gpus)
    return [(settings, name, gpus) for name in (fitting if engine == "all" else [engine])]


def tell(args: argparse.Namespace) -> None:
    """What the command asks for. Raises ValueError."""
    answer = ANSWER_TOKENS if args.answer_tokens is None else args.answer_tokens
    if min(args.gpus, answer) < 1:
        raise ValueError("--gpus and --answer-tokens must be at least 1")
    for option, given, known in (("--gpu", args.gpu, [*GPUS]), ("--engine", args.engine, [*ENGINES, "all"])):
        if given not in known:
            raise ValueError(f"{option} {given}: choose from {', '.join(known)}")
    if args.write:
        runs = [(load_grpo_settings(CONFIGS / config), *rest) for config, *rest in SCENARIOS]
        replace_between(args.write, MARKERS, report(runs, GPUS[args.gpu], answer))
    else:
        print(report(chosen_runs(args.config, args.engine, args.gpus), GPUS[args.gpu], answer))

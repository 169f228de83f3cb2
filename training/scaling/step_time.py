"""Roughly how long a GRPO step takes on GPUs: operations over a stated share of the peak, bytes over a stated share of
the bandwidth. The shares are assumptions, named below; the order of magnitude is what this is good for."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

from ..grpo.config import GrpoSettings
from .model_size import ModelSize

UTILISATION = 0.35
"""Share of the peak of dense bf16 that large matrix products with checkpointing and a dense attention mask reach."""
BANDWIDTH_USE = 0.6
"""Share of memory and link bandwidth that is reached."""
EAGER_TOKEN_SECONDS = 0.03
"""Least time of one decoding step of a 28-layer model in Python: kernels are started one by one."""
ANSWER_TOKENS = 400
"""Longest answer among those that are written together; answers of the released model are of a few hundred tokens."""
GPUS_PER_NODE = 8


@dataclass(frozen=True)
class Gpu:
    """Memory in GiB; peak of dense bf16 in operations a second; bytes a second of its memory, of its links within a
    machine (one direction) and of its share of the network between machines. From the vendor's data sheets."""

    name: str
    memory: float
    operations: float
    bandwidth: float
    link: float
    network: float = 50e9


GPUS = {
    "h100": Gpu("H100 SXM 80 GB", 79.6, 989e12, 3.35e12, 450e9),
    "a100": Gpu("A100 SXM 80 GB", 79.3, 312e12, 2.04e12, 300e9, 25e9),
}


class Sharing(Protocol):
    """What of an engine decides the traffic (training/scaling/memory.py has the engines)."""

    divides_weights: bool
    divides_gradients: bool


@dataclass(frozen=True)
class Seconds:
    """Of one step on one GPU: all processes work at the same time."""

    rollouts: float
    reference: float
    update: float

    @property
    def total(self) -> float:
        return self.rollouts + self.reference + self.update


def text_operations(size: ModelSize, prompt: int, group: int, answer: int) -> float:
    """Of one forward pass over the packed row of a video: two for each weight and token, the head on answers only, and
    attention over the whole square, since a dense mask leaves no half out."""
    tokens = prompt + group * answer
    layers = size.layers * size.block
    return 2 * layers * tokens + 2 * size.head * group * answer + 4 * size.layers * size.hidden * tokens**2


def vision_operations(size: ModelSize) -> float:
    """Of one forward pass of the tower over the frames of a video."""
    one = 2 * size.vision * size.patches + 4 * size.vision_layers * size.vision_hidden * size.patches**2
    return size.frames * one


def rollout_seconds(
    size: ModelSize, settings: GrpoSettings, engine: Sharing, gpus: int, gpu: Gpu, answer: int
) -> float:
    """Tower, prompt and answers of the clips of one GPU, perturbed twins included, `rollout_batch` of them at a time.

    A decoding step reads all weights and all caches once. Weights that are divided are gathered once, before.
    """
    clips = settings.videos_per_step / gpus * (2 if settings.perturbs else 1)
    seeing = clips * (vision_operations(size) + text_operations(size, size.prompt, 0, 0))
    rounds = math.ceil(clips / settings.rollout_batch)
    tokens = min(clips, settings.rollout_batch) * (size.prompt + settings.num_generations * answer / 2)
    read = 2 * (size.layers * size.block + size.head) + tokens * size.cache_bytes
    token = max(EAGER_TOKEN_SECONDS, read / (gpu.bandwidth * BANDWIDTH_USE))
    gathered = traffic_seconds(2 * size.parameters, gpus, gpu) if engine.divides_weights else 0.0
    return seeing / (gpu.operations * UTILISATION) + rounds * answer * token + gathered


def traffic_seconds(data: float, gpus: int, gpu: Gpu) -> float:
    """One gather, or one sum by scattering, of `data` bytes over all GPUs; the slowest link decides."""
    link = gpu.link if gpus <= GPUS_PER_NODE else gpu.network
    return data * (gpus - 1) / gpus / (link * BANDWIDTH_USE)


def step_seconds(
    size: ModelSize, settings: GrpoSettings, engine: Sharing, gpus: int, gpu: Gpu, answer: int = ANSWER_TOKENS
) -> Seconds:
    """One step: answers, the reference once, the policy forward and back (a backward pass counts twice, with
    checkpointing three times). Divided weights travel twice in every pass, gradients once or twice."""
    videos, passes = settings.videos_per_step / gpus, settings.micro_batches(gpus)
    text = text_operations(size, size.prompt, settings.num_generations, answer)
    speed = gpu.operations * UTILISATION
    factor = 4 if settings.gradient_checkpointing else 3
    seen = vision_operations(size)
    forward = videos * (text + seen) / speed
    backward = videos * (factor * text + (factor if size.vision_trained else 1) * seen) / speed
    weights = 2 * passes * traffic_seconds(2 * size.parameters, gpus, gpu) if engine.divides_weights else 0.0
    gradients = traffic_seconds(2 * size.trained, gpus, gpu) * (passes if engine.divides_gradients else 2)
    return Seconds(
        rollout_seconds(size, settings, engine, gpus, gpu, answer),
        forward if settings.beta else 0.0,
        settings.num_iterations * (backward + weights + gradients),
    )

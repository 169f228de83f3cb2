"""From one encoded video to texts: prefill once, then write one greedy answer or many sampled ones.

The video is encoded and the prompt is run through the language model a single time; every answer continues from a copy
of that cache. Sampling adds Gumbel noise to the logits and takes the maximum, which draws from the softmax exactly;
each rollout has its own generator, so rollout k is the same text whether it is written alone or beside others.
"""

from __future__ import annotations

import copy
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from transformers import BatchFeature, DynamicCache
from transformers.cache_utils import DynamicLayer
from transformers.generation.streamers import BaseStreamer

from .modeling import VQAThinkerForConditionalGeneration

VIDEO_INPUTS = ("pixel_values", "image_grid_thw", "motion_values", "clip_facts", "video_features")


@dataclass(frozen=True)
class Prompt:
    """Prefilled prompts of B videos: token ids (B, L) and the cache of their first L-1 positions.

    `shift` is by how much the position of a token differs from the number of tokens before it: 0, but where the
    positions of pictures have several dimensions (model/family/qwen2_5_vl/positions.py). The same for all B.
    """

    input_ids: torch.Tensor
    cache: DynamicCache
    shift: int = 0

    @property
    def start(self) -> int:
        """The position of the last token, with which every answer begins."""
        return self.input_ids.shape[1] - 1 + self.shift

    def rows(self, count: int) -> tuple[torch.Tensor, DynamicCache]:
        """`count` copies of each row of ids and cache, side by side; the prompt itself stays untouched.

        A prompt that is a view into a larger store is copied without the rest of it.
        """
        cache = copy.copy(self.cache)
        cache.layers = [copy.copy(layer) for layer in self.cache.layers]
        cache.batch_repeat_interleave(count)
        return self.input_ids.repeat_interleave(count, dim=0), cache


def cache_of(pairs: Iterable[tuple[torch.Tensor, torch.Tensor]]) -> DynamicCache:
    """A cache that holds these keys and values of each layer, and puts what is new into a copy."""
    cache = DynamicCache()
    for keys, values in pairs:
        layer = DynamicLayer()
        layer.lazy_initialization(keys, values)
        layer.keys, layer.values = keys, values
        cache.layers.append(layer)
    return cache


class GumbelNoise:
    """Turns an argmax into a draw from softmax(logits / temperature), row k with generator k.

    The generators live on `device`, that of the logits: a vocabulary of 150,000 words drawn on a CPU takes longer than
    a GPU's step. The same seed gives the same draws on one kind of device, not from one kind to another.
    """

    def __init__(self, seeds: Sequence[int], temperature: float = 1.0, device: torch.device | str = "cpu"):
        if temperature <= 0:
            raise ValueError(f"temperature must be above 0, got {temperature}")
        self.generators = [torch.Generator(device).manual_seed(seed) for seed in seeds]
        self.temperature = temperature

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        noise = torch.empty_like(scores, dtype=torch.float32)
        for row, generator in zip(noise, self.generators, strict=True):
            row.exponential_(generator=generator)
        return scores.float() / self.temperature - noise.log_()


def rollout_seeds(seed: int, count: int) -> list[int]:
    """One seed for each rollout; the first k of them do not depend on `count`."""
    return [seed * 1_000_003 + index for index in range(count)]


@torch.inference_mode()
def encode(
    model: VQAThinkerForConditionalGeneration, inputs: BatchFeature
) -> tuple[dict[str, torch.Tensor], torch.Tensor]:
    """The inputs of a VQAThinker with `video_features` (B, V, H) in the place of the tensors of the video, and their
    `overview` (B, D), see `Encoded`."""
    tensors = {name: inputs[name] for name in inputs if name in VIDEO_INPUTS}
    rest = {name: inputs[name] for name in inputs if name not in VIDEO_INPUTS}
    made = model.model.encode(**tensors)
    return rest | {"video_features": made.features}, made.overview


@torch.inference_mode()
def prefill(model: VQAThinkerForConditionalGeneration, inputs: BatchFeature) -> Prompt:
    """Encode videos and run their prompts, all but the last token, through the language model.

    `inputs` come from the processor (prompts of one length); `video_features` may stand in for the video tensors.
    Where they hold `position_ids` (3, B, L), these are the positions of the tokens.
    """
    input_ids = inputs["input_ids"]
    tensors = {name: inputs[name] for name in VIDEO_INPUTS if name in inputs}
    shift = 0
    if "position_ids" in inputs:
        tensors["position_ids"] = inputs["position_ids"][..., :-1]
        shift = int(inputs["position_ids"][0, 0, -1]) - (input_ids.shape[1] - 1)
    cache = DynamicCache(config=model.config.get_text_config())
    model.model(input_ids=input_ids[:, :-1], past_key_values=cache, use_cache=True, **tensors)
    return Prompt(input_ids, cache, shift)


@torch.inference_mode()
def write(
    model: VQAThinkerForConditionalGeneration,
    prompt: Prompt,
    *,
    max_new_tokens: int,
    eos_token_id: int,
    seeds: Sequence[int] = (),
    temperature: float = 1.0,
    streamer: BaseStreamer | None = None,
    cancel: threading.Event | None = None,
) -> list[list[int]]:
    """Token ids without the end token: the greedy answer of each of the B videos, or, for one video, one sampled answer
    for each seed. An answer that reaches `max_new_tokens` is cut there, and all when `cancel` is set.

    A plain loop: what `generate` does around the same steps takes as long as a step of a small model.
    """
    if seeds and len(prompt.input_ids) != 1:
        raise ValueError(f"rollouts are written for one video at a time, got {len(prompt.input_ids)}")
    input_ids, cache = prompt.rows(max(1, len(seeds)))
    noise = GumbelNoise(seeds, temperature, input_ids.device) if seeds else None
    current, rows = input_ids[:, -1:], []
    running = torch.ones(len(input_ids), dtype=torch.bool, device=input_ids.device)
    if streamer is not None:
        streamer.put(input_ids.cpu())
    for step in range(max_new_tokens):
        where = torch.full_like(current, prompt.start + step)
        options = {"position_ids": where, "past_key_values": cache, "use_cache": True, "logits_to_keep": 1}
        scores = model(input_ids=current, **options).logits[:, -1].float()
        scores[:, model.config.image_token_id] = -torch.inf
        drawn = (scores if noise is None else noise(None, scores)).argmax(-1)
        current = torch.where(running, drawn, eos_token_id)[:, None]
        rows.append(current)
        if streamer is not None:
            streamer.put(current[:, 0].cpu())
        running &= current[:, 0] != eos_token_id
        if not running.any() or (cancel is not None and cancel.is_set()):
            break
    if streamer is not None:
        streamer.end()
    return [before_end(row, eos_token_id) for row in torch.cat(rows, dim=1).tolist()]


def before_end(row: list[int], end: int) -> list[int]:
    """The tokens before the first end token."""
    return row[: row.index(end)] if end in row else row

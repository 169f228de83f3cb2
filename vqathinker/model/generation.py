"""From one encoded video to texts: prefill once, then write one greedy answer or many sampled ones.

The video is encoded and the prompt is run through the language model a single time; every answer continues from a copy
of that cache. Sampling adds Gumbel noise to the logits and takes the maximum, which draws from the softmax exactly;
each rollout has its own generator, so rollout k is the same text whether it is written alone or beside others.
"""

from __future__ import annotations

import copy
import threading
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch.nn.functional import scaled_dot_product_attention
from transformers import AttentionInterface, BatchFeature, DynamicCache
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
    return [_until(row, eos_token_id) for row in torch.cat(rows, dim=1).tolist()]


def _until(row: list[int], end: int) -> list[int]:
    """The tokens before the first end token."""
    return row[: row.index(end)] if end in row else row


class RoomyLayer(DynamicLayer):
    """A cache layer that makes room ahead, so that a new position is written in its place instead of copying all.

    Under autocast it keeps what attention computes in. For inference only: what it handed out before is changed by the
    next update.
    """

    STEP = 256

    def __init__(self, keys: torch.Tensor, values: torch.Tensor):
        super().__init__()
        kind = keys.device.type
        dtype = torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else keys.dtype
        self.length, self._rooms = 0, tuple(states[..., :0, :].to(dtype) for states in (keys, values))
        self.lazy_initialization(*self._rooms)
        self.update(keys, values)

    def update(self, key_states: torch.Tensor, value_states: torch.Tensor, *_, **__):
        start, self.length = self.length, self.length + key_states.shape[-2]
        if self.length > self._rooms[0].shape[-2]:
            self._rooms = tuple(self._larger(room, start) for room in self._rooms)
        for room, states in zip(self._rooms, (key_states, value_states), strict=True):
            room[..., start : self.length, :] = states
        self.keys, self.values = (room[..., : self.length, :] for room in self._rooms)
        return self.keys, self.values

    def _larger(self, room: torch.Tensor, filled: int) -> torch.Tensor:
        *outer, _, width = room.shape
        larger = room.new_empty(*outer, self.length + self.STEP, width)
        larger[..., :filled, :] = room[..., :filled, :]
        return larger


def side_by_side(prefix: int, group: int, steps: int, like: torch.Tensor) -> torch.Tensor:
    """Attention mask (1, 1, group, prefix + group * steps) of the last of `steps` rows of `group` tokens.

    The keys are a shared prefix, then one token of each of the `group` answers for every step; answer k sees the prefix
    and its own tokens. 0 where allowed, the lowest number elsewhere, in the type of `like`.
    """
    own = torch.eye(group, device=like.device, dtype=torch.bool).repeat(1, steps)
    allowed = torch.cat([own.new_ones(group, prefix), own], dim=1)
    lowest = torch.finfo(like.dtype).min
    return torch.zeros(allowed.shape, dtype=like.dtype, device=like.device).masked_fill(~allowed, lowest)[None, None]


def packed_attention(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor,
    scaling: float | None = None,
    **_,
) -> tuple[torch.Tensor, None]:
    """Attention of queries (B, H, T, D) to fewer heads of keys and values, with a mask (1, 1, T, L): the H / K query
    heads that share a key head stand behind one another, so that no cache is copied H / K times, as it is where T
    tokens are asked for at a time. Returns (B, T, H, D)."""
    shared = module.num_key_value_groups
    packed = query.unflatten(1, (-1, shared)).flatten(2, 3)
    mask = attention_mask.repeat(1, 1, shared, 1)
    seen = scaled_dot_product_attention(packed, key, value, attn_mask=mask, scale=scaling)
    return seen.unflatten(2, (shared, -1)).flatten(1, 2).transpose(1, 2).contiguous(), None


AttentionInterface.register("packed", packed_attention)


@contextmanager
def packed(model: VQAThinkerForConditionalGeneration) -> Iterator[None]:
    """The language model with `packed_attention` where its heads share keys, as it is elsewhere."""
    config = model.model.language_model.config
    kept = config._attn_implementation
    shares = config.num_key_value_heads < config.num_attention_heads
    config._attn_implementation = "packed" if shares and kept == "sdpa" else kept
    try:
        yield
    finally:
        config._attn_implementation = kept


@torch.inference_mode()
def write_groups(
    model: VQAThinkerForConditionalGeneration,
    prompt: Prompt,
    seeds: Sequence[int],
    *,
    max_new_tokens: int,
    eos_token_id: int,
    temperature: float = 1.0,
    cancel: threading.Event | None = None,
) -> list[list[list[int]]]:
    """Sampled answers [B][G] for the B videos of a prompt, token ids without the end token; seeds are B * G, video by
    video. Answer k of a video is the one that `write` samples with its seed, whatever is written beside it.

    The G answers of a video are one row of the batch: every step adds G tokens to it, each of which sees the prompt
    and its own answer only. So the prompt's cache is neither copied nor read G times. An answer that does not reach
    its end within `max_new_tokens` is cut there, and all when `cancel` is set. Raises ValueError when the seeds cannot
    be shared out.
    """
    limits = {"max_new_tokens": max_new_tokens, "eos_token_id": eos_token_id, "temperature": temperature}
    steps = group_steps(model, prompt, seeds, **limits)
    try:
        while True:
            next(steps)
            if cancel is not None and cancel.is_set():
                return steps.send(True)
    except StopIteration as end:
        return end.value


@torch.inference_mode()
def group_steps(
    model: VQAThinkerForConditionalGeneration,
    prompt: Prompt,
    seeds: Sequence[int],
    *,
    max_new_tokens: int,
    eos_token_id: int,
    temperature: float = 1.0,
) -> Generator[None, bool | None, list[list[list[int]]]]:
    """`write_groups` a token at a time; what is sent says whether to end there. The prompt may be gone from the first
    step on."""
    videos, length = prompt.input_ids.shape
    if not seeds or len(seeds) % videos:
        raise ValueError(f"{len(seeds)} seeds cannot be shared out evenly to {videos} videos")
    group = len(seeds) // videos
    noise = GumbelNoise(seeds, temperature, prompt.input_ids.device)
    cache = DynamicCache()
    cache.layers = [RoomyLayer(layer.keys, layer.values) for layer in prompt.cache.layers]
    current = prompt.input_ids[:, -1:].expand(-1, group)
    rows: list[torch.Tensor] = []
    running = torch.ones(videos, group, dtype=torch.bool, device=current.device)
    for step in range(max_new_tokens):
        with packed(model):
            logits = model(
                input_ids=current,
                position_ids=torch.full_like(current, prompt.start + step),
                attention_mask=side_by_side(length - 1, group, step + 1, cache.layers[0].keys),
                past_key_values=cache,
                use_cache=True,
            ).logits
        logits[..., model.config.image_token_id] = -torch.inf
        drawn = noise(None, logits.flatten(0, 1)).argmax(-1).view_as(current)
        current = torch.where(running, drawn, eos_token_id)
        rows.append(current)
        running &= current != eos_token_id
        if not running.any() or (yield):
            break
    written = torch.stack(rows, dim=-1).tolist()
    return [[_until(row, eos_token_id) for row in rows] for rows in written]

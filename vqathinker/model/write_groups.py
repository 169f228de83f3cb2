"""Many sampled answers about several videos: those about one video grow side by side in one row of the batch, so that
the cache of its prompt is neither copied nor read once for each of them."""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager

import torch
from torch.nn.functional import scaled_dot_product_attention
from transformers import AttentionInterface, DynamicCache
from transformers.cache_utils import DynamicLayer

from .generation import GumbelNoise, Prompt, before_end
from .modeling import VQAThinkerForConditionalGeneration


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
    return [[before_end(row, eos_token_id) for row in rows] for rows in written]

"""One token of every row through a Qwen2 language model, without what its `forward` does around the arithmetic.

A step of a few rows is little arithmetic: modules that call modules, masks, and caches that are built anew take as
long. Here the same weights are used in the same order, a row is a vector, and the query heads that share a head of keys
stand behind one another, so that no keys are copied. What is quantised, or carries an adapter, computes as elsewhere:
its modules are called.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn
from torch.nn.functional import rms_norm, scaled_dot_product_attention
from transformers.models.qwen2.modeling_qwen2 import Qwen2DecoderLayer
from transformers.models.qwen2_5_vl.modeling_qwen2_5_vl import Qwen2_5_VLDecoderLayer

PLAIN_LAYERS = (Qwen2DecoderLayer, Qwen2_5_VLDecoderLayer)
Rooms = tuple[Sequence[Sequence[torch.Tensor]], torch.Tensor, int]
"""Keys and values (rows, heads, positions, D) of each layer, where those of a new token go (n,), how far to look."""


def is_plain(language_model: nn.Module) -> bool:
    """Whether `token_step` computes what this model does: Qwen2's layers, all of which see every position."""
    layers = getattr(language_model, "layers", ())
    return not getattr(language_model, "has_sliding_layers", True) and all(
        type(layer) in PLAIN_LAYERS for layer in layers
    )


def token_step(
    language_model: nn.Module, tokens: torch.Tensor, positions: torch.Tensor, rooms: Rooms, mask: torch.Tensor | None
) -> torch.Tensor:
    """Hidden states (n, H) after one token (n,) of each row at its position (n,), the same in all its dimensions.

    Its keys and values are written into the first n rows of the rooms. An additive `mask` (n, 1, 1, width) says what of
    them each row sees; without one it is all up to the width.
    """
    stores, at, width = rooms
    hidden = language_model.embed_tokens(tokens)
    cos, sin = (each[:, 0, None] for each in language_model.rotary_emb(hidden[:, None], positions[:, None]))
    half = sin.shape[-1] // 2
    turn = cos, torch.cat([-sin[..., :half], sin[..., half:]], dim=-1)
    place = torch.arange(len(tokens), device=tokens.device), slice(None), at
    for layer, store in zip(language_model.layers, stores, strict=True):
        seen = _attend(layer.self_attn, _normed(layer.input_layernorm, hidden), turn, (store, place, width), mask)
        hidden = hidden + seen
        hidden = hidden + layer.mlp(_normed(layer.post_attention_layernorm, hidden))
    return _normed(language_model.norm, hidden)


def _attend(attention: nn.Module, hidden: torch.Tensor, turn: tuple, room: tuple, mask: torch.Tensor | None):
    """Attention (n, H) of one layer; writes its keys and values."""
    (keys, values), place, width = room
    by_head = (len(hidden), -1, attention.head_dim)
    query = _turned(attention.q_proj(hidden).view(by_head), *turn)
    keys[place] = _turned(attention.k_proj(hidden).view(by_head), *turn)
    values[place] = attention.v_proj(hidden).view(by_head)
    packed = query.unflatten(1, (-1, attention.num_key_value_groups))
    keys, values = (states[: len(hidden), :, :width] for states in (keys, values))
    seen = scaled_dot_product_attention(packed, keys, values, attn_mask=mask, scale=attention.scaling)
    return attention.o_proj(seen.reshape(len(hidden), -1))


def _turned(states: torch.Tensor, cos: torch.Tensor, signed_sin: torch.Tensor) -> torch.Tensor:
    """States (n, heads, D) turned by their position; the first half of `signed_sin` has its sign changed."""
    return torch.addcmul(states * cos, states.roll(states.shape[-1] // 2, -1), signed_sin)


def _normed(norm: nn.Module, hidden: torch.Tensor) -> torch.Tensor:
    return rms_norm(hidden, norm.weight.shape, norm.weight, norm.variance_epsilon)

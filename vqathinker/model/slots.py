"""Caches of many answers that are being written side by side, each with a length of its own.

Prompts come in through `prefill_rows`, several at a time: what all of them begin with may be run once, the rest is
padded on the left. In the slots they lie without padding. A step writes one position of every row in its place, and a
row that is done makes room for the next one at once, so that nobody waits for the longest answer of a batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer

from .generation import Prompt, cache_of
from .modeling import VQAThinkerForConditionalGeneration
from .token_step import is_plain, token_step

ROOM = 256
"""Positions by which the rooms of all rows grow."""
ALIGNED = 64
"""Rows of unequal length are looked at up to a multiple of this, which attention kernels with a mask like."""


@dataclass(frozen=True)
class Prefilled:
    """Cache of B prompts without their last tokens: `shared` positions, `pads[b]` empty ones, the rest of row b.
    `shift` is that of `Prompt`."""

    cache: DynamicCache
    shared: int
    pads: tuple[int, ...]
    shift: int = 0


def common_prefix(rows: Sequence[Sequence[int]], stop: int) -> int:
    """How many tokens all rows begin with, before the first `stop` and before the last token of any."""
    for index in range(min(map(len, rows)) - 1):
        if rows[0][index] == stop or any(row[index] != rows[0][index] for row in rows):
            return index
    return min(map(len, rows)) - 1


@torch.inference_mode()
def prefill_rows(
    model: VQAThinkerForConditionalGeneration,
    rows: Sequence[Sequence[int]],
    video_features: torch.Tensor,
    share_from: float = 0.1,
) -> Prefilled:
    """Run prompts `rows[b]`, all but the last token of each, with their videos' features (B, V, H).

    Where the tokens before the first frame are at least `share_from` of a prompt, they are run once for all rows. They
    are a hundredth of a prompt of the 8b model, whose attention is faster over a prompt in one piece.
    """
    body, stop = model.model, model.config.image_token_id
    shared = common_prefix(rows, stop) if len(rows) > 1 else 0
    if shared < share_from * max(map(len, rows)):
        shared = 0
    device, cache = video_features.device, DynamicCache(config=model.config.get_text_config())
    if shared:
        body(input_ids=torch.tensor([rows[0][:shared]], device=device), past_key_values=cache, use_cache=True)
        cache.batch_repeat_interleave(len(rows))
    tails = [list(row[shared:-1]) for row in rows]
    longest = max(map(len, tails))
    pads = tuple(longest - len(tail) for tail in tails)
    if not longest:
        return Prefilled(cache, shared, pads)
    filler = next(token for token in rows[0] if token != stop)
    padded = [[filler] * pad + tail for pad, tail in zip(pads, tails, strict=True)]
    inputs = {
        "input_ids": torch.tensor(padded, device=device),
        "video_features": video_features,
    }
    if any(pads):
        places = torch.arange(longest)
        empty = places < torch.tensor(pads)[:, None]
        mask = torch.cat([torch.ones(len(rows), shared, dtype=torch.bool), ~empty], dim=1)
        inputs["attention_mask"] = mask.long().to(device)
        inputs["position_ids"] = (shared + (places - torch.tensor(pads)[:, None]).clamp_min(0)).to(device)
    body(**inputs, past_key_values=cache, use_cache=True)
    return Prefilled(cache, shared, pads)


class _Layer(DynamicLayer):
    """One layer of a step: writes position `at[b]` of row b into the rooms and shows the first `width` positions."""

    def __init__(self, rooms: list[torch.Tensor], at: torch.Tensor, width: int):
        super().__init__()
        self.lazy_initialization(*rooms)
        self._rooms, self._at, self._width = rooms, at, width

    def get_seq_length(self) -> int:
        return self._width - 1

    def update(self, key_states: torch.Tensor, value_states: torch.Tensor, *_, **__):
        rows = torch.arange(len(self._at), device=self._at.device)
        for room, states in zip(self._rooms, (key_states, value_states), strict=True):
            room[rows, :, self._at] = states[:, :, 0]
        return tuple(room[: len(rows), :, : self._width] for room in self._rooms)


class Slots:
    """Keys and values of up to `limit` rows; those in use are the first ones, `lengths[b]` positions of them filled."""

    def __init__(self, limit: int):
        self.limit = limit
        self.lengths: list[int] = []
        self.shifts: list[int] = []
        self._rooms: list[list[torch.Tensor]] = []

    @torch.inference_mode()
    def add(self, prefilled: Prefilled) -> None:
        """Take in the rows of prefilled prompts, without their padding."""
        first, shared = len(self.lengths), prefilled.shared
        layers = [(layer.keys, layer.values) for layer in prefilled.cache.layers]
        total = layers[0][0].shape[-2]
        self._reserve(first + len(prefilled.pads), total, layers)
        for row, pad in enumerate(prefilled.pads, first):
            for rooms, states in zip(self._rooms, layers, strict=True):
                for room, whole in zip(rooms, states, strict=True):
                    room[row, :, :shared] = whole[row - first, :, :shared]
                    room[row, :, shared : total - pad] = whole[row - first, :, shared + pad :]
            self.lengths.append(total - pad)
            self.shifts.append(prefilled.shift)

    @torch.inference_mode()
    def drop(self, row: int) -> None:
        """Forget a row; the last one moves into its place."""
        last, length, shift = len(self.lengths) - 1, self.lengths.pop(), self.shifts.pop()
        if row == last:
            return
        for rooms in self._rooms:
            for room in rooms:
                room[row, :, :length] = room[last, :, :length]
        self.lengths[row], self.shifts[row] = length, shift

    def prompt(self, row: int, input_ids: Sequence[int]) -> Prompt:
        """The prompt of a row as it was prefilled: a view, good until the next change of the slots."""
        past = len(input_ids) - 1
        cache = cache_of([tuple(room[row : row + 1, :, :past] for room in rooms) for rooms in self._rooms])
        return Prompt(torch.tensor([list(input_ids)], device=self._rooms[0][0].device), cache, self.shifts[row])

    @torch.inference_mode()
    def step(self, model: VQAThinkerForConditionalGeneration, tokens: torch.Tensor) -> torch.Tensor:
        """Run one token of every row (n,) -> logits of the next ones (n, vocabulary)."""
        longest = max(self.lengths)
        equal = min(self.lengths) == longest
        width = longest + 1 if equal else -(-(longest + 1) // ALIGNED) * ALIGNED
        self._reserve(len(self.lengths), width)
        at = torch.tensor(self.lengths, device=tokens.device)
        positions = at + torch.tensor(self.shifts, device=tokens.device)
        mask = None if equal else self._mask(at, width)
        if is_plain(model.model.language_model):
            hidden = token_step(model.model.language_model, tokens, positions, (self._rooms, at, width), mask)
            logits = model.lm_head(hidden)
        else:
            logits = self._called(model, tokens, positions, at, width, mask)
        self.lengths = [length + 1 for length in self.lengths]
        return logits

    def _called(self, model, tokens, positions, at, width, mask) -> torch.Tensor:
        """A step by the model's own `forward`."""
        cache = DynamicCache()
        cache.layers = [_Layer(rooms, at, width) for rooms in self._rooms]
        return model(
            input_ids=tokens[:, None],
            position_ids=positions[:, None],
            attention_mask=mask,
            past_key_values=cache,
            use_cache=True,
            logits_to_keep=1,
        ).logits[:, -1]

    def _mask(self, at: torch.Tensor, width: int) -> torch.Tensor:
        """Additive (n, 1, 1, width): every row sees its own positions, the new one included."""
        dtype = self._rooms[0][0].dtype
        hidden = torch.arange(width, device=at.device) > at[:, None]
        mask = torch.zeros(hidden.shape, dtype=dtype, device=at.device)
        return mask.masked_fill(hidden, torch.finfo(dtype).min)[:, None, None]

    def _reserve(self, rows: int, width: int, like: Sequence[Sequence[torch.Tensor]] = ()) -> None:
        """Make the rooms at least as large, one layer after the other. New ones hold zeros: what a mask hides must be
        finite."""
        if not self._rooms:
            self._rooms = [[states[:0, :, :0] for states in pair] for pair in like]
        have_rows, have_width = self._rooms[0][0].shape[0], self._rooms[0][0].shape[2]
        if rows <= have_rows and width <= have_width:
            return
        rows = have_rows if rows <= have_rows else min(self.limit, max(rows, 2 * have_rows))
        width = have_width if width <= have_width else width + ROOM
        for rooms in self._rooms:
            for index, room in enumerate(rooms):
                larger = room.new_zeros(rows, room.shape[1], width, room.shape[3])
                larger[: room.shape[0], :, : room.shape[2]] = room
                rooms[index] = larger

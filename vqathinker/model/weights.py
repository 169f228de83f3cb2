"""Weights on disk: which tensors the shards of a folder hold, and parts of them that are read when they are asked for.

Files are read with plain reads instead of memory maps, so that a process holds the tensors it asked for, no more.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open

from ..errors import ModelError

SINGLE, INDEX = "model.safetensors", "model.safetensors.index.json"
DTYPES = {"F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16, "I64": torch.int64}


@dataclass(frozen=True)
class Piece:
    """Rows of one tensor in an open shard. `piece[...]` reads them; until then only the header has been looked at.

    transformers takes a dictionary of these as a state dict and asks each for its tensor when it is placed.
    """

    shard: safe_open
    key: str
    shape: tuple[int, ...]
    dtype: torch.dtype
    rows: slice | None = None

    def __getitem__(self, _) -> torch.Tensor:
        return self.shard.get_slice(self.key)[... if self.rows is None else self.rows]

    def thirds(self) -> list[Piece]:
        """The first, second and last third of the rows. Raises ModelError when they cannot be cut so."""
        if self.rows is not None or not self.shape or self.shape[0] % 3:
            raise ModelError(f"{self.key} with shape {list(self.shape)} cannot be cut into query, key and value")
        height = self.shape[0] // 3
        cuts = [slice(part * height, (part + 1) * height) for part in range(3)]
        return [Piece(self.shard, self.key, (height, *self.shape[1:]), self.dtype, cut) for cut in cuts]

    @property
    def nbytes(self) -> int:
        return torch.Size(self.shape).numel() * self.dtype.itemsize


def shard_names(folder: Path) -> list[str]:
    """The files that hold the weights of a folder. Raises ModelError when there are none, or two sets of them."""
    single, index = (folder / SINGLE).is_file(), (folder / INDEX).is_file()
    if single and index:
        raise ModelError(f"{folder} holds two sets of weights, {SINGLE} and the shards of {INDEX}; remove one")
    if single:
        return [SINGLE]
    if not index:
        raise ModelError(f"{folder} holds no weights: neither {SINGLE} nor {INDEX}")
    try:
        names = sorted(set(json.loads((folder / INDEX).read_text(encoding="utf-8"))["weight_map"].values()))
        if not all(isinstance(name, str) for name in names):
            raise TypeError("it names files by something else than text")
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        raise ModelError(f"{folder / INDEX} is no index of shards: {error}") from None
    if absent := [name for name in names if not (folder / name).is_file()]:
        raise ModelError(f"{folder} lacks {len(absent)} of {len(names)} shards: {', '.join(absent[:4])}")
    return names


def open_weights(folder: Path) -> dict[str, Piece]:
    """Every tensor of a folder by its key, not yet read. Raises ModelError for a missing or damaged shard."""
    pieces: dict[str, Piece] = {}
    for name in shard_names(folder):
        try:
            shard = safe_open(folder / name, framework="pt", backend="pread")
            keys = list(shard.keys())
        except (SafetensorError, OSError) as error:
            raise ModelError(f"the shard {folder / name} is truncated or damaged: {error}") from None
        if twice := sorted(pieces.keys() & set(keys)):
            raise ModelError(f"{folder} holds {twice[0]} twice, once in {name}")
        for key in keys:
            part = shard.get_slice(key)
            if part.get_dtype() not in DTYPES:
                raise ModelError(f"{key} in {folder / name} is stored as {part.get_dtype()}, which is not read here")
            pieces[key] = Piece(shard, key, tuple(part.get_shape()), DTYPES[part.get_dtype()])
    return pieces

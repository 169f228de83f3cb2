"""A checkpoint folder: the old one or the new one as a whole, in shards that its size asks for."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

import torch

from vqathinker.model.modeling import VQAThinkerForConditionalGeneration
from vqathinker.model.processing import VQAThinkerProcessor

SMALL_BYTES, SMALL_SHARD, SHARD = 200_000_000, "9MB", "2GB"
"""Weights of up to `SMALL_BYTES` bytes travel in a package and are cut below 10 MB, from where on the hub wants LFS."""


def shard_size(weights: Mapping[str, torch.Tensor]) -> str:
    """The limit of a shard, as transformers wants it."""
    return SMALL_SHARD if sum(tensor.nbytes for tensor in weights.values()) <= SMALL_BYTES else SHARD


def staging(out: Path) -> Path:
    """Where the files of `out` are written first."""
    return out.with_name(f".{out.name}.partial")


def write_files(
    model: VQAThinkerForConditionalGeneration,
    processor: VQAThinkerProcessor,
    folder: Path,
    weights: Mapping[str, torch.Tensor] | None = None,
    card: str = "",
) -> None:
    """Fill an empty or new folder; `weights` take the place of the model's own, `card` becomes its README.md."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    model.save_pretrained(folder, state_dict=weights, max_shard_size=shard_size(weights or model.state_dict()))
    processor.save_pretrained(folder)
    if card:
        (folder / "README.md").write_text(card, encoding="utf-8")


def put_in_place(staged: Path, out: Path) -> None:
    """`staged` becomes `out`. The old folder is only moved aside until then, so that a kill loses neither."""
    old = out.with_name(f".{out.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if out.exists():
        out.rename(old)
    staged.rename(out)
    shutil.rmtree(old, ignore_errors=True)

"""What a checkpoint's small files say, checked before its weights are fetched or read: is it one of ours, does it name
all that it needs, will it fit into memory and on the disk?"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import torch
from huggingface_hub.errors import StrictDataclassError

from ..errors import ModelError
from .configuration import VQAThinkerConfig
from .convert import expected_shapes, name_misfits, translate
from .folders import read_settings
from .memory import choose_precision, gigabytes
from .modes import find_mode
from .official import load_official
from .weights import INDEX, Piece

OBJECTS = (
    "config.json",
    "generation_config.json",
    "processor_config.json",
    "preprocessor_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    INDEX,
)
"""Files of a checkpoint each of which holds a JSON object, where it is there."""


def check_objects(folder: Path) -> None:
    """Raises ModelError that names a JSON file of a checkpoint which is cut off, or holds no object."""
    for name in OBJECTS:
        path = folder / name
        if path.is_file():
            read_object(path)


def read_object(path: Path) -> dict:
    """The object in a JSON file. Raises ModelError."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"{path} is damaged: {' '.join(str(error).split())}") from None
    if not isinstance(value, dict):
        raise ModelError(f"{path} is damaged: it holds a {type(value).__name__} in the place of an object")
    return value


def check_before_weights(folder: Path, precision: str, device: torch.device, mode: str | None = None) -> None:
    """Whether a checkpoint, of which only the small files need to be there, can be loaded on this machine.

    Raises ModelError: for another architecture, an index that does not fit it, too little memory in the precision asked
    for or in all of them, or a disk that is too small.
    """
    shapes, config, official = read_shapes(folder, mode)
    choose_precision(precision, shapes, config, device)
    if (folder / INDEX).is_file():
        check_index(folder, config, shapes, official)


def read_shapes(folder: Path, mode: str | None = None) -> tuple[dict[str, tuple[int, ...]], VQAThinkerConfig, bool]:
    """The shape of every tensor that the configuration in a folder asks for, that configuration, and whether the folder
    is in the official layout. Raises ModelError."""
    check_objects(folder)
    settings, official = read_settings(folder)
    try:
        if official:
            config, _ = load_official(folder, settings, find_mode(mode or "inference"))
        else:
            config = VQAThinkerConfig.from_pretrained(folder)
        shapes = expected_shapes(config)
    except (ValueError, TypeError, KeyError, AttributeError, RuntimeError, StrictDataclassError) as error:
        raise ModelError(f"{folder / 'config.json'} describes no model: {' '.join(str(error).split())}") from None
    return shapes, config, official


def check_index(folder: Path, config: VQAThinkerConfig, shapes: dict[str, tuple[int, ...]], official: bool) -> None:
    """Raises ModelError where the index of the shards names other tensors than the configuration asks for, or more
    bytes than the disk has."""
    index = read_object(folder / INDEX)
    names = index.get("weight_map")
    if not isinstance(names, dict):
        raise ModelError(f"{folder / INDEX} is no index of shards: it has no weight_map")
    if official:  # of each tensor only the name is known, and any shape can be cut that is divisible by three
        found = translate({name: Piece(None, name, (3,), torch.float32) for name in names})
        unknown, names = found.unknown, found.native
    else:
        unknown = []
    if problem := name_misfits(shapes.keys(), names.keys(), unknown, config.tie_word_embeddings):
        raise ModelError(f"{folder / INDEX} does not fit the configuration: {problem}")
    check_disk(folder, index)


def check_disk(folder: Path, index: dict) -> None:
    """Raises ModelError where the weights that an index names take more than is free on the disk."""
    size = index.get("metadata", {}).get("total_size") if isinstance(index.get("metadata"), dict) else None
    free = shutil.disk_usage(folder).free
    there = sum(path.stat().st_size for path in folder.glob("*.safetensors"))
    if isinstance(size, int) and size - there > free:
        raise ModelError(f"the weights take {gigabytes(size)} on the disk, {gigabytes(free)} are free in {folder}")

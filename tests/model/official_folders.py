"""Folders in the layout in which the 8b model was released, at the small size of golden/internvl_tiny.json."""

from __future__ import annotations

import functools
import json
import math
import os
import shutil
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from tokenizers import pre_tokenizers

from tests.golden.noise import noise

FOLDER = Path(__file__).parents[1] / "golden"
GOLDEN = json.loads((FOLDER / "internvl_tiny.json").read_text())
SLOWFAST_SHAPES = json.loads((FOLDER / "slowfast_keys.json").read_text())["keys"]
PREFIX = "slowfast_model."
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<img>", "</img>", "<IMG_CONTEXT>"]
VOCABULARY, WIDTH, INNER = 272, 64, 128
MERGES = [("t", "h"), ("th", "e"), ("i", "n")]


def filled(name: str, shape: list[int], k: int, slow: bool) -> torch.Tensor:
    """The tensor that stands at place k of the sorted keys (weight rule of the golden files)."""
    count = math.prod(shape)
    u = noise(count, k)
    if name.endswith("running_var"):
        values = 1.5 + 0.5 * u
    elif name.endswith((".ls1", ".ls2")):
        values = 0.5 + 0.2 * u
    elif len(shape) == 1:
        values = (0.7 if slow else 1.0) + 0.2 * u if name.endswith(".weight") else 0.1 * u
    elif name.endswith(("class_embedding", "position_embedding")):
        values = 0.5 * u
    elif name.endswith("embed_tokens.weight"):
        values = u
    else:
        values = u * np.sqrt((6 if slow else 3) / (count / shape[0]))
    return torch.from_numpy(values.reshape(shape)).to(torch.float32)


def filled_all(shapes: dict[str, list[int]], slow_prefix: str) -> dict[str, torch.Tensor]:
    """Every tensor of a state dict by the golden weight rule; counters of batches stay 0."""
    return {
        name: torch.tensor(0)
        if name.endswith("num_batches_tracked")
        else filled(name, shapes[name], k, name.startswith(slow_prefix))
        for k, name in enumerate(sorted(shapes))
    }


@functools.cache
def golden_frames(batch: int, frames: int, size: int) -> torch.Tensor:
    """Frames (B, T, 3, S, S) by the input rule of the golden files."""
    grain = (2 * noise(batch * frames * 3 * size * size, 1000)).astype(np.float32)
    level = np.sin(1.7 * np.arange(batch * frames)).astype(np.float32)
    shape = (batch, frames, 3, size, size)
    return torch.from_numpy(grain).view(shape) + torch.from_numpy(level).view(batch, frames, 1, 1, 1)


@functools.cache
def golden_weights() -> dict[str, torch.Tensor]:
    """The official state dict of the golden model."""
    return filled_all(GOLDEN["runs"]["test"]["keys_without_slowfast"] | SLOWFAST_SHAPES, PREFIX)


@functools.cache
def speaking_weights() -> dict[str, torch.Tensor]:
    """The golden model with a vocabulary that covers every byte and layers that nf4 can cut into blocks of 64."""
    weights = dict(golden_weights())
    for k, name in enumerate(sorted(weights)):
        if name.endswith(("embed_tokens.weight", "lm_head.weight")):
            weights[name] = filled(name, [VOCABULARY, WIDTH], k, slow=False)
        elif name.startswith("language_model.") and ".mlp." in name:
            shape = [WIDTH, INNER] if "down_proj" in name else [INNER, WIDTH]
            weights[name] = filled(name, shape, k, slow=False)
    return weights


def golden_config(**changes) -> dict:
    """The official `config.json` of the golden model, with what the released one has beside it."""
    config = json.loads(json.dumps(GOLDEN["config"]))
    config |= {
        "model_type": "internvl_chat",
        "architectures": ["InternVLChatModel"],
        "auto_map": {"AutoConfig": "configuration_internvl_chat.InternVLChatConfig"},
        "torch_dtype": "bfloat16",
    }
    config["llm_config"] |= {
        "model_type": "qwen2",
        "rope_scaling": {"factor": 2.0, "rope_type": "dynamic", "type": "dynamic"},
        "_attn_implementation_autoset": True,
        "moe_config": None,
    }
    config["vision_config"] |= {"model_type": "intern_vit_6b", "use_flash_attn": True, "num_channels": 3}
    for name, value in changes.items():
        section, _, key = name.rpartition("__")
        (config[section] if section else config)[key] = value
    return config


def speaking_config(**changes) -> dict:
    sizes = {"vocab_size": VOCABULARY, "intermediate_size": INNER, "max_position_embeddings": 4096}
    return golden_config(**({f"llm_config__{name}": size for name, size in sizes.items()} | changes))


def write_tokenizer(folder: Path, special: list[str] = SPECIAL) -> None:
    """vocab.json, merges.txt and tokenizer_config.json, as Qwen2.5's slow tokenizer is stored."""
    tokens = sorted(pre_tokenizers.ByteLevel.alphabet()) + ["".join(pair) for pair in MERGES]
    (folder / "vocab.json").write_text(json.dumps({token: index for index, token in enumerate(tokens)}))
    (folder / "merges.txt").write_text("\n".join(["#version: 0.2", *(" ".join(pair) for pair in MERGES)]) + "\n")
    flags = {"lstrip": False, "normalized": False, "rstrip": False, "single_word": False, "special": True}
    added = {str(len(tokens) + index): {"content": token, **flags} for index, token in enumerate(special)}
    settings = {
        "tokenizer_class": "Qwen2Tokenizer",
        "added_tokens_decoder": added,
        "eos_token": "<|im_end|>",
        "pad_token": "<|endoftext|>",
        "additional_special_tokens": special[1:],
        "add_prefix_space": False,
        "model_max_length": 8192,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))


def write_weights(folder: Path, weights: dict[str, torch.Tensor], shards: int = 1) -> None:
    """One file, or `shards` files with an index."""
    if shards == 1:
        save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
        return
    keys, where = sorted(weights), {}
    for number in range(shards):
        part = keys[number * len(keys) // shards : (number + 1) * len(keys) // shards]
        name = f"model-{number + 1:05d}-of-{shards:05d}.safetensors"
        save_file({key: weights[key] for key in part}, folder / name, metadata={"format": "pt"})
        where |= dict.fromkeys(part, name)
    (folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": where}))


def write_folder(folder: Path, weights: dict[str, torch.Tensor], config: dict, shards: int = 1) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config))
    write_tokenizer(folder)
    write_weights(folder, weights, shards)
    return folder


def linked_copy(folder: Path, target: Path, *without: str) -> Path:
    """A copy of a folder that shares its files on disk; replace a file of it only after deleting it."""
    shutil.copytree(folder, target, copy_function=os.link, ignore=lambda *_: set(without))
    return target

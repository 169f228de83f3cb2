"""From the official checkpoint's keys to ours, without reading more than the tensor at hand.

The renames are those with which native InternVL was found to give the official logits (golden/internvl_tiny.json). The
fused query-key-value projection of the vision tower is cut into three; SlowFast's keys are kept under a new prefix.
`convert_folder` writes our layout in shards of its own, one in memory at a time.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import save_file
from transformers import GenerationConfig

from ..errors import ModelError
from .configuration import VQAThinkerConfig
from .folders import find_folder, read_settings
from .modeling import VQAThinkerForConditionalGeneration
from .modes import find_mode
from .official import load_official
from .prompts import TURN_END
from .weights import INDEX, Piece, open_weights

TOWER = "model.vision_tower."
THEIR_LAYER, OUR_LAYER = r"^vision_model\.encoder\.layers\.(\d+)\.", TOWER + r"encoder.layer.\1."
RENAMES = {
    r"^vision_model\.embeddings\.class_embedding$": TOWER + "embeddings.cls_token",
    r"^vision_model\.embeddings\.position_embedding$": TOWER + "embeddings.position_embeddings",
    r"^vision_model\.embeddings\.patch_embedding\.": TOWER + "embeddings.patch_embeddings.projection.",
    THEIR_LAYER + r"attn\.proj\.": OUR_LAYER + "attention.projection_layer.",
    THEIR_LAYER + r"norm1\.": OUR_LAYER + "layernorm_before.",
    THEIR_LAYER + r"norm2\.": OUR_LAYER + "layernorm_after.",
    THEIR_LAYER + r"ls([12])$": OUR_LAYER + r"lambda_\2",
    THEIR_LAYER + r"mlp\.": OUR_LAYER + "mlp.",
    r"^mlp1\.0\.": "model.multi_modal_projector.layer_norm.",
    r"^mlp1\.1\.": "model.multi_modal_projector.linear_1.",
    r"^mlp1\.3\.": "model.multi_modal_projector.linear_2.",
    r"^motion_mlp\.0\.": "model.motion_projector.layer_norm.",
    r"^motion_mlp\.1\.": "model.motion_projector.linear_1.",
    r"^motion_mlp\.3\.": "model.motion_projector.linear_2.",
    r"^slowfast_model\.": "model.motion_encoder.",
    r"^language_model\.model\.": "model.language_model.",
    r"^language_model\.lm_head\.": "lm_head.",
}
FUSED = THEIR_LAYER + r"attn\.qkv\.(weight|bias)$"
IGNORED = {
    r"\.rotary_emb\.inv_freq$": "rotary frequencies follow from the configuration",
}
HEAD, EMBEDDING = "lm_head.weight", "model.language_model.embed_tokens.weight"


@dataclass(frozen=True)
class Translation:
    """Pieces by our key; official keys that are ignored, with the reason; and those with no place in our model."""

    native: dict[str, Piece]
    ignored: dict[str, str]
    unknown: list[str]


def rename(key: str) -> str | None:
    """Our name of an official key that maps to one tensor, or None where there is none."""
    for pattern, replacement in RENAMES.items():
        if re.search(pattern, key):
            return re.sub(pattern, replacement, key)
    return None


def translate(official: dict[str, Piece]) -> Translation:
    """Pieces by official key -> pieces by our key."""
    found = Translation({}, {}, [])
    for key, piece in official.items():
        if reason := next((reason for pattern, reason in IGNORED.items() if re.search(pattern, key)), None):
            found.ignored[key] = reason
        elif fused := re.match(FUSED, key):
            stem = f"{TOWER}encoder.layer.{fused[1]}.attention."
            for name, third in zip("qkv", piece.thirds(), strict=True):
                found.native[f"{stem}{name}_proj.{fused[2]}"] = third
        elif name := rename(key):
            found.native[name] = piece
        else:
            found.unknown.append(key)
    return found


def expected_shapes(config: VQAThinkerConfig) -> dict[str, tuple[int, ...]]:
    """Key -> shape of every tensor of our model, without a weight in memory."""
    with torch.device("meta"):
        model = VQAThinkerForConditionalGeneration(config)
    return {key: tuple(tensor.shape) for key, tensor in model.state_dict().items()}


def first_few(keys: Iterable[str]) -> str:
    keys = sorted(keys)
    return ", ".join(keys[:4]) + (f" and {len(keys) - 4} more" if len(keys) > 4 else "")


def name_misfits(expected: Iterable[str], names: Iterable[str], unknown: Iterable[str] = (), tied: bool = False) -> str:
    """What is wrong with the names of a checkpoint's tensors in our layout, "" where they are those of the model."""
    expected, names = set(expected), set(names)
    if tied:
        expected.discard(HEAD)
        names.discard(HEAD)
    if missing := expected - names:
        hint = " (an InternVL that never was a VQAThinker?)" if all("motion_" in key for key in missing) else ""
        return f"missing keys {first_few(missing)}{hint}"
    if unexpected := [*unknown, *(names - expected)]:
        return f"unexpected keys {first_few(unexpected)}"
    return ""


def native_weights(folder: Path, config: VQAThinkerConfig) -> Translation:
    """The weights of an official folder under our keys, none of them read yet; no key is unknown.

    Strict: raises ModelError when a key is missing, unexpected or of another shape than the configuration says. Ignored
    are the keys of `IGNORED` and, where embedding and head are tied, the head.
    """
    found, expected = translate(open_weights(folder)), expected_shapes(config)
    native, misfit = found.native, f"the weights in {folder} do not fit"
    if config.tie_word_embeddings:
        expected.pop(HEAD)
        if HEAD in native:
            found.ignored[native.pop(HEAD).key] = "the head is tied to the embedding"
    strange = [*found.unknown, *(native[key].key for key in native.keys() - expected.keys())]
    if problem := name_misfits(expected, native.keys() & expected.keys(), strange):
        raise ModelError(f"{misfit}: {problem}")
    for key, shape in expected.items():
        if (piece := native[key]).shape != shape:
            raise ModelError(f"{misfit}: {piece.key} gives {list(piece.shape)}, the configuration says {list(shape)}")
    return found


def plan_shards(weights: dict[str, Piece], shard_bytes: int) -> list[list[str]]:
    """Keys in their order, cut so that no shard holds more than `shard_bytes`, or one tensor."""
    shards, size = [[]], 0
    for key, piece in weights.items():
        if shards[-1] and size + piece.nbytes > shard_bytes:
            shards.append([])
            size = 0
        shards[-1].append(key)
        size += piece.nbytes
    return shards


def convert_folder(
    source: str, target: str | Path, mode: str = "inference", shard_bytes: int = 2**31
) -> tuple[int, dict[str, str]]:
    """Write the native layout of an official folder, hub id or "8b"; returns the number of shards and the ignored keys.

    Raises ModelError before anything is written when the folder does not fit, when `target` already holds a checkpoint
    or when the disk is too small. The configuration comes last: a conversion that was stopped leaves no checkpoint.
    """
    folder, target = find_folder(source), Path(target)
    settings, official = read_settings(folder)
    if not official:
        raise ModelError(f"{folder} is in this package's layout already")
    config, processor = load_official(folder, settings, find_mode(mode))
    found = native_weights(folder, config)
    try:
        shards = plan_shards(found.native, shard_bytes)
        prepare(target, len(shards), sum(piece.nbytes for piece in found.native.values()))
        write_shards(found.native, shards, target)
        write_settings(config, processor, target, found.native[EMBEDDING].dtype)
    except (OSError, SafetensorError) as error:
        raise ModelError(f"{target} cannot be written: {error}") from None
    return len(shards), found.ignored


def prepare(target: Path, shards: int, nbytes: int) -> None:
    """Make the folder `target`. Raises ModelError when it is taken, by a checkpoint or by weights that would not be
    overwritten, or when `nbytes` do not fit on its disk."""
    target.mkdir(parents=True, exist_ok=True)
    if (target / "config.json").exists():
        raise ModelError(f"{target} already holds a checkpoint")
    ours = {shard_name(number, shards) for number in range(1, shards + 1)}
    if others := sorted({path.name for path in target.glob("*.safetensors")} - ours):
        raise ModelError(f"{target} holds other weights already: {others[0]}")
    if (free := shutil.disk_usage(target).free) < nbytes:
        raise ModelError(f"{target} has {free / 1e9:.1f} GB free, the weights take {nbytes / 1e9:.1f} GB")


def shard_name(number: int, shards: int) -> str:
    return f"model-{number:05d}-of-{shards:05d}.safetensors"


def write_shards(weights: dict[str, Piece], shards: list[list[str]], target: Path) -> None:
    where = {}
    for number, keys in enumerate(shards, 1):
        name = shard_name(number, len(shards))
        save_file({key: weights[key][...] for key in keys}, target / name, metadata={"format": "pt"})
        where |= dict.fromkeys(keys, name)
    total = sum(piece.nbytes for piece in weights.values())
    index = {"metadata": {"total_size": total}, "weight_map": dict(sorted(where.items()))}
    (target / INDEX).write_text(json.dumps(index, indent=2) + "\n", encoding="utf-8")


def write_settings(config: VQAThinkerConfig, processor, target: Path, dtype: torch.dtype) -> None:
    processor.save_pretrained(target)
    tokenizer = processor.tokenizer
    GenerationConfig(
        do_sample=False,
        max_new_tokens=processor.max_new_tokens,
        eos_token_id=tokenizer.convert_tokens_to_ids(TURN_END),
        pad_token_id=tokenizer.pad_token_id,
    ).save_pretrained(target)
    config.architectures, config.dtype = [VQAThinkerForConditionalGeneration.__name__], dtype
    config.save_pretrained(target)

"""Folders in the layout in which scorers on Qwen2.5-VL are released, at a small size, with weights that follow a rule.

Also imported by the script that records what the authors' code makes of them (tests/golden/record_qwen2_5_vl.py), in an
environment without this package.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from tests.golden.noise import noise
from tests.model.official_folders import filled, write_tokenizer, write_weights

GOLDEN_FILE = Path(__file__).parents[2] / "golden" / "qwen2_5_vl_tiny.json"
SPECIAL = [
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<|vision_start|>",
    "<|vision_end|>",
    "<|image_pad|>",
    "<|video_pad|>",
]
FIRST_SPECIAL = 259
"""256 bytes and three merges come before (official_folders.write_tokenizer)."""
TOKEN = {token: FIRST_SPECIAL + index for index, token in enumerate(SPECIAL)}
PICTURES = {"photo": (93, 141), "frame": (64, 116)}
"""Name: height and width of pictures of noise."""


RELEASED_SIZES = {
    "vocab_size": 152064,
    "hidden_size": 3584,
    "intermediate_size": 18944,
    "num_attention_heads": 28,
    "num_key_value_heads": 4,
    "num_hidden_layers": 28,
    "max_window_layers": 28,
}
RELEASED_TOWER = {
    "depth": 32,
    "hidden_size": 1280,
    "intermediate_size": 3420,
    "num_heads": 16,
    "out_hidden_size": 3584,
    "fullatt_block_indexes": [7, 15, 23, 31],
}


def released_sizes() -> dict:
    """Changes to `config` that give it the sizes of the 7B scorers; their `rope_scaling` comes beside them."""
    return RELEASED_SIZES | {"vision_config": config()["vision_config"] | RELEASED_TOWER}


def config(**changes) -> dict:
    """A `config.json` as the scorers were released, with the settings of the language model at its top."""
    return {
        "architectures": ["Qwen2_5_VLForConditionalGeneration"],
        "model_type": "qwen2_5_vl",
        "attention_dropout": 0.0,
        "bos_token_id": TOKEN["<|endoftext|>"],
        "eos_token_id": TOKEN["<|im_end|>"],
        "vision_start_token_id": TOKEN["<|vision_start|>"],
        "vision_end_token_id": TOKEN["<|vision_end|>"],
        "vision_token_id": TOKEN["<|video_pad|>"] - 2,
        "image_token_id": TOKEN["<|image_pad|>"],
        "video_token_id": TOKEN["<|video_pad|>"],
        "hidden_act": "silu",
        "hidden_size": 64,
        "initializer_range": 0.02,
        "intermediate_size": 128,
        "max_position_embeddings": 8192,
        "max_window_layers": 2,
        "num_attention_heads": 4,
        "num_hidden_layers": 2,
        "num_key_value_heads": 2,
        "rms_norm_eps": 1e-06,
        "rope_scaling": {"mrope_section": [2, 3, 3], "rope_type": "default", "type": "default"},
        "rope_theta": 1000000.0,
        "sliding_window": 4096,
        "tie_word_embeddings": False,
        "torch_dtype": "bfloat16",
        "use_cache": True,
        "use_sliding_window": False,
        "vocab_size": 272,
        "vision_config": {
            "depth": 2,
            "hidden_act": "silu",
            "hidden_size": 32,
            "in_channels": 3,
            "in_chans": 3,
            "intermediate_size": 48,
            "model_type": "qwen2_5_vl",
            "num_heads": 2,
            "out_hidden_size": 64,
            "patch_size": 14,
            "spatial_merge_size": 2,
            "spatial_patch_size": 14,
            "temporal_patch_size": 2,
            "tokens_per_second": 2,
            "window_size": 112,
            "fullatt_block_indexes": [1],
        },
    } | changes


PREPROCESSOR = {
    "min_pixels": 3136,
    "max_pixels": 12845056,
    "patch_size": 14,
    "temporal_patch_size": 2,
    "merge_size": 2,
    "image_mean": [0.48145466, 0.4578275, 0.40821073],
    "image_std": [0.26862954, 0.26130258, 0.27577711],
    "image_processor_type": "Qwen2VLImageProcessor",
    "processor_class": "Qwen2_5_VLProcessor",
}


def weights(shapes: dict[str, list[int]]) -> dict[str, torch.Tensor]:
    """Every tensor by the golden weight rule, by its place among the sorted keys."""
    return {name: filled(name, shapes[name], k, slow=False) for k, name in enumerate(sorted(shapes))}


def write_small_files(folder: Path, **changes) -> Path:
    """All but the weights."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config(**changes)))
    (folder / "preprocessor_config.json").write_text(json.dumps(PREPROCESSOR))
    write_tokenizer(folder, SPECIAL)
    return folder


def write_folder(folder: Path, shards: int = 1) -> Path:
    """A whole checkpoint, with the keys that the released ones have."""
    write_small_files(folder)
    write_weights(folder, weights(golden()["keys"]), shards)
    return folder


def golden() -> dict:
    """What the authors' code made of such a folder."""
    return json.loads(GOLDEN_FILE.read_text())


def picture(name: str) -> np.ndarray:
    """A picture (H, W, 3) uint8 by the rule of noise, smooth enough that resizing keeps something of it."""
    height, width = PICTURES[name]
    seed = sorted(PICTURES).index(name)
    grain = noise(height * width * 3, 2000 + seed).reshape(height, width, 3)
    slope = np.linspace(0, 200, width)[None, :, None] + np.zeros((height, 1, 3))
    return np.clip(slope + 50 + 50 * grain, 0, 255).astype(np.uint8)


def write_picture(folder: Path, name: str) -> Path:
    path = folder / f"{name}.png"
    Image.fromarray(picture(name)).save(path)
    return path

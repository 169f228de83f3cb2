"""A checkpoint in our layout, mapped into the memory of a CPU.

`from_pretrained` builds a model without memory first, for which torch takes a library of symbolic mathematics, and
compiles the renamings of every architecture that it knows. For a small model both take longer than all the rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import safe_open
from transformers import GenerationConfig
from transformers.initialization import no_init_weights

from .configuration import VQAThinkerConfig
from .modeling import VQAThinkerForConditionalGeneration
from .weights import shard_names

Shapes = Mapping[str, tuple[int, ...]]


def map_weights(
    folder: Path, config: VQAThinkerConfig, stored: Shapes
) -> tuple[VQAThinkerForConditionalGeneration, dict[str, list[str]]]:
    """The model in float32, and what does not fit of the `stored` shapes, as `from_pretrained` reports it."""
    with no_init_weights():
        model = VQAThinkerForConditionalGeneration(config)
    report = loading_report(
        {key: tuple(tensor.shape) for key, tensor in model.state_dict().items()}, stored, tied_keys(model)
    )
    if not any(report.values()):
        model.load_state_dict(_mapped(folder), strict=False, assign=True)
        model.tie_weights()
        if (folder / "generation_config.json").is_file():
            model.generation_config = GenerationConfig.from_pretrained(folder)
    return model, report


def tied_keys(model: VQAThinkerForConditionalGeneration) -> set[str]:
    """Keys of tensors that are others by a second name, and need not be stored."""
    return set(model.all_tied_weights_keys)


def loading_report(expected: Shapes, stored: Shapes, tied: set[str]) -> dict[str, list[str]]:
    both = expected.keys() & stored.keys()
    return {
        "missing_keys": sorted(expected.keys() - stored.keys() - tied),
        "unexpected_keys": sorted(stored.keys() - expected.keys()),
        "mismatched_keys": sorted(key for key in both if expected[key] != stored[key]),
    }


def _mapped(folder: Path) -> dict[str, torch.Tensor]:
    tensors = {}
    for name in shard_names(folder):
        with safe_open(folder / name, framework="pt") as shard:
            for key in shard.keys():
                tensor = shard.get_tensor(key)
                tensors[key] = tensor.float() if tensor.is_floating_point() else tensor
    return tensors

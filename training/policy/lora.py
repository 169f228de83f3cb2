"""Settings of adapters, light enough for whoever only reads a configuration, and what they learned as a folder."""

from __future__ import annotations

from pathlib import Path

from vqathinker.checked import checked

from ..common.settings import Count


@checked()
class LoraSettings:
    """Adapters in the linear layers of the trained parts, instead of training these parts themselves."""

    rank: Count = 16
    alpha: Count = 32


def learned_by(adapters, base: str) -> tuple:
    """The configuration of a peft model's adapters and their weights, to be written even when they are merged. `base`:
    the model that they belong to."""
    from peft import get_peft_model_state_dict

    config = adapters.peft_config[adapters.active_adapter]
    config.inference_mode, config.base_model_name_or_path = True, base or None
    learned = get_peft_model_state_dict(adapters, save_embedding_layers=False)  # else it looks for the start on the hub
    return config, {key: value.detach().clone() for key, value in learned.items()}


def write_adapters(config, weights: dict, folder: Path) -> None:
    """A folder from which `peft.PeftModel.from_pretrained(start, folder)` puts the adapters into their start."""
    from safetensors.torch import save_file

    config.save_pretrained(folder)
    save_file({key: value.contiguous() for key, value in weights.items()}, folder / "adapter_model.safetensors")

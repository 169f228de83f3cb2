"""The shipped 8b settings load, say what the paper and the released script say, and fit the shipped machines."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
import torch
import yaml

from tests.model.released_size import config_8b
from training.grpo.config import load_grpo_settings
from training.policy.lora import LoraSettings
from training.policy.policy import add_adapters, choose_trained, frozen_parts
from vqathinker.model.modeling import VQAThinkerForConditionalGeneration

CONFIGS = Path(__file__).parents[3] / "training" / "configs"
FULL = load_grpo_settings(CONFIGS / "8b_grpo.yaml")
LORA = load_grpo_settings(CONFIGS / "8b_grpo_lora.yaml")
SLOWFAST_KEYS = json.loads((Path(__file__).parents[2] / "golden" / "slowfast_keys.json").read_text())["keys"]


def count(model: torch.nn.Module, trained: bool) -> int:
    return sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad == trained)


@pytest.fixture
def model() -> VQAThinkerForConditionalGeneration:
    """Of the real size, without memory."""
    with torch.device("meta"):
        return VQAThinkerForConditionalGeneration(config_8b())


def test_full_fine_tuning_has_the_settings_of_the_paper():
    assert (FULL.num_generations, FULL.temperature, FULL.beta, FULL.epsilon) == (4, 1.0, 0.04, 0.2)
    assert (FULL.learning_rate, FULL.num_train_epochs) == (1e-6, 3)
    assert FULL.max_completion_length == 2048 and FULL.bf16 and FULL.gradient_checkpointing
    assert FULL.lora is None and FULL.perturbs and FULL.loss_type == "grpo" and FULL.num_iterations == 1


def test_everything_is_trained_but_the_motion_encoder():
    parts = {"vision_tower", "multi_modal_projector", "motion_projector", "language_model", "lm_head"}
    assert set(FULL.train) == parts


def test_parameters_are_those_of_internvl3_8b_and_slowfast(model):
    """InternVL3-8B is the native class with 7.94 billion; VQAThinker adds SlowFast and its projector, norm included."""
    choose_trained(model, FULL.train)
    motion_projector = 2 * 2304 + 2304 * 3584 + 3584 + 3584 * 3584 + 3584
    shapes = [shape for key, shape in SLOWFAST_KEYS.items() if key.rpartition(".")[2] in ("weight", "bias")]
    assert count(model, False) == sum(map(math.prod, shapes))
    assert count(model, True) == 7_944_373_760 + motion_projector
    assert frozen_parts(model) == {"tower": False, "motion": True}


def test_adapters_stand_in_the_linear_layers_of_the_language_model_alone(model):
    """Rank times (inputs + outputs) of the seven linear layers of each of 28 blocks."""
    with torch.device("meta"):
        adapted = add_adapters(model, LORA.train, LORA.lora)
    h, kv, mlp = 3584, 512, 18944
    inputs_and_outputs = 2 * (h + h) + 2 * (h + kv) + 2 * (h + mlp) + (mlp + h)
    assert count(adapted, True) == LORA.lora.rank * 28 * inputs_and_outputs
    assert frozen_parts(model) == {"tower": True, "motion": True}


def test_a_step_has_the_videos_of_the_released_script():
    """8 GPUs x 8 completions / 4 of a group x 2 accumulation steps."""
    assert FULL.videos_per_step == 8 * 8 // 4 * 2


@pytest.mark.parametrize("engine", ["ddp", "zero2", "zero3", "fsdp", "zero3_two_nodes"])
def test_the_videos_can_be_shared_out_to_every_engine(engine):
    launch = yaml.safe_load((CONFIGS / "accelerate" / f"{engine}.yaml").read_text())
    assert FULL.micro_batches(launch["num_processes"]) == FULL.videos_per_step // launch["num_processes"]


def test_adapters_on_one_gpu():
    assert LORA.lora == LoraSettings(64, 128) and LORA.train == ("language_model",)
    assert LORA.micro_batches(1) == 8 and LORA.micro_batches(8) == 1
    assert LORA.reward == FULL.reward and (LORA.num_generations, LORA.beta) == (FULL.num_generations, FULL.beta)


@pytest.mark.parametrize("name", ["tiny_grpo", "8b_grpo", "8b_grpo_lora"])
def test_what_a_run_notes_of_its_settings_reads_back(name, tmp_path):
    settings = load_grpo_settings(CONFIGS / f"{name}.yaml")
    (tmp_path / "grpo.yaml").write_text(settings.to_yaml())
    assert load_grpo_settings(tmp_path / "grpo.yaml") == settings

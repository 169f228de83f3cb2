"""The shipped 8b settings load, say what the paper and the released script say, and fit the shipped machines."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from training.grpo.config import load_grpo_settings
from training.policy.lora import LoraSettings

CONFIGS = Path(__file__).parents[3] / "training" / "configs"
FULL = load_grpo_settings(CONFIGS / "8b_grpo.yaml")
LORA = load_grpo_settings(CONFIGS / "8b_grpo_lora.yaml")


def test_full_fine_tuning_has_the_settings_of_the_paper():
    assert (FULL.num_generations, FULL.temperature, FULL.beta, FULL.epsilon) == (4, 1.0, 0.04, 0.2)
    assert (FULL.learning_rate, FULL.num_train_epochs) == (1e-6, 3)
    assert FULL.max_completion_length == 2048 and FULL.bf16 and FULL.gradient_checkpointing
    assert FULL.lora is None and FULL.perturbs and FULL.loss_type == "grpo" and FULL.num_iterations == 1


def test_everything_is_trained_but_the_motion_encoder():
    parts = {"vision_tower", "multi_modal_projector", "motion_projector", "language_model", "lm_head"}
    assert set(FULL.train) == parts and not FULL.frozen_sight


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

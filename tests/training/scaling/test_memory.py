"""The estimate keeps the laws of arithmetic, its counts are those of real modules, its table goes where it belongs."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from transformers import InternVLVisionConfig, Qwen2Config, Qwen3Config
from transformers.models.internvl.modeling_internvl import InternVLVisionModel
from transformers.models.qwen2.modeling_qwen2 import Qwen2Model

from training.common.start import load_start
from training.grpo.config import GrpoSettings, load_grpo_settings
from training.grpo.setup import make_accelerator, make_learner
from training.scaling import estimate as memory
from training.scaling.estimate import (
    CONFIGS,
    ENGINES,
    FROZEN_BYTES,
    GIB,
    MARKERS,
    REFERENCE_BYTES,
    Memory,
    cache_bytes,
    estimate,
)
from training.scaling.memory import main
from training.scaling.model_size import head_size, measure_8b
from training.scaling.step_time import GPUS, step_seconds

GOLDEN = Path(__file__).parents[2] / "golden" / "slowfast_keys.json"
SLOWFAST_PARAMETERS = sum(
    math.prod(shape)
    for key, shape in json.loads(GOLDEN.read_text())["keys"].items()
    if key.rpartition(".")[2] in ("weight", "bias")
)
"""Of the released checkpoint, without its classification head."""
FULL = load_grpo_settings(CONFIGS / "8b_grpo.yaml")
LORA = load_grpo_settings(CONFIGS / "8b_grpo_lora.yaml")
DIVIDED = ("zero2", "zero3", "fsdp")


@pytest.fixture(scope="module")
def size():
    return measure_8b(FULL)


@pytest.fixture(scope="module")
def lora_size():
    return measure_8b(LORA)


def test_a_head_is_as_wide_as_the_configuration_says():
    assert head_size(Qwen2Config(hidden_size=64, num_attention_heads=4)) == 16
    assert head_size(Qwen3Config(hidden_size=64, num_attention_heads=4, head_dim=32)) == 32


def test_parameters_are_those_of_internvl3_8b_and_slowfast(size):
    """InternVL3-8B is the native class with 7.94 billion; VQAThinker adds SlowFast and its projector, norm included."""
    motion_projector = 2 * 2304 + 2304 * 3584 + 3584 + 3584 * 3584 + 3584
    assert size.parameters == 7_944_373_760 + SLOWFAST_PARAMETERS + motion_projector
    assert size.frozen == SLOWFAST_PARAMETERS
    assert size.cache_bytes == 2 * 28 * 4 * 128 * 2


def test_adapters_are_counted_in_the_real_linear_layers(lora_size, size):
    """Rank times (inputs + outputs) of the seven linear layers of each of 28 blocks."""
    h, kv, mlp = 3584, 512, 18944
    inputs_and_outputs = 2 * (h + h) + 2 * (h + kv) + 2 * (h + mlp) + (mlp + h)
    assert lora_size.trained == LORA.lora.rank * 28 * inputs_and_outputs
    assert lora_size.frozen == size.parameters


def saved_bytes(model: torch.nn.Module, run) -> int:
    """Bytes that autograd keeps for the backward pass, weights left out, each storage once."""
    weights = {p.untyped_storage().data_ptr() for p in model.parameters()}
    kept: dict[int, int] = {}
    alive = []

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        alive.append(tensor)
        if storage.data_ptr() not in weights:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        result = run(model)
    assert result.requires_grad
    return sum(kept.values())


@pytest.mark.parametrize(("hidden", "mlp", "heads", "kv_heads"), [(256, 1024, 4, 2), (512, 768, 8, 1)])
def test_a_decoder_layer_keeps_what_the_estimate_says(hidden, mlp, heads, kv_heads):
    def kept(layers: int) -> int:
        config = Qwen2Config(
            hidden_size=hidden,
            intermediate_size=mlp,
            num_attention_heads=heads,
            num_key_value_heads=kv_heads,
            num_hidden_layers=layers,
            vocab_size=8,
        )
        embeds = torch.randn(1, 128, hidden, dtype=torch.bfloat16, requires_grad=True)
        run = lambda model: model(inputs_embeds=embeds, use_cache=False).last_hidden_state  # noqa: E731
        return saved_bytes(Qwen2Model(config).to(torch.bfloat16), run)

    one_layer = (kept(3) - kept(2)) / 128
    assert memory.layer_bytes(hidden, kv_heads * hidden // heads, mlp, heads) == pytest.approx(one_layer, rel=0.02)


def test_a_layer_of_the_tower_keeps_what_the_estimate_says():
    def kept(layers: int) -> int:
        config = InternVLVisionConfig(
            attention_bias=True,
            hidden_size=128,
            intermediate_size=512,
            num_attention_heads=4,
            num_hidden_layers=layers,
            image_size=[112, 112],
        )
        pixels = torch.randn(1, 3, 112, 112, dtype=torch.bfloat16)
        run = lambda model: model(pixel_values=pixels).last_hidden_state  # noqa: E731
        return saved_bytes(InternVLVisionModel(config).to(torch.bfloat16), run)

    one_layer = (kept(3) - kept(2)) / 65
    assert memory.vision_layer_bytes(128, 512, 4) == pytest.approx(one_layer, rel=0.02)


def test_dividing_more_needs_less(size):
    fixed = {}
    for name in ENGINES:
        parts = estimate(size, FULL, name, 8)
        fixed[name] = parts.weights + parts.gradients + parts.optimiser
    assert fixed["zero3"] < fixed["zero2"] < fixed["ddp"]
    assert fixed["fsdp"] < fixed["zero2"]
    assert fixed["ddp"] == pytest.approx(16 * size.trained + FROZEN_BYTES * size.frozen)


@pytest.mark.parametrize("engine", DIVIDED)
def test_twice_the_gpus_halve_what_is_divided_and_nothing_else(size, engine):
    few, many = estimate(size, FULL, engine, 8), estimate(size, FULL, engine, 16)
    assert many.optimiser == pytest.approx(few.optimiser / 2)
    assert many.gradients == pytest.approx(few.gradients / 2)
    assert many.weights == pytest.approx(few.weights / (1 if engine == "zero2" else 2))
    assert (many.rollouts, many.update, many.reference) == (few.rollouts, few.update, few.reference)


def test_what_is_frozen_has_the_precision_that_the_loop_loads(on_cpu):
    """When this fails the loop has learned to save memory: change the two constants and write the table again."""
    settings = GrpoSettings(bf16=True, train=("multi_modal_projector",), videos_per_step=4)
    learner, _ = make_learner(load_start("tiny"), settings, make_accelerator(settings))
    frozen = next(p for p in learner.bare.parameters() if not p.requires_grad)
    assert frozen.element_size() == FROZEN_BYTES
    assert next(learner.reference.policy.parameters()).element_size() == REFERENCE_BYTES


def test_one_gpu_divides_nothing(size):
    assert estimate(size, FULL, "zero2", 1).weights == estimate(size, FULL, "zero3", 1).weights
    assert estimate(size, FULL, "zero2", 1).optimiser == 12 * size.trained


def test_the_cache_grows_in_a_straight_line_with_the_group_and_the_clips(size):
    groups = [cache_bytes(size, replace(FULL, num_generations=group)) for group in (2, 4, 6)]
    assert groups[2] - groups[1] == groups[1] - groups[0] == 2 * 8 * FULL.max_completion_length * size.cache_bytes
    assert cache_bytes(size, replace(FULL, rollout_batch=16)) == 2 * cache_bytes(size, FULL)


def test_checkpointing_saves_activations_and_costs_time(size):
    stored = replace(FULL, gradient_checkpointing=False)
    assert memory.activation_bytes(size, FULL) < memory.activation_bytes(size, stored) / 4
    fast, slow = (step_seconds(size, s, ENGINES["zero2"], 8, GPUS["h100"]) for s in (stored, FULL))
    assert fast.update < slow.update and fast.rollouts == slow.rollouts


def test_a_frozen_tower_keeps_no_activations(size):
    frozen = replace(size, vision_trained=False)
    assert memory.activation_bytes(frozen, FULL) < memory.activation_bytes(size, FULL)


def test_adapters_need_no_reference_and_fit_where_full_training_does_not(size, lora_size):
    lora, whole = estimate(lora_size, LORA, "lora", 1), estimate(size, FULL, "ddp", 8)
    assert lora.reference == 0 and whole.reference == REFERENCE_BYTES * size.parameters
    limit = GPUS["h100"].memory * 2**30
    assert lora.peak < limit < whole.peak


def test_the_peak_counts_the_larger_phase_only():
    first = Memory(1, 1, 1, 1, rollouts=10, update=20)
    assert first.peak == replace(first, rollouts=20).peak < replace(first, update=30).peak


def test_more_gpus_and_shorter_answers_take_less_time(size):
    def total(gpus: int, answer: int, **changes) -> float:
        return step_seconds(size, replace(FULL, **changes), ENGINES["zero2"], gpus, GPUS["h100"], answer).total

    assert total(8, 200) < total(8, 400) < total(4, 400)
    assert total(8, 400, twins=0) < total(8, 400)


def test_weights_that_travel_between_machines_take_longer(size):
    one, two = (step_seconds(size, FULL, ENGINES["zero3"], gpus, GPUS["h100"], 1) for gpus in (8, 16))
    assert one.update / 8 < two.update


def test_the_command_prints_a_table_for_each_engine_that_fits(capsys):
    main(["--gpus", "8"])
    printed = capsys.readouterr().out
    assert all(printed.count(f"\n| {name} | 8 |") == 2 for name in ENGINES if name != "lora")
    assert "| lora |" not in printed


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--engine", "lora"], "8b_grpo.yaml has no adapters: choose from ddp, zero2, zero3, fsdp"),
        (["--gpus", "3"], "videos_per_step (32) must be a multiple of processes (3)"),
        (["--gpus", "0"], "must be at least 1"),
        (["--engine", "zero9"], "--engine zero9: choose from "),
        (["--gpu", "abacus"], "--gpu abacus: choose from "),
        (["--config", "missing.yaml"], "missing.yaml"),
    ],
)
def test_what_cannot_be_estimated_is_refused_in_one_line(arguments, message):
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code.startswith("training.scaling.memory: ") and message in end.value.code


def test_the_table_replaces_what_stands_between_the_markers(tmp_path):
    document = tmp_path / "doc.md"
    document.write_text(f"before\n{MARKERS[0]}\nold\n{MARKERS[1]}\nafter\n")
    main(["--write", str(document)])
    text = document.read_text()
    assert text.startswith(f"before\n{MARKERS[0]}\nMemory of one H100") and text.endswith(f"|\n{MARKERS[1]}\nafter\n")
    assert "old" not in text and "| zero3 | 16 |" in text
    document.write_text("no markers")
    with pytest.raises(SystemExit, match="needs <!-- memory: begin"):
        main(["--write", str(document)])
    assert document.read_text() == "no markers"


def test_the_table_in_the_document_is_what_the_command_writes_today(tmp_path):
    document = CONFIGS.parent / "SCALING.md"
    again = tmp_path / "SCALING.md"
    again.write_text(document.read_text())
    main(["--write", str(again)])
    assert again.read_text() == document.read_text()


def test_the_comments_of_the_launch_files_agree_with_the_table(size):
    room = GPUS["h100"].memory
    peaks = {engine: estimate(size, FULL, engine, 8).peak / GIB for engine in ("zero2", "zero3", "fsdp")}
    assert round(peaks["zero2"]) == 85 > room and round(peaks["zero3"]) == 73 < room and peaks["fsdp"] < room
    assert estimate(size, replace(FULL, max_completion_length=1024), "zero2", 8).peak / GIB < room
    for engine in ("zero2", "zero3"):
        comment = (CONFIGS / "accelerate" / f"{engine}.yaml").read_text()
        assert f"{peaks[engine]:.0f} GiB" in comment

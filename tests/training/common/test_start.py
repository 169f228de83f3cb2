"""A start is taken from either layout, and refused in one sentence where it does not fit."""

from __future__ import annotations

import json

import pytest
import torch
from safetensors.torch import load_file, save_file

from tests.model.official_folders import speaking_config, speaking_weights, write_folder
from tests.training.grpo_small import small, write_labels
from tests.training.toys import save_checkpoint
from training.common.start import load_looker, load_start
from training.data.datasets import read_items
from training.grpo.__main__ import main
from training.grpo.train import run_grpo
from vqathinker.errors import ModelError
from vqathinker.model.family.load import load_model


@pytest.fixture
def ours(tmp_path):
    return save_checkpoint(tmp_path / "ours")


def change_weights(folder, change) -> None:
    weights = load_file(folder / "model.safetensors")
    change(weights)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})


def test_the_official_layout_is_started_from_as_it_was_trained(tmp_path):
    folder = write_folder(tmp_path / "official", speaking_weights(), speaking_config())
    start, expected = load_start(str(folder)), load_model(str(folder), "fp32", "cpu", "training")
    assert (start.processor.frames, start.processor.prompt) == (6, "official_train")
    assert load_looker(str(folder)).processor.frames == 6
    found, wanted = start.model.state_dict(), expected.model.state_dict()
    assert found.keys() == wanted.keys() and all(torch.equal(found[key], wanted[key]) for key in wanted)
    assert {tensor.dtype for tensor in start.model.parameters()} == {torch.float32}


def test_a_start_in_our_layout_keeps_its_batch_norm(ours):
    stored = load_file(ours / "model.safetensors")
    found = load_start(str(ours)).model.state_dict()
    assert any("running_mean" in key for key in stored)
    assert stored.keys() <= found.keys() and all(torch.equal(found[key], stored[key]) for key in stored)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda weights: weights.pop("model.language_model.norm.weight"), "missing keys model.language_model.norm"),
        (lambda weights: weights.update(extra=torch.zeros(2)), "unexpected keys extra"),
        (
            lambda weights: weights.update({"model.language_model.norm.weight": torch.zeros(3)}),
            "mismatched keys model.language_model.norm.weight",
        ),
    ],
)
def test_wrong_keys_are_named(ours, change, message):
    change_weights(ours, change)
    with pytest.raises(ModelError, match=message) as caught:
        load_start(str(ours))
    assert "\n" not in str(caught.value)


def test_the_command_refuses_a_folder_that_is_no_checkpoint(ours, data_dir, tmp_path):
    labels = write_labels(tmp_path / "labels.jsonl", data_dir)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "config.json").write_text(json.dumps({"model_type": "bert"}))
    (ours / "model.safetensors").write_bytes(b"half")
    for folder, message in (
        (data_dir, "neither bundled"),
        (tmp_path / "other", "holds a 'bert' model"),
        (ours, "truncated or damaged"),
    ):
        rest = ["--labels", labels, "--videos", data_dir, "--start", folder, "--out", tmp_path / "out"]
        with pytest.raises(SystemExit) as end:
            main([str(tmp_path / "run"), *map(str, rest)])
        error = end.value.code
        assert error.startswith("training.grpo: ") and message in error and "\n" not in error
    assert not (tmp_path / "out").exists()


def test_a_run_from_the_official_layout_ends_in_ours(tmp_path, data_dir):
    folder = write_folder(tmp_path / "official", speaking_weights(), speaking_config())
    items = read_items(write_labels(tmp_path / "labels.jsonl", data_dir), data_dir)[:2]
    counts = {"max_steps": 1, "videos_per_step": 2, "micro_batch": 1, "num_generations": 2}
    settings = small(**counts, cache=False, train=("language_model",))
    run_grpo(items, [], tmp_path / "run", str(folder), tmp_path / "out", settings, jobs=1)
    trained = load_start(str(tmp_path / "out"))
    assert (trained.processor.frames, trained.processor.prompt) == (6, "official_train")

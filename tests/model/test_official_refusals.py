"""Official folders that do not fit are refused in one sentence, and nothing is written."""

import json

import pytest
import torch

from vqathinker import ModelError
from vqathinker.cli import main
from vqathinker.model.family.load import load_model

from .official_folders import linked_copy, speaking_config, speaking_weights, write_folder


def broken(tmp_path, folder, name=None, text=None, *without):
    copy = linked_copy(folder, tmp_path / "broken", *without, *([name] if name else []))
    if text is not None:
        (copy / name).write_text(text)
    return str(copy)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"llm_config__architectures": ["InternLM2ForCausalLM"]},
            "llm_config.architectures is .'InternLM2ForCausalLM'.",
        ),
        ({"vision_config__qk_normalization": True}, "qk_normalization is True .* only False is known"),
        ({"select_layer": -4}, "select_layer is -4"),
        ({"llm_config__hidden_size": 128}, "gives .64, 128., the configuration says .128, 128."),
        ({"llm_config__num_hidden_layers": 3}, "missing keys model.language_model.layers.2.*and 8 more"),
        ({"llm_config__num_hidden_layers": 1}, "unexpected keys language_model.model.layers.1"),
        ({"llm_config__vocab_size": 200}, "writes token 264, the model knows 200"),
        ({"force_image_size": 230}, "frames of 288 pixels cannot be cut into cells of 28"),
        ({"downsample_ratio": None}, "describes no model: .*'downsample_ratio' expected float"),
    ],
)
def test_an_architecture_that_does_not_fit_is_refused(single, tmp_path, changes, sentence):
    folder = broken(tmp_path, single, "config.json", json.dumps(speaking_config(**changes)))
    with pytest.raises(ModelError, match=sentence):
        load_model(folder)


def test_missing_and_unexpected_keys_are_named(tmp_path):
    weights = dict(speaking_weights())
    weights["mlp1.7.weight"] = weights.pop("mlp1.1.weight")
    folder = write_folder(tmp_path / "renamed", weights, speaking_config())
    with pytest.raises(ModelError, match="do not fit: missing keys model.multi_modal_projector.linear_1.weight$"):
        load_model(str(folder))
    extra = speaking_weights() | {"mlp1.7.weight": torch.zeros(2), "value_head.weight": torch.zeros(2)}
    folder = write_folder(tmp_path / "extra", extra, speaking_config())
    with pytest.raises(ModelError, match="do not fit: unexpected keys mlp1.7.weight, value_head.weight$"):
        load_model(str(folder))


def test_an_internvl_that_is_no_vqathinker_is_told(tmp_path):
    plain = {key: value for key, value in speaking_weights().items() if not key.startswith(("slowfast", "motion"))}
    folder = write_folder(tmp_path / "plain", plain, speaking_config())
    with pytest.raises(ModelError, match="missing keys .* more .an InternVL that never was a VQAThinker"):
        load_model(str(folder))


@pytest.mark.parametrize(
    "name", ["llm_config.num_key_value_heads", "llm_config.vocab_size", "vision_config.patch_size"]
)
def test_a_missing_size_is_named_and_not_guessed(single, tmp_path, name):
    config, (section, key) = speaking_config(), name.split(".")
    del config[section][key]
    with pytest.raises(ModelError, match=f"the official configuration lacks {name}$"):
        load_model(broken(tmp_path, single, "config.json", json.dumps(config)))


def test_a_missing_setting_is_named(single, tmp_path):
    config = speaking_config()
    del config["vision_config"]["qkv_bias"]
    with pytest.raises(ModelError, match="the official configuration lacks vision_config.qkv_bias"):
        load_model(broken(tmp_path, single, "config.json", json.dumps(config)))
    with pytest.raises(ModelError, match="config.json is damaged: "):
        load_model(broken(tmp_path / "again", single, "config.json", "{"))


def test_missing_and_truncated_shards_are_named(sharded, single, tmp_path):
    name = "model-00002-of-00004.safetensors"
    with pytest.raises(ModelError, match=f"lacks 1 of 4 shards: {name}"):
        load_model(broken(tmp_path, sharded, name))
    shard = tmp_path / "broken" / name
    shard.write_bytes((sharded / name).read_bytes()[:-1000])
    with pytest.raises(ModelError, match=f"{name} is truncated or damaged"):
        load_model(str(tmp_path / "broken"))
    with pytest.raises(ModelError, match="holds no weights"):
        load_model(broken(tmp_path / "none", single, "model.safetensors"))
    with pytest.raises(ModelError, match="model.safetensors.index.json is damaged: it holds a list"):
        load_model(broken(tmp_path / "index", sharded, "model.safetensors.index.json", "[]"))


def test_a_missing_or_foreign_tokenizer_is_refused(single, tmp_path):
    with pytest.raises(ModelError, match="holds no tokenizer: neither tokenizer.json nor vocab.json with merges.txt"):
        load_model(broken(tmp_path, single, "merges.txt"))
    with pytest.raises(ModelError, match="vocab.json is damaged"):
        load_model(broken(tmp_path / "damaged", single, "vocab.json", "{"))
    settings = json.loads((single / "tokenizer_config.json").read_text())
    keep = {key: value for key, value in settings["added_tokens_decoder"].items() if "img" not in value["content"]}
    settings |= {"added_tokens_decoder": keep, "additional_special_tokens": []}
    with pytest.raises(ModelError, match="does not know <img>, </img>$"):
        load_model(broken(tmp_path / "plain", single, "tokenizer_config.json", json.dumps(settings)))


def test_a_conversion_refuses_what_it_cannot_do(converted, single, tmp_path, capsys):
    assert main(["convert", str(converted), str(tmp_path / "again")]) == 2
    assert "is in this package's layout already" in capsys.readouterr().err
    before = {file.name: file.stat().st_mtime_ns for file in converted.iterdir()}
    assert main(["convert", str(single), str(converted)]) == 2
    assert "already holds a checkpoint" in capsys.readouterr().err
    assert before == {file.name: file.stat().st_mtime_ns for file in converted.iterdir()}
    (tmp_path / "file").write_text("")
    assert main(["convert", str(single), str(tmp_path / "file")]) == 2
    assert "cannot be written" in capsys.readouterr().err
    stale = tmp_path / "stale"
    stale.mkdir()
    (stale / "model.safetensors").write_bytes(b"old")
    assert main(["convert", str(single), str(stale)]) == 2
    assert "holds other weights already: model.safetensors" in capsys.readouterr().err
    assert [file.name for file in stale.iterdir()] == ["model.safetensors"]

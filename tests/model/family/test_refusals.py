"""What cannot be loaded is refused with one sentence that says what can be, before anything large is fetched."""

from __future__ import annotations

import json
import os
import shutil

import pytest
from safetensors.torch import load_file, save_file

from tests.model.local_hub import serving
from tests.model.test_before import ask
from vqathinker import ModelError, load_rater
from vqathinker.bundled import bundled
from vqathinker.cli import main
from vqathinker.model.weights import INDEX
from vqathinker.scorers import SCORERS, which

from . import qwen_folders

PICTURES = "preprocessor_config.json"


@pytest.fixture
def folder(tmp_path):
    """The small files, to be broken."""
    return qwen_folders.write_small_files(tmp_path / "checkpoint")


def refusal(model: str) -> str:
    with pytest.raises(ModelError) as caught:
        load_rater(model, "fp32")
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 400
    return str(caught.value)


def change(path, **settings) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | settings))


def test_a_model_of_no_family_is_refused_with_those_that_there_are(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "llava"}))
    told = refusal(str(tmp_path))
    assert "holds a 'llava' model, not a VQAThinker checkpoint nor a Qwen2.5-VL scorer" in told
    assert all(name in told for name in SCORERS) and "code" not in told
    change(tmp_path / "config.json", auto_map={"AutoModel": "modeling.Mine"})
    assert "would run code of its own, which is never run here" in refusal(str(tmp_path))


def test_which_scorer_it_is_must_be_said_and_be_true(folder):
    assert "say visualquality-r1@FOLDER or q-insight@FOLDER" in refusal(str(folder))
    assert "8b is no such model: say" in refusal(f"8b@{folder}")
    assert "there is no scorer 'nothing'; there are tiny, 8b, " in refusal(f"nothing@{folder}")
    assert "holds a VQAThinker checkpoint, not Q-Insight 7B" in refusal(f"q-insight@{bundled()['tiny']}")


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("visualquality-r1", "TianheWu/VisualQuality-R1-7B"),
        ("TianheWu/VisualQuality-R1-7B", "TianheWu/VisualQuality-R1-7B"),
        ("models/visualquality-r1-7b-mine", "models/visualquality-r1-7b-mine"),
        ("visualquality-r1@models/x", "models/x"),
    ],
)
def test_a_scorer_is_known_by_its_name_its_hub_id_or_what_is_said(name, place):
    scorer, found = which(name)
    assert (scorer.name, found) == ("visualquality-r1", place)


def test_a_name_that_could_be_two_is_none():
    assert which("q-insight-and-visualquality-r1-7b/x")[0] is None and which("models/other")[0] is None


@pytest.mark.parametrize(
    ("missing", "sentence"),
    [
        (PICTURES, "lacks preprocessor_config.json, which says how pictures are cut"),
        ("vocab.json", "holds no tokenizer"),
    ],
)
def test_a_missing_file_is_named(folder, missing, sentence):
    (folder / missing).unlink()
    assert sentence in refusal(f"visualquality-r1@{folder}")


@pytest.mark.parametrize(
    ("file", "settings", "sentence"),
    [
        (PICTURES, {"patch_size": 16}, "patch_size is 16, the model takes 14"),
        (PICTURES, {"merge_size": 4}, "merge_size is 4, the model takes 2"),
        ("config.json", {"image_token_id": 3}, "the placeholder is 264, the model takes 3"),
        ("config.json", {"num_attention_heads": 7}, "describes no model"),
        ("config.json", {"vision_config": 5}, "describes no model"),
        ("config.json", {"hidden_size": "wide"}, "describes no model"),
    ],
)
def test_settings_that_do_not_fit_are_refused(folder, file, settings, sentence):
    change(folder / file, **settings)
    assert sentence in refusal(f"visualquality-r1@{folder}")


def test_a_tokenizer_without_the_marks_of_pictures_is_refused(folder):
    qwen_folders.write_tokenizer(folder, qwen_folders.SPECIAL[:3])
    assert "does not know <|vision_start|>, <|image_pad|>, <|vision_end|>" in refusal(f"visualquality-r1@{folder}")


def test_weights_that_do_not_fit_are_named(folder, qwen):
    assert "holds no weights" in refusal(f"visualquality-r1@{folder}")
    weights = {}
    for shard in sorted(qwen.glob("*.safetensors")):
        weights |= load_file(shard)
    lost = weights.pop("model.norm.weight")
    save_file(weights, folder / "model.safetensors")
    assert "does not fit: missing keys model.language_model.norm.weight" in refusal(f"visualquality-r1@{folder}")
    save_file(weights | {"model.norm.weight": lost[:9].clone()}, folder / "model.safetensors")
    assert "does not fit: mismatched keys model.language_model.norm.weight" in refusal(f"visualquality-r1@{folder}")


def test_nothing_large_is_downloaded_of_what_will_not_be_loaded(qwen, tmp_path):
    lacking = shutil.copytree(qwen, tmp_path / "lacking")
    index = json.loads((lacking / INDEX).read_text())
    del index["weight_map"]["visual.merger.mlp.0.weight"]
    (lacking / INDEX).write_text(json.dumps(index))
    inside = tmp_path / "several"
    shutil.copytree(qwen, inside / "score_degradation", copy_function=os.link)
    shutil.copytree(qwen, inside / "comparison", copy_function=os.link)
    hub = {
        "a/VisualQuality-R1-7B": qwen,
        "b/VisualQuality-R1-7B": lacking,
        "ByteDance/Q-Insight": inside,
        "c/plain": qwen,
    }
    names = ["b/VisualQuality-R1-7B", "a/VisualQuality-R1-7B=1000", "c/plain"]
    with serving(hub) as (address, fetched):
        told = ask(address, tmp_path / "cache", *names)
        assert (
            f"{INDEX} does not fit the configuration: missing keys model.visual.merger.mlp.0.weight" in told[names[0]]
        )
        assert "not enough memory for" in told["a/VisualQuality-R1-7B"] and "say visualquality-r1@" in told["c/plain"]
        assert fetched and not [name for name in fetched if name.endswith(".safetensors")]
        assert ask(address, tmp_path / "cache", "a/VisualQuality-R1-7B", "q-insight") == {
            "a/VisualQuality-R1-7B": "a/VisualQuality-R1-7B",
            "q-insight": "q-insight",
        }
        assert not [name for name in fetched if name.startswith("comparison/")]


def test_nothing_large_is_downloaded_of_a_model_of_no_family_or_that_is_code(tmp_path):
    hub = {}
    for name, settings in {"a/llava": {}, "a/remote": {"auto_map": {"AutoModel": "modeling.Mine"}}}.items():
        folder = tmp_path / name
        folder.mkdir(parents=True)
        (folder / "config.json").write_text(json.dumps({"model_type": name.partition("/")[2]} | settings))
        (folder / "modeling.py").write_text("raise SystemExit('code of a checkpoint was run')")
        (folder / "model.safetensors").write_bytes(b"x" * 1000)
        hub[name] = folder
    with serving(hub) as (address, fetched):
        told = ask(address, tmp_path / "cache", *hub)
    assert "holds a 'llava' model, not a VQAThinker checkpoint nor a Qwen2.5-VL scorer; known are" in told["a/llava"]
    assert "would run code of its own, which is never run here" in told["a/remote"]
    assert set(fetched) == {"config.json"}


def test_a_benchmark_of_videos_by_the_protocol_of_a_scorer_of_pictures_is_refused_before_anything_is_loaded(
    tmp_path, capsys
):
    labels = tmp_path / "labels.csv"
    labels.write_text("file,mos\na.mp4,3.0\nb.mp4,4.0\n")
    command = ["evaluate", str(labels), "--videos", str(tmp_path), "--benchmark", "konvid-1k"]
    assert main([*command, "--model", "visualquality-r1"]) == 2
    told = capsys.readouterr().err
    assert "the authors of VisualQuality-R1 7B publish no protocol for videos, which konvid-1k is made of" in told
    assert "with --protocol default it is shown their frames" in told and told.count("\n") == 1


def test_a_checkpoint_of_another_family_is_not_converted(folder, tmp_path, capsys):
    assert main(["convert", str(folder), str(tmp_path / "out")]) == 2
    assert "holds a 'qwen2_5_vl' model, not a VQAThinker checkpoint" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_what_the_name_of_a_model_tells_it_cannot_do_is_refused_before_anything_is_looked_for(clip, capsys):
    assert main(["timeline", str(clip("plain.mp4")), "--model", "visualquality-r1@no/where"]) == 2
    assert capsys.readouterr().err == "vqathinker: VisualQuality-R1 7B makes no timelines; tiny, 8b can\n"
    assert main(["timeline", str(clip("plain.mp4")), "--model", "no/where/at/all"]) == 2
    assert "no model 'no/where/at/all'" in capsys.readouterr().err

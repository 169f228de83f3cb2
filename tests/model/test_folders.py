"""Names of models: bundled, folders, and the hub as its cache on disk shows it to a machine without a network."""

import huggingface_hub.constants
import pytest

from vqathinker import ModelError
from vqathinker.bundled import CHECKPOINTS
from vqathinker.model.family.load import load_model
from vqathinker.model.folders import HUB, find_folder

from .official_folders import speaking_config, speaking_weights, write_folder


@pytest.fixture
def cache(monkeypatch, tmp_path):
    """The hub's cache folder, empty; nothing goes over the network."""
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    return tmp_path


def snapshot(cache, repository: str):
    """Where the hub's client would keep a downloaded repository."""
    home = cache / f"models--{repository.replace('/', '--')}"
    (home / "refs").mkdir(parents=True)
    (home / "refs" / "main").write_text("abc123")
    return home / "snapshots" / "abc123"


def test_the_released_model_is_found_by_its_short_name_and_its_id(cache):
    folder = write_folder(snapshot(cache, HUB["8b"]), speaking_weights(), speaking_config(), shards=2)
    assert find_folder("8b") == find_folder(HUB["8b"]) == folder
    loaded = load_model("8b")
    assert loaded.name == "8b" and loaded.processor.frames == 12


def test_what_the_hub_cannot_give_is_one_sentence(cache):
    with pytest.raises(ModelError, match="no folder someone/model, and it cannot be fetched from the hub: ") as caught:
        find_folder("someone/model")
    assert "\n" not in str(caught.value)
    snapshot(cache, "someone/data").mkdir(parents=True)
    with pytest.raises(ModelError, match="the hub's someone/data is no model: it has no config.json"):
        find_folder("someone/data")


def test_a_folder_goes_before_the_hub(cache, tmp_path, monkeypatch):
    (tmp_path / "someone" / "model").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelError, match="nor a folder with a config.json"):
        find_folder("someone/model")
    (tmp_path / "someone" / "model" / "config.json").write_text("{}")
    assert find_folder("someone/model").samefile(tmp_path / "someone" / "model")
    assert find_folder("tiny") == CHECKPOINTS / "tiny"


def test_a_path_is_a_path_even_where_the_package_has_one_of_that_name(tmp_path, monkeypatch):
    for folder in (tmp_path / "here", tmp_path / "model"):
        folder.mkdir()
        (folder / "config.json").write_text("{}")
    monkeypatch.chdir(tmp_path / "here")
    assert find_folder(".").samefile(tmp_path / "here")
    assert find_folder("../model").samefile(tmp_path / "model")

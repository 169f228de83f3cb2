"""What a hub does not have is told in one sentence, whichever part of a model it is."""

from __future__ import annotations

import json
import shutil

import pytest

from tests.model.local_hub import serving
from tests.model.test_before import ask
from vqathinker.model.weights import INDEX

from . import qwen_folders

NAME = "a/VisualQuality-R1-7B"
LACKING = {
    "b/VisualQuality-R1-7B": ("tokenizer", ("vocab.json", "merges.txt", "tokenizer.json"), "holds no tokenizer"),
    "c/VisualQuality-R1-7B": ("pictures", ("preprocessor_config.json",), "lacks preprocessor_config.json"),
    "d/VisualQuality-R1-7B": ("settings", ("config.json",), "is no model: it has no config.json"),
    "e/VisualQuality-R1-7B": ("shard", ("model-00002-of-00002.safetensors",), "lacks 1 of 2 shards: model-00002-of-"),
    "f/VisualQuality-R1-7B": ("index", (INDEX,), "holds no weights"),
}


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """What loading says of each, in a process that knows only a hub on this machine."""
    whole = qwen_folders.write_folder(tmp_path_factory.mktemp("whole") / "checkpoint", shards=2)
    hub = {NAME: whole}
    for name, (called, files, _) in LACKING.items():
        hub[name] = shutil.copytree(whole, tmp_path_factory.mktemp("lacking") / called)
        for file in files:
            (hub[name] / file).unlink(missing_ok=True)
    asked = [*hub, "a/absent", "visualquality-r1@a/absent", f"{NAME}@nowhere", f"{NAME}@v1"]
    with serving(hub) as (address, _):
        yield ask(address, tmp_path_factory.mktemp("cache"), *asked)


@pytest.mark.parametrize("name", LACKING)
def test_a_file_that_a_repository_lacks_is_named(told, name):
    assert LACKING[name][2] in told[name] and "\n" not in told[name]


@pytest.mark.parametrize("name", ["a/absent", "visualquality-r1@a/absent"])
def test_a_repository_that_is_not_there(told, name):
    assert told[name].endswith("cannot be fetched from the hub: there is no such model there, or it is private")


def test_a_revision_is_taken_where_it_is_there(told):
    assert told[NAME] == NAME and told[f"{NAME}@v1"] == f"{NAME}@v1"
    reason = "cannot be fetched from the hub: there is no such branch, tag or commit of it there"
    assert told[f"{NAME}@nowhere"] == f"there is no folder {NAME}@nowhere, and it {reason}"


def test_an_index_of_something_else_than_files_is_told(tmp_path):
    from vqathinker import ModelError, load_rater

    folder = qwen_folders.write_folder(tmp_path / "checkpoint", shards=2)
    index = json.loads((folder / INDEX).read_text())
    (folder / INDEX).write_text(json.dumps(index | {"weight_map": {key: 5 for key in index["weight_map"]}}))
    with pytest.raises(ModelError, match="is no index of shards"):
        load_rater(f"visualquality-r1@{folder}", "fp32")

"""What is refused before weights are fetched: by a hub of our own that remembers what was downloaded."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import pytest

from tests.model.local_hub import serving
from vqathinker.errors import ModelError
from vqathinker.model.before import OBJECTS, check_objects
from vqathinker.model.weights import INDEX

from .official_folders import speaking_config, speaking_weights, write_folder

ASK = """
import json, sys
from vqathinker.errors import ModelError
from vqathinker.model import memory
from vqathinker.model.family.load import load_model

told = {}
for name in sys.argv[1:]:
    name, _, free = name.partition("=")
    if free:
        memory.free_bytes = lambda device, free=int(free): free
    try:
        told[name] = load_model(name).name
    except ModelError as error:
        told[name] = str(error)
print(json.dumps(told))
"""


def ask(address: str, cache, *names: str) -> dict[str, str]:
    """What loading says of each name, in a process that knows only this hub."""
    environment = {**os.environ, "HF_ENDPOINT": address, "HF_HOME": str(cache)}
    environment.pop("HF_HUB_OFFLINE", None)
    done = subprocess.run([sys.executable, "-c", ASK, *names], env=environment, capture_output=True, timeout=1800)
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """A whole checkpoint, one of another architecture, and one whose index lacks a tensor."""
    root = tmp_path_factory.mktemp("hub")
    whole = write_folder(root / "whole", speaking_weights(), speaking_config(), shards=2)
    other, lacking = shutil.copytree(whole, root / "other"), shutil.copytree(whole, root / "lacking")
    (other / "config.json").write_text(json.dumps({"model_type": "llama", "hidden_size": 4096}))
    index = json.loads((lacking / INDEX).read_text())
    lost = index["weight_map"].popitem()[0]
    (lacking / INDEX).write_text(json.dumps(index))
    return {"us/whole": whole, "us/other": other, "us/lacking": lacking, "us/large": whole}, lost


def test_nothing_large_is_downloaded_of_what_will_not_be_loaded(folders, tmp_path):
    repositories, lost = folders
    with serving(repositories) as (address, fetched):
        told = ask(address, tmp_path, "us/other", "us/lacking", "us/nothing", "us/whole", "us/large=1000")
        assert "holds a 'llama' model, not a VQAThinker checkpoint" in told["us/other"]
        assert f"{INDEX} does not fit the configuration: missing keys" in told["us/lacking"]
        assert "there is no such model there, or it is private" in told["us/nothing"]
        assert "not enough memory for" in told["us/large"]
        assert told["us/whole"] == "us/whole"
        assert len([name for name in fetched if name.endswith(".safetensors")]) == 2, "those of us/whole alone"
    assert ask(address, tmp_path, "us/whole") == {"us/whole": "us/whole"}, "the cache is enough without the hub"
    assert "no network" in ask(address, tmp_path / "new", "us/whole")["us/whole"]


@pytest.mark.parametrize("name", OBJECTS)
@pytest.mark.parametrize("content", ["[]", "null", '"x"', '{"a": ', "[" * 100_000])
def test_a_file_that_holds_no_object_is_named(tmp_path, name, content):
    (tmp_path / name).write_text(content)
    with pytest.raises(ModelError, match=f"{name} is damaged: ") as caught:
        check_objects(tmp_path)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 400

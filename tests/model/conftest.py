"""Official folders of a small model, written once a session and never changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from vqathinker.cli import main

from .official_folders import speaking_config, speaking_weights, write_folder


@pytest.fixture(scope="session")
def single(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Without shards."""
    return write_folder(tmp_path_factory.mktemp("single"), speaking_weights(), speaking_config())


@pytest.fixture(scope="session")
def sharded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_folder(tmp_path_factory.mktemp("sharded"), speaking_weights(), speaking_config(), shards=4)


@pytest.fixture(scope="session")
def converted(sharded: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The native layout that the command line makes of `sharded`."""
    target = tmp_path_factory.mktemp("converted") / "ours"
    assert main(["convert", str(sharded), str(target)]) == 0
    return target

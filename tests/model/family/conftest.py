"""A folder of a small scorer on Qwen2.5-VL, and its rater; written and loaded once."""

from __future__ import annotations

from pathlib import Path

import pytest

from vqathinker import load_rater
from vqathinker.rating import Rater

from . import qwen_folders


@pytest.fixture(scope="session")
def qwen(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return qwen_folders.write_folder(tmp_path_factory.mktemp("qwen") / "checkpoint", shards=2)


@pytest.fixture(scope="session")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return qwen_folders.write_picture(tmp_path_factory.mktemp("pictures"), "photo")


@pytest.fixture(scope="session")
def scorer(qwen: Path) -> Rater:
    """VisualQuality-R1, whose answers are cut after a few tokens: random weights never come to an end."""
    return shortened(load_rater(f"visualquality-r1@{qwen}", "fp32"))


def shortened(rater: Rater) -> Rater:
    rater.max_new_tokens = 16
    return rater

"""A clip to be degraded."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.training.conftest import moving
from training.data import ffmpeg


@pytest.fixture(scope="session")
def clip(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    ffmpeg.encode_frames(moving(np.random.default_rng(1), 30), 24, path)
    return path

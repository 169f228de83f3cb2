"""Cached arrays are what the app would take of the same files."""

import numpy as np
import pytest

from training.cache import bursts_of, fill_cache, pan_film, read_sample
from training.config import ModelSettings
from training.data.build import build
from training.state import read_jsonl
from vqathinker.model.processing import clip_facts, squash
from vqathinker.video import VideoSpec, load_clip

SETTINGS = ModelSettings(image_size=48, frames=3, burst_length=4, burst_size=16)


@pytest.fixture(scope="module")
def cached(data_dir, tmp_path_factory):
    built = tmp_path_factory.mktemp("built")
    build(data_dir, built, jobs=1, limit=3, max_lines=96)
    rows = read_jsonl(built / "manifest.jsonl")
    assert fill_cache(rows, data_dir, built, built / "cache", SETTINGS, jobs=1) == []
    return rows, built


@pytest.mark.parametrize("root", ["out", "data"])
def test_frames_bursts_and_facts_are_those_of_load_clip(cached, data_dir, root):
    rows, built = cached
    row = next(row for row in rows if row["root"] == root)
    clip = load_clip((built if root == "out" else data_dir) / row["path"], VideoSpec(3, 4, 16))
    sample = read_sample(built / "cache", row)
    frames = clip.frames if root == "out" else clip.frames[:1]
    assert np.array_equal(sample.frames, np.stack([squash(frame, 48) for frame in frames]))
    assert np.array_equal(bursts_of(sample.film, 3, 4), clip.bursts)
    assert np.array_equal(sample.facts, clip_facts(clip.info).numpy())
    assert (sample.pan is not None) == (row["group"] == "clive")


def test_what_cannot_be_decoded_is_named_and_left_out(cached, data_dir, tmp_path):
    rows, built = cached
    (tmp_path / "videos").mkdir()
    (tmp_path / "videos" / "bad.mp4").write_bytes(b"no video")
    missing = {"id": "gone", "path": "clive/gone.jpg", "root": "data", "group": "clive", "seed": 0}
    broken = {"id": "bad", "path": "videos/bad.mp4", "root": "out", "group": "clips", "seed": 0}
    reasons = fill_cache([missing, broken], data_dir, tmp_path, tmp_path / "cache", SETTINGS, jobs=1)
    assert len(reasons) == 2 and "gone.jpg" in reasons[0] and "bad.mp4" in reasons[1]
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_pan_moves_slowly_and_steadily():
    picture = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    film = pan_film(np.kron(picture, np.ones((4, 4, 1), np.uint8)), 16, np.random.default_rng(1))
    steps = np.abs(np.diff(film.astype(int), axis=0)).mean((1, 2))
    assert len(film) == 60 and 0 < steps.min() and steps.max() < 40

"""Cached arrays are what the app would take of the same files."""

import numpy as np
import pytest
from PIL import Image

from training.common.io import read_jsonl
from training.sft.cache import Still, bursts_of, fill_cache, read_sample
from training.sft.config import ModelSettings, SftSettings
from training.sft.views import plain_view
from vqathinker.model.processing import clip_facts, squash
from vqathinker.video import VideoSpec, load_clip

SETTINGS = ModelSettings(image_size=48, frames=3, burst_length=4, burst_size=16)


@pytest.fixture(scope="module")
def cached(data_dir, built_dir, tmp_path_factory):
    rows, cache = read_jsonl(built_dir / "manifest.jsonl"), tmp_path_factory.mktemp("cache")
    assert fill_cache(rows, data_dir, built_dir, cache, SETTINGS, jobs=1) == []
    return rows, cache


def test_frames_bursts_and_facts_of_a_clip_are_those_of_load_clip(cached, built_dir):
    rows, cache = cached
    row = next(row for row in rows if row["root"] == "out")
    clip = load_clip(built_dir / row["path"], VideoSpec(3, 4, 16))
    sample = read_sample(cache, row)
    assert np.array_equal(sample.frames, np.stack([squash(frame, 48) for frame in clip.frames]))
    assert np.array_equal(bursts_of(sample.film, 3, 4), clip.bursts)
    assert np.array_equal(sample.facts, clip_facts(clip.info).numpy())


def test_a_rated_picture_keeps_its_size_and_every_pixel(cached, data_dir):
    rows, cache = cached
    pictures = [row for row in rows if row["root"] == "data"]
    assert {row["group"] for row in pictures} == {"clive", "avt_uhd", "biq2021"}
    for row in pictures[::5]:
        sample = read_sample(cache, row)
        with Image.open(data_dir / row["path"]) as image:
            assert isinstance(sample, Still) and np.array_equal(sample.picture, np.asarray(image.convert("RGB")))


def test_a_still_view_of_a_picture_is_what_load_clip_makes_of_it(cached, data_dir):
    rows, cache = cached
    row = next(row for row in rows if row["group"] == "clive")
    clip = load_clip(data_dir / row["path"], VideoSpec(3, 4, 16))
    view = plain_view(row, read_sample(cache, row), SftSettings(model=SETTINGS))
    assert np.array_equal(view.frame(0), squash(clip.frames[0], 48))
    assert np.array_equal(view.facts, clip_facts(clip.info).numpy())
    # The film of a picture is a little softer than the area mean that is taken of a clip.
    assert np.abs(bursts_of(view.film, 3, 4).astype(int) - clip.bursts).mean() < 8


def test_what_cannot_be_decoded_is_named_and_left_out(data_dir, tmp_path):
    (tmp_path / "videos").mkdir()
    (tmp_path / "videos" / "bad.mp4").write_bytes(b"no video")
    missing = {"id": "gone", "path": "clive/gone.jpg", "root": "data", "group": "clive", "seed": 0}
    broken = {"id": "bad", "path": "videos/bad.mp4", "root": "out", "group": "clips", "seed": 0}
    reasons = fill_cache([missing, broken], data_dir, tmp_path, tmp_path / "cache", SETTINGS, jobs=1)
    assert len(reasons) == 2 and "gone.jpg" in reasons[0] and "bad.mp4" in reasons[1]
    assert list((tmp_path / "cache").iterdir()) == []

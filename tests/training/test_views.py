"""How samples are shown: flips, pans and stated sizes, and words that follow them."""

import numpy as np
import pytest

from training.cache import Sample, pan_bursts
from training.config import ModelSettings, SftSettings
from training.views import COMMON_SIZES, plain_view, random_view

FACTS = {"width": 500, "height": 500, "fps": 0.0, "num_frames": 1, "duration_s": 0.0}
ROW = {"id": "a", "group": "clive", "facts": FACTS}
STILL = np.zeros((2, 4, 8, 8), np.uint8)


@pytest.fixture
def sample():
    bursts = np.arange(2 * 4 * 8 * 8, dtype=np.uint8).reshape(2, 4, 8, 8)
    return Sample(STILL[:1, :1], bursts, np.zeros(4, np.float32), bursts + 1)


def views(sample, settings, count=60):
    return [random_view(ROW, sample, settings, np.random.default_rng(seed)) for seed in range(count)]


def test_a_view_follows_its_seed(sample):
    one, two = (random_view(ROW, sample, SftSettings(), np.random.default_rng(5)) for _ in range(2))
    assert np.array_equal(one.bursts, two.bursts) and one.row == two.row


def test_a_pan_has_the_facts_of_a_clip_and_its_own_bursts(sample):
    for view in views(sample, SftSettings(pan_share=1.0, resize_share=0.0)):
        assert view.row["facts"]["num_frames"] > 1 and view.row["facts"]["fps"] > 0
        expected = sample.pan_bursts[..., ::-1] if view.flipped else sample.pan_bursts
        assert np.array_equal(view.bursts, expected)
        assert view.facts[2] > -2


def test_a_stated_size_is_a_common_one_and_reaches_the_facts(sample):
    for view in views(sample, SftSettings(pan_share=0.0, resize_share=1.0)):
        assert (view.row["facts"]["width"], view.row["facts"]["height"]) in COMMON_SIZES
        assert view.facts[2] == -2


def test_clips_keep_their_facts(sample):
    clip = Sample(sample.frames, sample.bursts, sample.facts, None)
    view = random_view(ROW, clip, SftSettings(pan_share=1.0, resize_share=1.0), np.random.default_rng(0))
    assert view.row["facts"] == FACTS and np.array_equal(view.facts, sample.facts)


def test_validation_sees_the_sample_as_it_is(sample):
    view = plain_view(ROW, sample)
    assert not view.flipped and view.row is ROW and view.bursts is sample.bursts


def test_the_row_itself_is_never_changed(sample):
    views(sample, SftSettings(pan_share=1.0, resize_share=1.0))
    assert ROW["facts"] == {"width": 500, "height": 500, "fps": 0.0, "num_frames": 1, "duration_s": 0.0}


def test_a_pan_moves_and_a_still_does_not():
    picture = np.random.default_rng(0).integers(0, 256, (100, 120, 3), dtype=np.uint8)
    settings = ModelSettings(frames=3, burst_length=4, burst_size=32)
    bursts = pan_bursts(picture, settings, np.random.default_rng(1))
    assert bursts.shape == (3, 4, 32, 32)
    steps = np.abs(np.diff(bursts.astype(float), axis=1)).mean((0, 2, 3))
    assert (steps > 0).all()

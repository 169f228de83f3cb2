"""How samples are shown: flips, pans and stated sizes, and words that follow them."""

from dataclasses import replace

import numpy as np
import pytest

from training.cache import Sample
from training.config import SftSettings
from training.views import COMMON_SIZES, plain_view, random_view

FACTS = {"width": 500, "height": 500, "fps": 0.0, "num_frames": 1, "duration_s": 0.0}
ROW = {"id": "a", "group": "clive", "kind": "human", "facts": FACTS}


@pytest.fixture
def sample():
    film = np.arange(5 * 8 * 8, dtype=np.uint8).reshape(5, 8, 8)
    return Sample(np.arange(192, dtype=np.uint8).reshape(1, 8, 8, 3), film[:1], np.zeros(4, np.float32), film)


def views(sample, settings, count=60):
    return [random_view(ROW, sample, settings, np.random.default_rng(seed)) for seed in range(count)]


def test_a_view_follows_its_seed(sample):
    one, two = (random_view(ROW, sample, SftSettings(), np.random.default_rng(5)) for _ in range(2))
    assert np.array_equal(one.film, two.film) and one.row == two.row


def test_a_pan_has_the_facts_of_a_clip_and_its_own_film(sample):
    for view in views(sample, SftSettings(pan_share=1.0, resize_share=0.0)):
        assert view.row["facts"]["num_frames"] > 1 and view.row["facts"]["fps"] > 0
        assert np.array_equal(view.film, sample.pan[..., ::-1] if view.flipped else sample.pan)
        assert view.row["facts"]["num_frames"] == len(view.film)
        assert view.facts[2] > -2


def test_a_stated_size_is_a_common_one_and_reaches_the_facts(sample):
    for view in views(sample, SftSettings(pan_share=0.0, resize_share=1.0)):
        assert (view.row["facts"]["width"], view.row["facts"]["height"]) in COMMON_SIZES
        assert view.facts[2] == -2


def test_clips_keep_their_facts(sample):
    clip = Sample(sample.frames, sample.film, sample.facts)
    view = random_view(ROW, clip, SftSettings(pan_share=1.0, resize_share=1.0), np.random.default_rng(0))
    assert view.row["facts"] == FACTS and np.array_equal(view.facts, sample.facts)


def test_validation_sees_the_sample_as_it_is(sample):
    view = plain_view(ROW, sample)
    assert not view.flipped and view.row is ROW and view.film is sample.film


def test_the_row_itself_is_never_changed(sample):
    views(sample, SftSettings(pan_share=1.0, resize_share=1.0))
    assert ROW["facts"] == {"width": 500, "height": 500, "fps": 0.0, "num_frames": 1, "duration_s": 0.0}


def test_a_mirrored_view_mirrors_frame_and_film_alike(sample):
    flipped = next(view for view in views(sample, SftSettings(pan_share=0.0)) if view.flipped)
    assert np.array_equal(flipped.frame(sample, 0), sample.frames[0][:, ::-1])
    assert np.array_equal(flipped.film, sample.film[..., ::-1])


def test_black_places_show_black(sample):
    view = replace(plain_view(ROW, sample), picks=(-1,))
    assert not view.frame(sample, 0).any()

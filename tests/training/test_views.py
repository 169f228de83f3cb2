"""How samples are shown: flips, pans and stated sizes, and words that follow them."""

from dataclasses import replace

import numpy as np
import pytest

from training.cache import Sample
from training.config import SftSettings
from training.views import COMMON_SIZES, GOOD_MOS, plain_view, random_view

FACTS = {"width": 500, "height": 500, "fps": 0.0, "num_frames": 1, "duration_s": 0.0}
ROW = {"id": "a", "group": "clive", "kind": "human", "mos": 3.0, "facts": FACTS}
FACTLESS = np.zeros(4, np.float32)
FILM = np.arange(5 * 8 * 8, dtype=np.uint8).reshape(5, 8, 8)


@pytest.fixture
def sample():
    return Sample(np.arange(192, dtype=np.uint8).reshape(1, 8, 8, 3), FILM[:1], FACTLESS, FILM)


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


def test_only_pictures_that_people_liked_get_new_defects_and_their_labels_follow():
    rng = np.random.default_rng(0)
    picture = Sample(rng.integers(60, 200, (1, 8, 8, 3), np.uint8), np.full((1, 8, 8), 120, np.uint8), FACTLESS, FILM)
    settings = SftSettings(retouch_share=1.0)
    liked = ROW | {"mos": GOOD_MOS, "defects": []}
    shown = [random_view(liked, picture, settings, np.random.default_rng(seed)) for seed in range(40)]
    changed = [view for view in shown if view.tone is not None]
    assert len(changed) > 20
    for view in changed:
        assert view.row["kind"] == "pseudo" and view.row["mos"] < GOOD_MOS and len(view.row["defects"]) == 1
        own = picture.frames[0][:, ::-1] if view.flipped else picture.frames[0]
        assert not np.array_equal(view.frame(picture, 0), own)
    other = [random_view(ROW, picture, settings, np.random.default_rng(seed)) for seed in range(40)]
    assert all(view.tone is None and view.row["kind"] == "human" for view in other)


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

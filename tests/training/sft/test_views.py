"""How samples are shown: flips, cameras, stated sizes and new defects, and labels, facts and words that follow them."""

import copy
from dataclasses import replace

import numpy as np
import pytest

from tests.training.conftest import moving, texture
from training.data.build.labels import severity_from_keep
from training.data.reasoning import GOOD_MOS
from training.sft.cache import Sample, Still
from training.sft.config import ModelSettings, SftSettings
from training.sft.views import (
    CLIP,
    COMMON_SIZES,
    RATES,
    filmed,
    filmed_row,
    motion_tensors,
    plain_view,
    random_box,
    random_view,
)
from vqathinker.model.processing import clip_facts
from vqathinker.rating.defects import SEVERITIES
from vqathinker.video import VideoInfo
from vqathinker.video.perturb import BLACK

FRAMES, SIDE, BURST_SIDE = 3, 32, 16
MODEL = ModelSettings(image_size=SIDE, frames=FRAMES, burst_length=4, burst_size=BURST_SIDE)
FACTS = {"width": 120, "height": 90, "fps": 0.0, "num_frames": 1, "duration_s": 0.0}
MOVING = {"width": 160, "height": 96, "fps": 24.0, "num_frames": 48, "duration_s": 2.0}
ROW = {"id": "a", "group": "clive", "kind": "human", "mos": 3.0, "defects": [], "ladder": None, "facts": FACTS}
LIKED = ROW | {"mos": 4.4}
CLIP_ROW = ROW | {"id": "b", "group": "clips", "kind": "pseudo", "mos": 4.2, "facts": MOVING}


def settings(**shares) -> SftSettings:
    names = ("pan_share", "cut_share", "resize_share", "tone_share", "time_share", "retouch_share")
    return SftSettings(model=MODEL, **(dict.fromkeys(names, 0.0) | shares))


@pytest.fixture(scope="module")
def still():
    return Still(texture(np.random.default_rng(0), 120, 90))


@pytest.fixture(scope="module")
def clip():
    frames = moving(np.random.default_rng(0), 48)
    film = np.clip((frames.mean(-1) - 128) * 1.8 + 128, 0, 255).astype(np.uint8)[:, ::6, ::10]
    facts = clip_facts(VideoInfo(**MOVING, is_still=False)).numpy()
    return Sample(frames[8::16, :SIDE, :SIDE], film, facts)


def views(row, sample, chosen, count=60):
    return [random_view(row, sample, chosen, np.random.default_rng(seed)) for seed in range(count)]


def assert_agrees(view, row) -> None:
    """Labels, facts, places and film of a view tell one story."""
    facts = view.row["facts"]
    still = facts["num_frames"] == 1
    assert np.array_equal(view.facts, clip_facts(VideoInfo(**facts, is_still=still)).numpy())
    assert len(view.film) == facts["num_frames"] and view.film.dtype == np.uint8
    assert len(view.places) == FRAMES and max(view.places) < view.pictures
    assert set(view.places) <= {BLACK, *range(view.pictures)}
    names = {defect["name"] for defect in view.row["defects"]}
    assert BLACK not in view.places or "corruption" in names
    keep = (view.row["mos"] - 1) / (row["mos"] - 1)
    assert 0 < keep <= 1 and (view.row["kind"] == "pseudo") >= (keep < 1 or bool(names))
    assert keep < 1 or view.row["defects"] == row["defects"]
    if len(names) == 1:  # beside it there may be one that is too slight to be named
        least = SEVERITIES.index(view.row["defects"][0]["severity"])
        found = SEVERITIES.index(severity_from_keep(keep))
        assert found == least if still else found >= least
    for place in range(FRAMES):
        shown = view.frame(place)
        assert shown.shape == (SIDE, SIDE, 3) and shown.dtype == np.uint8
        assert (view.places[place] != BLACK) or not shown.any()


def test_labels_facts_places_and_film_agree_whatever_is_drawn(still, clip):
    chosen = settings(
        pan_share=0.6, cut_share=0.3, resize_share=0.5, tone_share=0.5, time_share=0.6, retouch_share=0.6, crop=0.75
    )
    for row, sample in ((LIKED, still), (ROW, still), (CLIP_ROW, clip)):
        before, kinds = copy.deepcopy(row), set()
        for view in views(row, sample, chosen, 150):
            assert_agrees(view, row)
            kinds |= {defect["name"] for defect in view.row["defects"]}
        assert row == before
        assert len(kinds) > 6 if row is not ROW else not kinds


def test_a_view_follows_its_seed(still, clip):
    chosen = settings(pan_share=0.5, retouch_share=0.5, time_share=0.5, tone_share=0.5, resize_share=0.5)
    for row, sample in ((LIKED, still), (CLIP_ROW, clip)):
        for seed in range(20):
            one, two = (random_view(row, sample, chosen, np.random.default_rng(seed)) for _ in range(2))
            assert np.array_equal(one.film, two.film) and one.row == two.row and one.places == two.places
            assert all(np.array_equal(one.frame(place), two.frame(place)) for place in range(FRAMES))


def test_a_filmed_picture_moves_and_a_still_one_does_not(still):
    moved = []
    for view in views(ROW, still, settings(pan_share=1.0, cut_share=0.1)):
        assert view.row["facts"]["fps"] in RATES and view.row["facts"]["num_frames"] == 60
        assert view.key is None and view.row["mos"] == ROW["mos"] and view.row["kind"] == "human"
        bursts, _ = motion_tensors([view], settings())
        moved.append(float(np.abs(np.diff(bursts.numpy().astype(int), axis=2)).mean()))
    assert np.mean(np.array(moved) > 0.02) > 0.8
    for view in views(ROW, still, settings(), 10):
        bursts, _ = motion_tensors([view], settings())
        assert (bursts == bursts[:, :1, :1]).all() and view.places == (0,) * FRAMES and view.pictures == 1
        assert view.row["facts"] == FACTS


def test_still_and_filmed_pictures_are_drawn_as_often_as_the_share_says(still):
    shown = views(ROW, still, settings(pan_share=0.6), 300)
    assert np.mean([view.row["facts"]["num_frames"] > 1 for view in shown]) == pytest.approx(0.6, abs=0.08)


@pytest.mark.parametrize("pan_share", [0.0, 1.0])
def test_a_stated_size_is_a_common_one_but_for_a_set_whose_raters_judged_it(still, pan_share):
    chosen = settings(pan_share=pan_share, resize_share=1.0)
    for group in ("clive", "biq2021"):
        for view in views(ROW | {"group": group}, still, chosen, 20):
            assert (view.row["facts"]["width"], view.row["facts"]["height"]) in COMMON_SIZES
    for view in views(ROW | {"group": "avt_uhd"}, still, chosen, 20):
        assert (view.row["facts"]["width"], view.row["facts"]["height"]) == (120, 90)


def test_only_pictures_that_people_liked_get_new_defects(still):
    chosen = settings(retouch_share=1.0, time_share=1.0, pan_share=0.5)
    names = {defect["name"] for view in views(LIKED, still, chosen, 200) for defect in view.row["defects"]}
    assert names >= {"compression", "blur", "noise", "color", "shake"}
    for view in views(ROW | {"mos": GOOD_MOS - 0.01}, still, chosen, 40):
        assert view.row["defects"] == [] and view.row["kind"] == "human" and view.row["mos"] == GOOD_MOS - 0.01


def test_a_defect_of_pixels_is_seen_and_shared_with_no_other_view():
    still = Still(texture(np.random.default_rng(0), 640, 480))
    chosen = replace(settings(retouch_share=1.0), model=replace(MODEL, image_size=240))
    plain = plain_view(LIKED, still, chosen)
    for view in views(LIKED, still, chosen, 40):
        own = plain.frame(0)[:, ::-1] if view.flipped else plain.frame(0)
        if view.row["defects"]:
            assert view.key is None and not np.array_equal(view.frame(0), own)
        else:
            assert view.row["mos"] > 1 + 0.9 * (LIKED["mos"] - 1)


def test_a_still_picture_may_be_cropped_and_its_film_with_it(still):
    plain, shown = plain_view(ROW, still, settings()), views(ROW, still, settings(crop=0.6), 20)
    assert all(view.key is None for view in shown)
    assert len({view.film.tobytes() for view in shown}) == 20
    assert not any(np.array_equal(view.film, plain.film) for view in shown)


def test_a_part_lies_in_the_picture_and_has_the_least_size():
    assert random_box((120, 90), 1.0, np.random.default_rng(0)) is None
    for seed in range(200):
        left, top, right, bottom = random_box((120, 90), 0.75, np.random.default_rng(seed))
        assert 0 <= left and right <= 120 and 0 <= top and bottom <= 90
        assert right - left >= 90 - 1e-9 and bottom - top >= 67.5 - 1e-9


def test_mirrored_pictures_and_films_are_mirrored_alike(still, clip):
    plain = plain_view(ROW, still, settings())
    for view in views(ROW, still, settings(), 10):
        turn = -1 if view.flipped else 1
        assert np.array_equal(view.frame(0), plain.frame(0)[:, ::turn])
        assert np.array_equal(view.film, plain.film[..., ::turn])
        assert view.key == f"still {view.flipped}"
    for view in views(CLIP_ROW, clip, settings(), 10):
        turn = -1 if view.flipped else 1
        assert np.array_equal(view.frame(1), clip.frames[1][:, ::turn])
        assert np.array_equal(view.film, clip.film[..., ::turn])


def test_a_clip_keeps_its_facts_and_shares_its_pictures_unless_its_pixels_change(clip):
    shown = views(CLIP_ROW, clip, settings(pan_share=1.0, resize_share=1.0, tone_share=0.5))
    assert {view.key for view in shown} == {None, CLIP}
    for view in shown:
        assert view.row["facts"] == MOVING and np.array_equal(view.facts, clip.facts)
        assert (view.key is None) == bool(view.row["defects"])


def test_validation_sees_the_sample_as_it_is(still, clip):
    picture, video = plain_view(ROW, still, settings(crop=0.5)), plain_view(CLIP_ROW, clip, settings())
    assert picture.row == ROW and not picture.flipped and picture.key == "still False"
    assert_agrees(picture, ROW)
    assert video.row is CLIP_ROW and video.film is clip.film and video.key == CLIP
    assert [video.places, video.pictures] == [(0, 1, 2), 3]


def test_a_picture_is_filmed_for_the_motion_stage_with_the_facts_of_a_clip(still):
    row = filmed_row(LIKED)
    sample = filmed(row, still, settings(), np.random.default_rng(1))
    assert sample.film.shape == (60, BURST_SIDE, BURST_SIDE) and sample.frames.shape == (FRAMES, SIDE, SIDE, 3)
    assert np.array_equal(sample.facts, clip_facts(VideoInfo(**row["facts"], is_still=False)).numpy())
    assert row["facts"] == FACTS | {"fps": 30.0, "num_frames": 60, "duration_s": 2.0} and LIKED["facts"] == FACTS

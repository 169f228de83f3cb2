"""New defects on cached clips: what is shown, what is said of it, and that both agree with the builder."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.data import ffmpeg
from training.data.build.degrade import Op, step_for
from training.data.build.families import VARIANTS, strength_at
from training.sft.augment import (
    PAPER,
    PIXEL_FAMILIES,
    TIMES,
    paper_order,
    picked,
    pixel_change_of,
    reordered,
    shaken,
    worsen,
)
from training.sft.cache import Sample
from vqathinker.video.perturb import BLACK

from ..conftest import moving

FACTS = {"width": 160, "height": 96, "fps": 24.0, "num_frames": 48, "duration_s": 2.0}
ROW = {"id": "a", "kind": "pseudo", "mos": 4.2, "defects": [], "ladder": "x", "facts": FACTS}


@pytest.fixture(scope="module")
def frames():
    return moving(np.random.default_rng(0), 48)


@pytest.fixture(scope="module")
def sample(frames):
    film = np.clip((frames.mean(-1) - 128) * 1.8 + 128, 0, 255).astype(np.uint8)[:, ::3, ::5]
    return Sample(frames[4::8], film, np.zeros(4, np.float32))


def drawn(sample, tone, time, row=ROW, count=80):
    return [worsen(row, sample, tone, time, np.random.default_rng(seed)) for seed in range(count)]


def test_nothing_is_changed_at_a_share_of_nothing(sample):
    for worse in drawn(sample, 0.0, 0.0, count=5):
        assert worse.row is ROW and worse.tone is None and worse.film is sample.film


def test_a_named_defect_lowers_the_mos_and_every_kind_occurs(sample):
    shown = drawn(sample, 1.0, 1.0)
    names = {defect["name"] for worse in shown for defect in worse.row["defects"]}
    assert names == {*PIXEL_FAMILIES, *TIMES, "corruption"}
    for worse in shown:
        assert worse.row["ladder"] is None and 1 <= worse.row["mos"] < ROW["mos"]
        assert worse.tone is not None and worse.film.shape == sample.film.shape


def test_a_kind_of_defect_is_not_made_twice(sample):
    row = ROW | {"defects": [{"name": "freeze", "severity": "slight"}, {"name": "color", "severity": "severe"}]}
    for worse in drawn(sample, 1.0, 1.0, row):
        assert worse.row is row


def test_it_follows_its_seed_and_leaves_row_and_sample_alone(sample):
    before = sample.film.copy()
    one, two = (worsen(ROW, sample, 0.5, 0.9, np.random.default_rng(3)) for _ in range(2))
    assert one.row == two.row and np.array_equal(one.film, two.film)
    assert np.array_equal(sample.film, before) and ROW["mos"] == 4.2 and ROW["defects"] == []


@pytest.mark.parametrize("family", PIXEL_FAMILIES)
def test_pixels_change_as_the_builder_changes_files(family, frames, tmp_path):
    source = tmp_path / "clean.mp4"
    ffmpeg.encode_frames(frames[:6], 24, source)
    clean = ffmpeg.middle_frame(source)
    for variant in [name for group, name in VARIANTS if group == family]:
        op = Op(family, variant, strength_at(family, variant, 1.5), "")
        target = tmp_path / f"{variant}.mp4"
        step = step_for(op, ffmpeg.facts(source), np.random.default_rng(5))
        ffmpeg.encode_file(source, target, step.filters)
        made, file = (
            pixel_change_of(op, np.random.default_rng(5))(clean).astype(float),
            ffmpeg.middle_frame(target).astype(float),
        )
        change = np.abs(file - clean).mean()
        assert np.abs(made - file).mean() < 0.35 * change, (variant, change)


def test_a_picked_frame_is_the_nearest_one_and_black_stays_black():
    order = np.arange(48)
    assert picked(order, 6) == (0, 1, 2, 3, 4, 5)
    assert picked(order[::-1].copy(), 6) == (5, 4, 3, 2, 1, 0)
    order[:16] = BLACK
    assert picked(order, 6)[:2] == (BLACK, BLACK)


def test_black_frames_are_black_on_the_film(sample):
    order = np.arange(48)
    order[7] = BLACK
    film = reordered(sample.film, order)
    assert not film[7].any() and np.array_equal(film[8], sample.film[8])


def test_a_shaken_film_moves_more_than_a_steady_one(sample):
    still = np.repeat(sample.film[:1], 48, axis=0)
    film = shaken(still, Op("shake", "jitter", 0.03, ""), FACTS, np.random.default_rng(0))
    assert np.abs(np.diff(film.astype(int), axis=0)).mean() > 1
    assert np.abs(film.astype(int) - still).mean() < 40


@given(mode=st.sampled_from(PAPER), seed=st.integers(0, 10_000), count=st.integers(24, 90))
def test_a_perturbation_has_a_label_that_costs_quality(mode, seed, count):
    order, name, keep = paper_order(mode, FACTS | {"num_frames": count}, np.random.default_rng(seed))
    assert len(order) == count and 0 < keep < 1
    assert name == {"drop": "corruption", "duplicate": "freeze"}.get(mode, "disorder")

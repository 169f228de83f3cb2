"""Defects of pixels made in memory: what they leave falls with their strength, and the label with what they leave."""

import numpy as np
import pytest

from tests.training.conftest import texture
from training.data.build.labels import severity_from_keep
from training.sft import photo_defects
from training.sft.augment import relabelled
from training.sft.photo_defects import DEFECT_STRENGTHS, KEEPS, MAKERS, PHOTO_FAMILIES, spoil
from vqathinker.rating.defects import DEFECTS

ROW = {"kind": "human", "mos": 4.2, "defects": [], "ladder": None}


@pytest.fixture(scope="module")
def picture():
    return texture(np.random.default_rng(0), 640, 480)


def error(first: np.ndarray, second: np.ndarray) -> float:
    """Mean squared, of which PSNR is the logarithm."""
    return float(np.square(first.astype(float) - second).mean())


@pytest.mark.parametrize(("family", "variant"), sorted(DEFECT_STRENGTHS))
def test_a_larger_strength_is_a_worse_picture(family, variant, picture):
    before = picture.copy()
    made = [MAKERS[family, variant](picture, s, np.random.default_rng(1)) for s in DEFECT_STRENGTHS[family, variant]]
    assert all(one.shape == picture.shape and one.dtype == np.uint8 for one in made)
    errors = [error(picture, one) for one in made]
    assert errors == sorted(errors) and errors[-1] > 1.5 * errors[1] > 0
    assert np.array_equal(picture, before)


def test_every_variant_has_a_maker_and_a_strength_for_each_keep():
    assert MAKERS.keys() == DEFECT_STRENGTHS.keys()
    assert {family for family, _ in DEFECT_STRENGTHS} == set(PHOTO_FAMILIES) <= set(DEFECTS)
    assert all(len(strengths) == len(KEEPS) for strengths in DEFECT_STRENGTHS.values())


def test_the_strength_is_that_of_what_is_left(picture, monkeypatch):
    drawn = {key: [] for key in MAKERS}
    for key, strengths in drawn.items():
        monkeypatch.setitem(photo_defects.MAKERS, key, lambda p, s, rng, told=strengths: (told.append(s), p)[1])
    made = {key: [] for key in MAKERS}
    for seed in range(400):
        sizes = {key: len(strengths) for key, strengths in drawn.items()}
        spoiled = spoil(picture, np.random.default_rng(seed))
        [key] = [key for key, strengths in drawn.items() if len(strengths) > sizes[key]]
        assert key[0] == spoiled.family and KEEPS[-1] <= spoiled.keep <= 0.95
        made[key].append(spoiled.keep)
    for key, strengths in drawn.items():
        table = (
            DEFECT_STRENGTHS[key]
            if DEFECT_STRENGTHS[key][0] < DEFECT_STRENGTHS[key][-1]
            else DEFECT_STRENGTHS[key][::-1]
        )
        assert len(strengths) > 10 and table[0] <= min(strengths) and max(strengths) <= table[-1]
        harm = np.array(strengths)[np.argsort(made[key])] * (
            1 if DEFECT_STRENGTHS[key][0] < DEFECT_STRENGTHS[key][-1] else -1
        )
        assert np.all(np.diff(harm) <= 0), key


def test_a_spoiled_picture_follows_its_seed_and_is_another_picture(picture):
    for seed in range(20):
        one, two = (spoil(picture, np.random.default_rng(seed)) for _ in range(2))
        assert (one.family, one.keep) == (two.family, two.keep) and np.array_equal(one.picture, two.picture)
        assert not np.array_equal(one.picture, picture)


@pytest.mark.parametrize("keep", [0.2, 0.5, 0.8, 0.95])
def test_the_label_is_the_picture_s_own_mos_times_what_is_left(keep):
    row = relabelled(ROW, [("blur", keep)])
    assert row["mos"] == pytest.approx(1 + 3.2 * keep, abs=1e-12) and row["kind"] == "pseudo"
    severity = severity_from_keep(keep)
    assert row["defects"] == ([{"name": "blur", "severity": severity}] if severity else [])
    assert ROW["mos"] == 4.2 and ROW["defects"] == []

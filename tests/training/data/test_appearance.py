"""Words for what a picture looks like follow its pixels."""

import numpy as np
import pytest

from tests.training.conftest import texture
from training.data.appearance import COLOR, DETAIL, EVERYWHERE, LIGHT, PLACES, Appearance, appearance, random_appearance


@pytest.fixture
def picture():
    return texture(np.random.default_rng(0), 96, 96)


def flat(value: int) -> np.ndarray:
    return np.full((96, 96, 3), value, np.uint8)


def words(limits) -> list[str]:
    return [word for _, word in limits]


def test_light_follows_the_luma():
    found = [appearance(flat(value)).light for value in (10, 70, 120, 220)]
    assert found == words(LIGHT)


def test_color_follows_the_colorfulness(picture):
    grey = picture.mean(2, keepdims=True)
    found = [appearance(np.clip(grey + k * (picture - grey), 0, 255).astype(np.uint8)).color for k in (0, 1, 4)]
    assert found[0] == "quiet" and found[-1] == "vivid"
    assert [words(COLOR).index(word) for word in found] == sorted(words(COLOR).index(word) for word in found)


def test_detail_follows_sharpness_whatever_the_light(picture):
    rng = np.random.default_rng(1)
    fine = rng.integers(0, 256, (96, 96, 1), np.uint8).repeat(3, 2)
    smooth = np.linspace(0, 255, 96).astype(np.uint8)[:, None, None].repeat(96, 1).repeat(3, 2)
    assert appearance(fine).detail == appearance((fine * 0.5).astype(np.uint8)).detail == words(DETAIL)[-1]
    assert appearance(smooth).detail == words(DETAIL)[0]


@pytest.mark.parametrize("row", range(3))
@pytest.mark.parametrize("column", range(3))
def test_a_region_that_stands_out_is_named(row, column):
    bright, dark = flat(120), flat(120)
    there = np.s_[32 * row : 32 * row + 32, 32 * column : 32 * column + 32]
    bright[there], dark[there] = 255, 0
    assert (appearance(bright).bright, appearance(bright).dark) == (PLACES[row][column], EVERYWHERE)
    assert (appearance(dark).bright, appearance(dark).dark) == (EVERYWHERE, PLACES[row][column])


def test_where_all_is_alike_no_place_is_named():
    assert appearance(flat(255)).bright == appearance(flat(0)).dark == EVERYWHERE


def test_it_comes_back_from_json_and_random_words_are_words_of_the_tables(picture):
    found = appearance(picture)
    assert Appearance(**found.to_dict()) == found
    drawn = [random_appearance(np.random.default_rng(seed)) for seed in range(60)]
    assert {one.light for one in drawn} == set(words(LIGHT)) and {one.color for one in drawn} == set(words(COLOR))
    assert {one.bright for one in drawn} <= {EVERYWHERE, *(place for row in PLACES for place in row)}

"""Cameras over pictures: they stay inside, a hand is no shake, a cut is one jump, and a frame is what its box holds."""

import numpy as np
import pytest
from PIL import Image

from tests.training.conftest import texture
from training.data.build.degrade import Op, shake_path
from training.data.build.families import VARIANTS
from training.data.camera import FPS, HAND_SIZE, NUM_FRAMES, Camera, cut_camera, film, moving_camera, sway

SEEDS = range(300)


def steps(offsets: np.ndarray) -> np.ndarray:
    """Root mean square of what a camera moves from frame to frame, by axis."""
    return np.sqrt(np.square(np.diff(offsets, axis=0)).mean(0))


@pytest.mark.parametrize("make", [moving_camera, cut_camera])
def test_a_camera_stays_inside_the_picture_and_keeps_its_shape(make):
    for seed in SEEDS:
        boxes = make(np.random.default_rng(seed)).boxes
        assert boxes.shape == (NUM_FRAMES, 4)
        assert boxes.min() >= -1e-12 and boxes.max() <= 1 + 1e-12
        sides = boxes[:, 2:] - boxes[:, :2]
        assert sides.min() > 0.4 and np.allclose(sides[:, 0], sides[:, 1])


def test_a_hand_sways_less_and_slower_than_the_smallest_shake():
    held = [sway(np.random.default_rng(seed)) for seed in SEEDS]
    assert max(np.abs(offsets).max() for offsets in held) <= HAND_SIZE < VARIANTS["shake", "hand"].levels[0]
    moved, times = np.array([steps(offsets).max() for offsets in held]), np.arange(NUM_FRAMES) / FPS
    for variant in ("hand", "jitter"):
        op = Op("shake", variant, VARIANTS["shake", variant].levels[0], "")
        shaken = np.array([steps(shake_path(op, np.random.default_rng(seed)).at(times).T).min() for seed in SEEDS])
        assert moved.max() < shaken.min() and np.median(moved) < np.median(shaken) / 3


def test_most_cameras_move_and_some_hold_still():
    moved = [np.ptp(moving_camera(np.random.default_rng(seed)).boxes, axis=0).max() for seed in SEEDS]
    assert 0.85 < np.mean(np.array(moved) > 0) < 0.99
    assert np.median(moved) > 0.01


def test_a_cut_is_one_jump_between_two_sides_of_the_picture():
    for seed in SEEDS:
        boxes = cut_camera(np.random.default_rng(seed)).boxes
        centres = (boxes[:, :2] + boxes[:, 2:]) / 2
        jumps = np.abs(np.diff(centres, axis=0)).min(1)
        [at] = np.flatnonzero(jumps > 0.2)
        assert NUM_FRAMES // 6 <= at + 1 < NUM_FRAMES - NUM_FRAMES // 6
        assert (centres[: at + 1] < 0.5).all() and (centres[at + 1 :] > 0.5).all()


def test_a_camera_follows_its_seed():
    for make in (moving_camera, cut_camera):
        one, two, other = (make(np.random.default_rng(seed)).boxes for seed in (4, 4, 5))
        assert np.array_equal(one, two) and not np.array_equal(one, other)


def test_a_shot_is_what_the_box_holds():
    picture = texture(np.random.default_rng(0), 96, 64)
    camera = Camera(np.array([[0, 0, 1, 1], [0.5, 0.25, 1, 0.75]]))
    whole, part = (camera.shot(Image.fromarray(picture), k, 32, Image.Resampling.BICUBIC) for k in (0, 1))
    image = Image.fromarray(picture)
    assert np.array_equal(whole, np.asarray(image.resize((32, 32), Image.Resampling.BICUBIC)))
    expected = image.resize((32, 32), Image.Resampling.BICUBIC, box=(48, 16, 96, 48))
    assert np.array_equal(part, np.asarray(expected)) and not np.array_equal(whole, part)


@pytest.mark.parametrize("size", [(96, 64), (1600, 1200)])
def test_a_film_is_the_luma_of_what_the_camera_sees(size):
    picture = texture(np.random.default_rng(0), *size)
    camera = moving_camera(np.random.default_rng(1))
    shown = film(picture, camera, 16)
    assert shown.shape == (NUM_FRAMES, 16, 16) and shown.dtype == np.uint8
    luma = Image.fromarray(picture).convert("L")
    for index in (0, NUM_FRAMES - 1):
        expected = camera.shot(luma, index, 16, Image.Resampling.BILINEAR).astype(int)
        assert np.abs(shown[index] - expected).mean() < 3

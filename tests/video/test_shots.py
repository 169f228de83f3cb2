"""What a film is not judged by: bars, cuts, black frames, titles and credits."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from tests import clips
from tests.video import kinds
from vqathinker.video import VideoSpec, frame_indices, load_clip
from vqathinker.video.bars import find_bars
from vqathinker.video.shots import cut_in, elsewhere, is_card, is_empty

FRAMES = VideoSpec(burst_length=0)
RELEASED = VideoSpec(burst_length=0, protocol="released")
FILM = kinds.scene(24)
OFFICIAL = tuple(frame_indices(24, 6))


def luma(rgb: np.ndarray) -> np.ndarray:
    return np.asarray(Image.fromarray(rgb).convert("L"))


BARS = {
    "letterbox": (0, 60, 320, 360, 0),
    "pillarbox": (53, 0, 426, 240, 0),
    "white": (40, 60, 400, 360, 255),
    "small in tall": (20, 200, 360, 640, 16),
}


@pytest.mark.parametrize("name", BARS)
@pytest.mark.parametrize("spec", [FRAMES, VideoSpec(burst_length=4)])
def test_bars_are_cropped(tmp_path, name, spec):
    left, top, width, height, level = BARS[name]
    path = kinds.barred(tmp_path / "a.mp4", FILM, left, top, width, height, level)
    read = load_clip(path, spec)
    assert abs(read.info.width - 320) <= 4 and abs(read.info.height - 240) <= 4
    assert "bars cropped" in read.notes
    plain = load_clip(kinds.encode(tmp_path / "b.mp4", FILM, "-crf", "20"), spec)
    a, b = (Image.fromarray(clip.frames[2]).resize((64, 64)) for clip in (read, plain))
    assert np.abs(np.asarray(a, int) - np.asarray(b, int)).mean() < 6
    if spec.burst_length:
        assert np.abs(read.bursts[2].astype(int) - plain.bursts[2]).mean() < 6


def test_bars_stay_under_the_released_protocol(tmp_path):
    path = kinds.barred(tmp_path / "a.mp4", FILM, *BARS["letterbox"])
    assert load_clip(path, RELEASED).frames.shape[1:3] == (360, 320)


def test_bars_of_a_picture_are_cropped(tmp_path):
    whole = np.zeros((360, 320, 3), np.uint8)
    whole[60:300] = FILM[0]
    Image.fromarray(whole).save(tmp_path / "a.png")
    read = load_clip(tmp_path / "a.png")
    assert np.array_equal(read.frames[0], FILM[0]) and read.notes == ("bars cropped",)
    assert load_clip(tmp_path / "a.png", RELEASED).frames.shape[1:3] == (360, 320)


def test_what_only_looks_like_bars_stays():
    picture = luma(FILM[0]).copy()
    night = (picture * np.clip(np.linspace(-1, 2, 240), 0, 1)[:, None]).astype(np.uint8)
    night = np.minimum(night, night[::-1])  # fades to black above and below, without an edge
    assert find_bars([night]) is None
    sky = picture.copy()
    sky[:60] = 240  # plain sky above, nothing of the kind below
    assert find_bars([sky]) is None
    once = picture.copy()
    once[:60] = once[-60:] = 0
    assert find_bars([once]) is not None and find_bars([once, picture]) is None
    assert find_bars([np.zeros((240, 320), np.uint8)]) is None


def shot(level: int, seed: int, count: int = 8) -> np.ndarray:
    rng = np.random.default_rng(seed)
    base = np.clip(level + 30 * rng.standard_normal((12, 12)), 0, 255).astype(np.uint8)
    wide = np.asarray(Image.fromarray(base).resize((96 + 2 * count, 96), Image.Resampling.BICUBIC))
    return np.stack([wide[:, 2 * k : 2 * k + 96] for k in range(count)])


@pytest.mark.parametrize("place", range(1, 8))
def test_a_cut_is_seen_wherever_it_is(place):
    assert cut_in(np.concatenate([shot(60, 0)[:place], shot(180, 1)[place:]])) == place


def test_faults_are_no_cuts():
    one = shot(110, 0)
    assert cut_in(one) is None
    assert cut_in(np.random.default_rng(0).permutation(one)) is None
    flash = one.copy()
    flash[4] = 250
    assert cut_in(flash) is None
    dropped = one.copy()
    dropped[3] = 0
    assert cut_in(dropped) is None
    stuck = np.concatenate([np.repeat(one[:1], 4, axis=0), one[4:]])
    assert cut_in(stuck) is None


@pytest.fixture(scope="module")
def cuts(tmp_path_factory):
    """60 frames: ten of one shot, ten of another, in turn; a number tells where a frame is from."""
    frames = clips.numbered_frames(60, 320, 240)
    light = (np.arange(60) // 10 % 2).astype(bool)
    frames[:, 120:] = np.where(light[:, None, None, None], 220, 30)
    frames[:, :120] //= 4
    frames[light, :120] += 180
    return clips.encode(tmp_path_factory.mktemp("cuts") / "a.mp4", frames, "-crf", "10", "-g", "30")


def test_bursts_stay_within_a_shot(cuts):
    read = load_clip(cuts, VideoSpec(burst_length=8))
    for burst, i in zip(read.bursts, read.indices, strict=True):
        lights = burst[:, 60:].mean(axis=(1, 2))
        assert np.ptp(lights) < 10 and (lights.mean() > 128) == bool(i // 10 % 2)


def film_with(path, *parts: np.ndarray):
    return clips.encode(path, np.concatenate(parts), "-crf", "12", "-g", "12")


def test_black_frames_and_credits_are_passed_over(tmp_path):
    black, page = np.zeros((12, 240, 320, 3), np.uint8), np.stack([kinds.credits_page()] * 12)
    path = film_with(tmp_path / "a.mp4", black, kinds.scene(60), page)
    for spec in (FRAMES, VideoSpec(burst_length=4), VideoSpec(burst_length=4, side=64)):
        read = load_clip(path, spec)
        assert all(12 <= i < 72 for i in read.indices) and len(set(read.indices)) == 6
        assert list(read.indices) == sorted(read.indices)
        assert read.times == pytest.approx([i / 25 for i in read.indices], abs=1e-3)
        assert "black frames, titles or credits passed over" in read.notes
        assert all(frame.std() > 10 for frame in read.frames)
    official = load_clip(path, RELEASED)
    assert official.indices[0] < 12 and official.indices[-1] >= 72


def test_a_film_of_nothing_else_is_taken_as_it_is(tmp_path):
    page = np.stack([kinds.credits_page()] * 24)
    assert load_clip(film_with(tmp_path / "a.mp4", page), FRAMES).indices == OFFICIAL
    black = np.zeros((24, 240, 320, 3), np.uint8)
    assert load_clip(film_with(tmp_path / "b.mp4", black), VideoSpec()).indices == OFFICIAL


def test_a_single_black_frame_is_a_fault_and_stays(tmp_path):
    frames = kinds.scene(24)
    frames[9] = 0
    read = load_clip(film_with(tmp_path / "a.mp4", frames), VideoSpec(burst_length=4))
    assert read.indices == OFFICIAL and read.frames[2].max() < 40 and not read.notes


def test_what_is_a_card_and_what_is_none():
    page = kinds.credits_page()
    assert is_card(page) and is_card(255 - page)
    assert not is_card(FILM[0]) and not is_empty(FILM[0])
    lamp = np.full((240, 320, 3), 10, np.uint8)
    lamp[80:160, 120:200] = 230
    assert not is_card(lamp)
    assert is_empty(np.zeros((240, 320, 3), np.uint8)) and not is_card(np.zeros((240, 320, 3), np.uint8))


def test_other_frames_lie_between_good_ones():
    assert elsewhere([10, 30, 50, 70, 90, 110], [False, False, False, False, False, True]) == [20]
    assert elsewhere([10, 30, 50], [True, False, True]) == [20, 25]
    assert elsewhere([0, 1, 2], [True, False, False]) == []

"""Still images are static clips."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from tests import clips
from vqathinker.errors import VideoError
from vqathinker.video import Limits, VideoInfo, load_clip, probe
from vqathinker.video.still import small_luma

PICTURE = clips.numbered_frames(6)[5]


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp", "a.bmp"])
def test_a_picture_is_a_static_clip(tmp_path, name):
    Image.fromarray(PICTURE).save(tmp_path / name, quality=95)
    read = load_clip(tmp_path / name)
    assert read.info == VideoInfo(160, 120, 0.0, 1, 0.0, True) == probe(tmp_path / name)
    assert read.frames.shape == (6, 120, 160, 3) and read.bursts.shape == (6, 8, 96, 96)
    assert read.indices == (0,) * 6 and read.times == (0.0,) * 6
    assert abs(read.frames[3].astype(int) - PICTURE).mean() < 3
    assert (read.frames == read.frames[0]).all() and (read.bursts == read.bursts[0, 0]).all()


def test_the_name_does_not_matter(tmp_path):
    Image.fromarray(PICTURE).save(tmp_path / "a.png")
    assert np.array_equal(load_clip((tmp_path / "a.png").rename(tmp_path / "a.mp4")).frames[0], PICTURE)


def test_a_phone_picture_is_turned_upright(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # to be shown turned clockwise
    Image.fromarray(np.ascontiguousarray(np.rot90(PICTURE))).save(tmp_path / "a.png", exif=exif)
    read = load_clip(tmp_path / "a.png")
    assert (read.info.width, read.info.height) == (160, 120)
    assert np.array_equal(read.frames[0], PICTURE)


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "CMYK", "1"])
def test_other_kinds_of_pixels(tmp_path, mode):
    suffix = "jpg" if mode == "CMYK" else "png"
    Image.fromarray(PICTURE).convert(mode).save(tmp_path / f"a.{suffix}")
    assert clips.frame_number(load_clip(tmp_path / f"a.{suffix}").frames[0]) == 5


def test_sixteen_bits(tmp_path):
    Image.fromarray((np.arange(120 * 160, dtype=np.uint16) * 3).reshape(120, 160)).save(tmp_path / "a.png")
    expected = (np.arange(120 * 160) * 3 >> 8).reshape(120, 160)
    assert np.array_equal(load_clip(tmp_path / "a.png").frames[0, :, :, 1], expected)


def test_a_cut_picture_is_damaged(tmp_path):
    Image.fromarray(PICTURE).save(tmp_path / "a.jpg")
    (tmp_path / "b.jpg").write_bytes((tmp_path / "a.jpg").read_bytes()[:-400])
    with pytest.raises(VideoError, match="b.jpg is damaged"):
        load_clip(tmp_path / "b.jpg")


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path):
    Image.new("1", (12_000, 12_000)).save(tmp_path / "bomb.png")
    assert (tmp_path / "bomb.png").stat().st_size < 1_000_000
    with pytest.raises(VideoError, match="12000x12000 pixels"):
        load_clip(tmp_path / "bomb.png", timeout_s=10)
    Image.new("RGB", (4, 4)).save(tmp_path / "dot.png")
    with pytest.raises(VideoError, match="only 4x4 pixels"):
        load_clip(tmp_path / "dot.png", limits=Limits(min_side=5))


def test_a_picture_can_turn_black(tmp_path):
    Image.fromarray(PICTURE).save(tmp_path / "a.png")
    assert load_clip(tmp_path / "a.png", timeline=[-1]).frames.max() == 0


def test_small_luma_averages():
    stripes = np.zeros((64, 64, 3), np.uint8)
    stripes[:, ::2] = 200
    assert abs(small_luma(stripes, 8).astype(int) - 100).max() <= 1

"""The right colours: matrix, depth, HDR, fields, transparency."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from tests import clips
from tests.video import kinds
from vqathinker.video import Limits, VideoSpec, load_clip
from vqathinker.video.light import Tone, nits_to_pq, pq_to_nits, tone_mapped
from vqathinker.video.load import _load

FRAMES = VideoSpec(burst_length=0)
RELEASED = VideoSpec(burst_length=0, protocol="released")
BURSTS = VideoSpec(burst_length=4)
GREEN = np.full((3, 720, 1280, 3), (40, 200, 60), np.uint8)


def distance(a: np.ndarray, b: np.ndarray) -> float:
    assert a.shape == b.shape
    return float(np.abs(a.astype(int) - b).mean())


def coded(path, frames: np.ndarray, matrix: str, tag: bool):
    chain = f"scale=out_color_matrix={matrix}:out_range=tv,format=yuv420p"
    tags = ("-colorspace", matrix, "-color_primaries", matrix, "-color_trc", matrix) if tag else ()
    untag = (
        () if tag else ("-bsf:v", "h264_metadata=matrix_coefficients=2:colour_primaries=2:transfer_characteristics=2")
    )
    return clips.encode(path, frames, "-vf", chain, *tags, *untag, "-crf", "4")


@pytest.mark.parametrize("spec", [FRAMES, BURSTS])
@pytest.mark.parametrize("tag", [True, False])
def test_hd_is_bt709_tagged_or_not(tmp_path, spec, tag):
    path = coded(tmp_path / "a.mp4", GREEN, "bt709", tag)
    assert distance(load_clip(path, spec).frames[0], GREEN[0]) < 3


def test_sd_is_bt601_where_nothing_is_said(tmp_path):
    small = GREEN[:, ::2, ::2]
    path = coded(tmp_path / "a.mp4", small, "smpte170m", False)
    assert distance(load_clip(path, FRAMES).frames[0], small[0]) < 3


def test_the_official_loader_takes_untagged_hd_for_bt601(tmp_path):
    path = coded(tmp_path / "a.mp4", GREEN, "bt709", False)
    assert distance(load_clip(path, RELEASED).frames[0], GREEN[0]) > 8


@pytest.mark.parametrize("spec", [FRAMES, BURSTS])
def test_white_and_black_of_ten_bits(tmp_path, spec):
    frames = np.zeros((4, 64, 64, 3), np.uint8)
    frames[:, :, 32:] = 255
    options = ("-pix_fmt", "yuv420p10le", "-crf", "1", "-x265-params", "log-level=none")
    read = load_clip(clips.encode(tmp_path / "a.mp4", frames, *options, codec="libx265"), spec).frames[0]
    assert (read[:, :24] == 0).all() and (read[:, 40:] == 255).all()


@pytest.mark.parametrize("transfer", ["smpte2084", "arib-std-b67"])
@pytest.mark.parametrize("spec", [FRAMES, BURSTS])
def test_hdr_that_shows_no_more_than_white_looks_like_its_sdr_master(tmp_path, transfer, spec):
    frames = kinds.scene(12, grain=0)
    if transfer == "arib-std-b67":  # zscale bends each colour by itself, BT.2100 its luminance: the same for grey
        frames = frames.mean(axis=-1, keepdims=True).repeat(3, axis=-1).astype(np.uint8)
    read = load_clip(kinds.hdr(tmp_path / "a.mp4", transfer, frames), spec)
    assert distance(read.frames[3], frames[read.indices[3]]) < 4
    name = {"smpte2084": "PQ", "arib-std-b67": "HLG"}[transfer]
    assert f"tone-mapped from HDR ({name})" in read.notes
    if read.bursts is not None:
        from vqathinker.video.still import small_luma

        i = read.indices[3]
        assert distance(read.bursts[3, 2], small_luma(frames[i], 96)) < 4


def test_highlights_are_rolled_off_and_not_cut(tmp_path):
    """Four times as bright as SDR: what was white still is, and levels above it stay apart."""
    ramp = np.repeat(np.linspace(0, 255, 320).astype(np.uint8)[None, :, None], 240, axis=0).repeat(3, axis=2)
    path = kinds.hdr(tmp_path / "a.mp4", "smpte2084", np.stack([ramp] * 6), nits=812)
    row = load_clip(path, FRAMES).frames[0, 120, :, 1].astype(int)
    assert row[-4:].min() > 245
    assert (np.diff(row[100:300:25]) > 0).all() and row[200] < 250
    assert row[:4].max() < 8


def test_the_released_protocol_does_not_map_tones(tmp_path):
    frames = kinds.scene(6)
    path = kinds.hdr(tmp_path / "a.mp4", "smpte2084", frames)
    read = load_clip(path, RELEASED)
    assert distance(read.frames[0], frames[read.indices[0]]) > 15 and not read.notes


def test_pq_is_its_own_inverse_and_has_the_values_of_the_standard():
    nits = np.array([0.005, 1.0, 100.0, 203.0, 1000.0, 10000.0])
    assert pq_to_nits(nits_to_pq(nits)) == pytest.approx(nits, rel=1e-6)
    assert nits_to_pq(np.array([203.0, 1000.0])) == pytest.approx([0.5807, 0.7518], abs=1e-4)  # BT.2408, table 1


def test_tones_of_grey_do_not_turn_into_colours():
    grey = np.repeat(np.linspace(0, 65280, 256).astype(np.uint16)[:, None, None], 3, axis=2)
    for tone in (Tone("PQ", 9, 4.9), Tone("HLG", 9, 4.9), Tone("", 9)):
        mapped = tone_mapped(grey, tone).astype(int)
        assert np.ptp(mapped, axis=-1).max() <= 1 and (np.diff(mapped[:, 0, 0]) >= 0).all()
    assert np.abs(tone_mapped(grey, Tone("", 9))[:, 0, 0].astype(int) - np.arange(256)).max() <= 1


@pytest.mark.parametrize("spec", [FRAMES, BURSTS])
def test_fields_are_made_whole(tmp_path, spec):
    """Still in time, a moving picture without combs: lines beside each other belong together again."""
    moving = np.stack([np.roll(kinds.scene(1, grain=0)[0], 6 * k, axis=1) for k in range(48)])
    path = kinds.interlaced(tmp_path / "a.mp4", moving)
    read = load_clip(path, spec)
    assert "deinterlaced" in read.notes
    for frame, i in zip(read.frames[1:-1], read.indices[1:-1], strict=True):
        assert distance(frame, moving[2 * i]) < 0.6 * distance(_woven(moving, i), moving[2 * i])


def _woven(moving: np.ndarray, i: int) -> np.ndarray:
    woven = moving[2 * i].copy()
    woven[1::2] = moving[2 * i + 1, 1::2]
    return woven


def test_there_is_one_path_for_fields_with_and_without_bursts(tmp_path):
    moving = np.stack([np.roll(kinds.scene(1)[0], 6 * k, axis=1) for k in range(48)])
    path = kinds.interlaced(tmp_path / "a.mp4", moving)
    assert np.array_equal(load_clip(path, FRAMES).frames, load_clip(path, BURSTS).frames)


@pytest.mark.parametrize("spec", [FRAMES, BURSTS])
def test_whole_pictures_that_are_only_flagged_stay_as_they_are(tmp_path, spec):
    frames = kinds.scene(24)
    path = kinds.flagged_interlaced(tmp_path / "a.mp4", frames)
    read = load_clip(path, spec)
    assert "deinterlaced" not in read.notes
    for frame, i in zip(read.frames, read.indices, strict=True):
        assert distance(frame, kinds.shown_by_ffmpeg(path, number=i)) < 1.5


@pytest.mark.parametrize("name", ["a.png", "a.webp"])
def test_hidden_pixels_of_a_picture_are_not_rated(tmp_path, name):
    rgba = np.random.default_rng(0).integers(0, 256, (64, 64, 4), dtype=np.uint8)
    rgba[:, :32, 3], rgba[:, 32:, 3] = 255, 0
    Image.fromarray(rgba).save(tmp_path / name, lossless=True, exact=True)
    read = load_clip(tmp_path / name)
    assert np.array_equal(read.frames[0, :, :32], rgba[:, :32, :3])
    assert (read.frames[0, :, 32:] == 128).all()
    assert read.notes == ("transparent parts shown on grey",)
    assert not load_clip(tmp_path / name, RELEASED).notes


@pytest.mark.parametrize("spec", [FRAMES, BURSTS])
def test_hidden_pixels_of_a_film_are_not_rated(tmp_path, spec):
    noise = np.random.default_rng(0).integers(0, 256, (12, 240, 320, 3), dtype=np.uint8)
    path = kinds.transparent_film(tmp_path / "a.webm", kinds.scene(12), noise)
    read = load_clip(path, spec)
    assert np.abs(read.frames[:, :, 170:].astype(int) - 128).mean() < 2
    assert "transparent parts shown on grey" in read.notes
    if read.bursts is not None:
        assert np.ptp(read.bursts[:, :, 8:-8, 56:].astype(int)) < 24


def test_an_opaque_film_that_could_be_transparent_has_no_note(tmp_path):
    path = clips.encode(tmp_path / "a.mov", clips.numbered_frames(6), "-pix_fmt", "argb", codec="qtrle")
    read = load_clip(path, FRAMES)
    assert not read.notes and clips.frame_number(read.frames[2]) == read.indices[2]


@pytest.mark.parametrize("name", ["plain.mp4", "vp9.webm", "turned_90.mov", "odd.mp4", "ten_bit.mp4"])
def test_both_decoders_give_the_official_pixels(clip, name):
    """decord's are the official ones; PyAV gives the same where it has to stand in, but for the chroma of ten bits,
    which the older swscale in decord spreads otherwise."""
    decord, pyav = (_load(clip(name), RELEASED, Limits(), 60.0, decoder=decoder) for decoder in ("decord", "pyav"))
    assert (decord.decoder, pyav.decoder) == ("decord", "pyav")
    differences = np.abs(decord.frames.astype(int) - pyav.frames)
    assert differences.mean() < 0.5 and (name == "ten_bit.mp4" or not differences.any())

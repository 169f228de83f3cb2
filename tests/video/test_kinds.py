"""Every kind of file is shown as a player shows it: the way up, the stream, the size, the clock, the shape."""

from __future__ import annotations

import numpy as np
import pytest

from tests import clips
from tests.video import kinds
from vqathinker.errors import VideoError
from vqathinker.files import STILLS, VIDEOS
from vqathinker.video import VideoSpec, load_clip, probe

FRAMES = VideoSpec(burst_length=0)
RELEASED = VideoSpec(burst_length=0, protocol="released")


def distance(a: np.ndarray, b: np.ndarray) -> float:
    assert a.shape == b.shape
    return float(np.abs(a.astype(int) - b).mean())


@pytest.fixture(scope="module", params=[(degrees, hflip) for degrees in (0, 90, 180, 270) for hflip in (False, True)])
def oriented(request, tmp_path_factory):
    """A clip with one of the eight display matrices, and its first frame as the ffmpeg program shows it."""
    degrees, hflip = request.param
    return kinds.oriented(tmp_path_factory.mktemp("oriented") / "a.mp4", degrees=degrees, hflip=hflip)


@pytest.mark.parametrize("spec", [FRAMES, VideoSpec(burst_length=4), RELEASED])
def test_all_eight_orientations(oriented, spec):
    path, shown = oriented
    read = load_clip(path, spec)
    assert distance(read.frames[0], shown) < 3
    assert (read.info.width, read.info.height) == shown.shape[1::-1]
    if read.bursts is not None:
        assert distance(read.bursts[0, 0], _luma(shown)) < 6


def _luma(rgb: np.ndarray) -> np.ndarray:
    from vqathinker.video.still import small_luma

    return small_luma(rgb, 96)


PREVIEWS = [
    ("a.mp4", ("-disposition:v:0", "0", "-disposition:v:1", "default"), False),
    ("a.mkv", ("-disposition:v:0", "0", "-disposition:v:1", "default"), False),
    ("a.ts", (), False),
    ("b.mp4", (), True),
    ("b.mkv", (), True),
]


@pytest.fixture(scope="module", params=PREVIEWS)
def previewed(request, tmp_path_factory):
    name, dispositions, still = request.param
    return kinds.preview_first(tmp_path_factory.mktemp("previewed") / name, *dispositions, still=still)


@pytest.mark.parametrize("spec", [FRAMES, RELEASED])
def test_the_film_is_rated_and_not_the_preview(previewed, spec):
    read = load_clip(previewed, spec)
    assert (read.info.width, read.info.height, read.info.num_frames) == (160, 120, 20)
    assert [clips.frame_number(frame) for frame in read.frames] == list(read.indices)
    assert "the second of 2 video streams" in read.notes


def test_a_preview_that_is_flagged_is_the_film(tmp_path):
    path = kinds.preview_first(tmp_path / "a.mkv", "-disposition:v:0", "default", "-disposition:v:1", "0")
    assert probe(path).width == 80


def test_the_animation_of_an_avif_sequence(tmp_path):
    coder = ("-cpu-used", "8", "-crf", "10")
    clips.encode(tmp_path / "a.avif", clips.numbered_frames(12), *coder, codec="libaom-av1")
    read = load_clip(tmp_path / "a.avif", FRAMES)
    assert [clips.frame_number(frame) for frame in read.frames] == list(read.indices)
    assert read.info.num_frames == 12


@pytest.mark.parametrize("spec", [FRAMES, VideoSpec(burst_length=4)])
def test_the_size_that_is_shown_longest(tmp_path, spec):
    read = load_clip(kinds.grows(tmp_path / "a.ts"), spec)
    assert (read.info.width, read.info.height) == (160, 120)
    assert [clips.frame_number(frame) for frame in read.frames] == list(read.indices)
    assert any("size of the picture changes" in note for note in read.notes)
    later = clips.numbered_frames(50)[read.indices[3]]
    assert distance(read.frames[3], later) < 8


@pytest.mark.parametrize("offsets", [(0, 100), (100, 0), (0, 3), (0, 0)])
def test_jumps_of_the_clock_do_not_count(tmp_path, offsets):
    path = kinds.joined(tmp_path / "a.ts", offsets)
    read = load_clip(path, FRAMES)
    assert read.info.fps == pytest.approx(24, abs=0.05)
    assert read.info.duration_s == pytest.approx(6, abs=0.05)
    assert read.times == pytest.approx([i / 24 for i in read.indices], abs=0.01)
    assert [clips.frame_number(frame) for frame in read.frames] == list(read.indices)


def test_a_long_held_picture_counts_where_clocks_do_not_jump(tmp_path):
    step = "setpts='if(lt(N,6),N,N+500)/25/TB'"
    clips.encode(tmp_path / "a.mp4", clips.numbered_frames(12), "-vf", step, "-fps_mode", "vfr")
    assert load_clip(tmp_path / "a.mp4", FRAMES).times[-1] == pytest.approx(20.4, abs=0.05)


@pytest.mark.parametrize(
    ("ratio", "shown"), [("2/1", (852, 480)), ("1/2", (426, 960)), ("1/1", (426, 480)), ("1281/1280", (426, 480))]
)
def test_pixels_that_are_not_square(tmp_path, ratio, shown):
    path = kinds.wide_pixels(tmp_path / "a.mp4", ratio)
    read = load_clip(path, FRAMES)
    assert (read.info.width, read.info.height) == shown == read.frames.shape[2:0:-1]
    assert clips.frame_number(read.frames[3]) == read.indices[3]
    assert load_clip(path, RELEASED).frames.shape[1:3] == (480, 426)


def test_pixels_that_are_not_square_of_a_turned_film(tmp_path):
    kinds.wide_pixels(tmp_path / "a.mp4", "2/1")
    clips.ffmpeg("-display_rotation", "90", "-i", tmp_path / "a.mp4", "-c", "copy", tmp_path / "b.mp4")
    assert load_clip(tmp_path / "b.mp4", FRAMES).frames.shape[1:3] == (852, 480)


@pytest.mark.parametrize("name", ["a.gif", "a.webp", "a.png"])
@pytest.mark.parametrize(("step_ms", "fps"), [(10, 10), (40, 25)])
def test_animations_are_videos_as_browsers_play_them(tmp_path, name, step_ms, fps):
    path = kinds.animation(tmp_path / name, clips.numbered_frames(12), step_ms)
    read = load_clip(path, VideoSpec(burst_length=4))
    assert not read.info.is_still and read.info.num_frames == 12
    assert read.info.fps == pytest.approx(fps) and read.info.duration_s == pytest.approx(12 / fps)
    assert [clips.frame_number(frame) for frame in read.frames] == list(read.indices)
    assert clips.frame_number(read.bursts[2, 1]) == read.indices[2] - 1


CONTAINERS = {
    "a.mpg": "mpeg1video", "b.mpeg": "mpeg2video", "a.ogv": "libtheora", "a.flv": "flv1", "a.wmv": "wmv2",
    "a.y4m": "wrapped_avframe", "a.mxf": "mpeg2video", "a.m2v": "mpeg2video", "a.3gp": "libx264",
    "a.m4v": "libx264", "a.m2ts": "libx264", "a.mts": "libx264",
}  # fmt: skip


@pytest.mark.parametrize("name", CONTAINERS)
def test_what_is_collected_is_read(tmp_path, name):
    quality = () if CONTAINERS[name] in ("wrapped_avframe", "libx264") else ("-q:v", "2")
    path = clips.encode(tmp_path / name, clips.numbered_frames(20), *quality, codec=CONTAINERS[name])
    read = load_clip(path, VideoSpec(burst_length=4))
    assert [clips.frame_number(frame) for frame in read.frames] == list(read.indices)
    assert read.info.num_frames == 20 and read.info.fps == pytest.approx(25, abs=0.1)
    assert path.suffix in (*VIDEOS, ".m2v")


def test_every_collected_kind_is_tried():
    tried = {name[name.rindex(".") :] for name in (*CONTAINERS, *clips.GOOD, "a.mkv")}
    assert set(VIDEOS) <= tried
    assert set(STILLS) == {".jpg", ".jpeg", ".png", ".webp", ".bmp"}


def test_a_lone_segment_is_told_as_what_it_is(tmp_path):
    clips.plain(tmp_path / "a.mp4")
    clips.ffmpeg("-i", tmp_path / "a.mp4", "-c", "copy", "-f", "dash", tmp_path / "a.mpd")
    segment = next(tmp_path.glob("chunk*.m4s"))
    with pytest.raises(VideoError, match="is one segment of a stream"):
        load_clip(segment)
    head = next(tmp_path.glob("init*.m4s"))
    (tmp_path / "whole.mp4").write_bytes(head.read_bytes() + segment.read_bytes())
    assert load_clip(tmp_path / "whole.mp4").info.num_frames == 20

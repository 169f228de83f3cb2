"""A film in one pass: its windows are clips of their own, whatever the file is like."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest

from tests import clips
from tests.video import kinds
from vqathinker.errors import VideoError
from vqathinker.video import DecodeCancelled, VideoSpec, burst_window, load_clip
from vqathinker.video.decode import Decoding
from vqathinker.video.decode_film import stretches
from vqathinker.video.index import make_index
from vqathinker.video.reel import open_reel
from vqathinker.video.spec import Limits
from vqathinker.video.still import squash
from vqathinker.video.windows import WindowSpec

SPEC, SIDE = VideoSpec(frames=6, burst_length=8, burst_size=32), 48


def watched(path, windows=None, spec=SPEC, **options):
    """(windows, cuts, notes) of a film."""
    reel = open_reel(path, spec, windows or WindowSpec(), SIDE, **options)
    try:
        return list(reel.windows()), reel.cuts, reel.notes
    finally:
        reel.decoding.close()


def same_pixels(clip, path) -> None:
    """What a rating would decode at the same indices, squashed."""
    with Decoding(path, "video", Limits(), 60.0) as decoding:
        height, width = decoding.info.height, decoding.info.width
        frames = np.zeros((len(clip.indices), height, width, 3), np.uint8)
        wanted = [k for i in clip.indices for k in burst_window(i, 8, decoding.info.num_frames)]
        lumas = np.zeros((len(set(wanted)), 32, 32), np.uint8)
        rows = {i: row for row, i in enumerate(sorted(set(wanted)))}
        decoding.read(frames, {i: row for row, i in enumerate(clip.indices)}, lumas, rows, [])
    assert np.array_equal(clip.frames, np.stack([squash(frame, SIDE) for frame in frames]))
    assert np.array_equal(clip.bursts.reshape(-1, 32, 32), lumas[[rows[i] for i in wanted]])


def numbers(window) -> list[int]:
    return [clips.frame_number(frame) for frame in window.clip.frames]


@pytest.fixture(scope="module")
def numbered(tmp_path_factory):
    """Five seconds; each frame carries its number."""
    return clips.plain(tmp_path_factory.mktemp("reel") / "numbered.mp4", 125)


@pytest.fixture(scope="module")
def two_scenes(tmp_path_factory):
    frames = np.concatenate([kinds.scene(60, seed=1), kinds.scene(65, seed=2) // 3])
    return clips.encode(tmp_path_factory.mktemp("reel") / "two.mp4", frames, "-crf", "18", "-g", "25")


def test_every_window_shows_the_frames_that_it_says(numbered):
    windows, cuts, notes = watched(numbered)
    assert [(w.start_s, w.end_s) for w in windows] == [(0, 2), (1, 3), (2, 4), (3, 5)]
    for window in windows:
        assert numbers(window) == list(window.clip.indices)
        assert window.clip.times == pytest.approx(np.array(window.clip.indices) / 25)
        for i, burst in zip(window.clip.indices, window.clip.bursts, strict=True):
            assert [clips.frame_number(luma) for luma in burst] == list(range(i - 4, i + 4))
        assert (window.clip.info.num_frames, window.clip.info.duration_s) == (50, 2.0)
    assert (cuts, notes) == ([], ())


def test_pictures_are_those_of_a_rating_bit_by_bit(numbered):
    windows = watched(numbered)[0]
    assert len(windows) == 4
    for window in windows:
        same_pixels(window.clip, numbered)


def test_windows_and_bursts_end_at_cuts(two_scenes):
    windows, cuts, _ = watched(two_scenes)
    assert cuts == [2.4]
    assert [(round(w.start_s, 2), round(w.end_s, 2)) for w in windows] == [(0, 2.4), (2.4, 4.4), (3, 5)]
    for window in windows:
        for burst in window.clip.bursts:
            assert np.abs(np.diff(burst.astype(int), axis=0)).mean(axis=(1, 2)).max() < 12


def test_a_flash_is_no_cut(tmp_path):
    frames = kinds.scene(75)
    frames[40:42] = 255
    assert watched(clips.encode(tmp_path / "flash.mp4", frames))[1] == []


@pytest.mark.parametrize(
    "name",
    [
        "vfr.mp4",
        "turned_90.mov",
        "edit_list.mp4",
        "anim.gif",
        "vp9.webm",
        "stream.ts",
        "xvid.avi",
        "open_gop.ts",
        "refresh.mp4",
        "change.mp4",
    ],
)
def test_other_kinds_of_files_show_their_frames_in_order(clip, name):
    path = clip(name)
    windows, _, _ = watched(path, WindowSpec(0.5, 0))
    info = load_clip(path, SPEC).info
    assert windows[0].start_s == 0 and windows[-1].end_s == pytest.approx(info.duration_s, abs=0.05)
    for window in windows:
        assert list(window.clip.indices) == sorted(window.clip.indices)
        assert (window.clip.info.width, window.clip.info.height) == (info.width, info.height)


def test_combed_films_are_deinterlaced_in_the_same_way(tmp_path):
    path = tmp_path / "combed.mp4"
    film = kinds.encode(tmp_path / "film.mp4", kinds.scene(100), "-crf", "12")
    lines = "tinterlace=interleave_top,fieldorder=tff"
    clips.ffmpeg("-i", film, "-vf", lines, "-flags", "+ildct+ilme", "-x264-params", "tff=1", "-crf", "12", path)
    assert load_clip(path, SPEC).notes == ("deinterlaced",)
    windows, _, notes = watched(path)
    assert notes == ("deinterlaced",)
    same_pixels(windows[0].clip, path)


def test_a_film_with_gaps_is_sought_through_and_shows_the_right_frames(tmp_path):
    path = clips.plain(tmp_path / "long.mp4", 250)
    index = make_index(str(path), Limits())
    windows, _, _ = watched(path, WindowSpec(0.5, 0, most=2))
    assert [w.start_s for w in windows] == pytest.approx([2.25, 7.25], abs=0.04)
    for window in windows:
        assert numbers(window) == list(window.clip.indices)
    wanted = [i for w in windows for i in range(w.clip.indices[0], w.clip.indices[-1] + 1)]
    assert len(stretches(index, wanted)) == 2


@pytest.mark.parametrize("name", ["still.png", "one_frame.mp4"])
def test_pictures_have_no_timeline(clip, tmp_path, name):
    path = clip(name) if name in clips.GOOD else tmp_path / name
    if name == "still.png":
        kinds.Image.fromarray(kinds.scene(1)[0]).save(path)
    with pytest.raises(VideoError, match="is a picture, or shows only one: it has no timeline"):
        watched(path)


def test_a_file_that_is_cut_off_is_shown_as_far_as_it_goes(numbered, tmp_path):
    whole = tmp_path / "whole.mp4"
    clips.ffmpeg("-i", numbered, "-c", "copy", "-movflags", "+faststart", whole)
    path = tmp_path / "cut.mp4"
    path.write_bytes(whole.read_bytes()[: int(whole.stat().st_size * 0.7)])
    windows, _, notes = watched(path)
    assert 2 <= windows[-1].end_s < 4.5
    for window in windows[:-1]:
        assert numbers(window) == list(window.clip.indices)
    assert notes == ("cut.mp4 is cut off: the file ends before the video does",)


def test_a_file_that_cannot_be_decoded_from_somewhere_on_says_up_to_where(numbered, tmp_path):
    whole = tmp_path / "whole.mp4"
    clips.ffmpeg("-i", numbered, "-c", "copy", "-movflags", "+faststart", whole)
    content = bytearray(whole.read_bytes())
    half = int(len(content) * 0.6)
    content[half:] = bytes(len(content) - half)
    path = tmp_path / "broken.mp4"
    path.write_bytes(content)
    windows, _, notes = watched(path)
    assert windows and windows[-1].end_s < 5
    assert len(notes) == 1 and notes[0].startswith("the file breaks off: it could be shown up to ")


def test_a_file_without_an_index_is_refused_in_one_sentence(numbered, tmp_path):
    path = tmp_path / "no_index.mp4"
    path.write_bytes(numbered.read_bytes()[:4000])
    with pytest.raises(VideoError, match="cut off|no index") as refused:
        watched(path)
    assert str(refused.value).endswith(".")


def test_a_cancelled_film_ends_at_once(numbered):
    cancel = threading.Event()
    reel = open_reel(numbered, SPEC, WindowSpec(), SIDE, cancel=cancel)
    windows = reel.windows()
    next(windows)
    cancel.set()
    with pytest.raises(DecodeCancelled):
        list(windows)
    reel.decoding.close()


def test_who_takes_long_over_a_window_is_waited_for(numbered):
    reel = open_reel(numbered, SPEC, WindowSpec(), SIDE)
    windows = reel.windows()
    next(windows)
    assert reel.decoding._end == float("inf")
    assert len(list(windows)) == 3
    assert time.monotonic() < reel.decoding._end <= time.monotonic() + 60
    reel.decoding.close()


def test_titles_and_black_are_told(tmp_path):
    black, scene = np.zeros((50, 240, 320, 3), np.uint8), kinds.scene(50)
    windows, _, _ = watched(clips.encode(tmp_path / "a.mp4", np.concatenate([black, scene])), WindowSpec(2.0, 0))
    assert [window.empty for window in windows] == [True, False]


def test_what_is_kept_does_not_grow_with_the_film(tmp_path):
    from vqathinker.video.reel import _Cutter

    reel = open_reel(clips.plain(tmp_path / "a.mp4", 250), SPEC, WindowSpec(1.0), SIDE)
    cutter, most = _Cutter(reel), 0
    film = reel.decoding.film(reel.plan.pictures, reel.plan.frames, SIDE, 32)
    for _ in cutter.cut(film):
        most = max(most, len(cutter.lumas))
    reel.decoding.close()
    assert most <= 25 * 2 + 12 and len(cutter.pictures) <= 12  # two windows and a burst, of a film of ten seconds


def test_a_decoder_that_crashes_leaves_the_windows_before(numbered):
    reel = open_reel(numbered, SPEC, WindowSpec(1.0, 0), SIDE)
    windows = reel.windows()
    seen = [next(windows)]
    reel.decoding._process.kill()
    seen += list(windows)
    reel.decoding.close()
    starts = [window.start_s for window in seen]
    assert starts == sorted(set(starts)) and starts[0] == 0
    if seen[-1].end_s < 5:  # what was in the pipe already may have been all of it
        assert reel.notes == ("The video decoder crashed on numbered.mp4; the file is probably damaged",)

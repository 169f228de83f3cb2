"""Every kind of video that is to be read gives the right frames, upright, at the right times."""

from __future__ import annotations

import numpy as np
import pytest

from tests import clips
from vqathinker.video import VideoSpec, burst_window, load_clip, probe
from vqathinker.video.decode_pyav import _decode_in_order, _decode_seeking, decode_pyav, to_rgb
from vqathinker.video.index import make_index
from vqathinker.video.load import _load
from vqathinker.video.spec import Limits

SEEKABLE = [name for name in clips.GOOD if name not in ("anim.gif", "xvid.avi", "refresh.mp4")]
DECORD_IS_WRONG = {"edit_list.mp4", "open_gop.mp4", "refresh.mp4", "change.mp4", "change.mkv"}
FOR_PYAV = DECORD_IS_WRONG | {"ten_bit.mp4", "anim.gif", "av1.mp4", "stream.ts", "open_gop.ts", "xvid.avi"}


def numbers(pictures: np.ndarray) -> list[int]:
    return [clips.frame_number(picture) for picture in pictures]


@pytest.mark.parametrize("name", clips.GOOD)
def test_frames_and_bursts_are_the_ones_asked_for(clip, name):
    shown = list(clips.GOOD[name][1])
    read = load_clip(clip(name), VideoSpec(burst_length=4))
    windows = [burst_window(i, 4, len(shown)) for i in read.indices]
    assert read.info.num_frames == len(shown)
    assert numbers(read.frames) == [shown[i] for i in read.indices]
    assert [numbers(burst) for burst in read.bursts] == [[shown[i] for i in w] for w in windows]
    assert read.frames.shape == (6, read.info.height, read.info.width, 3) and read.frames.dtype == np.uint8
    assert read.bursts.shape == (6, 4, 96, 96) and read.bursts.dtype == np.uint8


@pytest.mark.parametrize("name", clips.GOOD)
def test_single_frames_come_from_decord_where_it_is_right(clip, name):
    shown = list(clips.GOOD[name][1])
    read = load_clip(clip(name), VideoSpec(burst_length=0))
    assert read.decoder == ("pyav" if name in FOR_PYAV else "decord")
    assert read.bursts is None
    assert numbers(read.frames) == [shown[i] for i in read.indices]


@pytest.mark.parametrize("name", SEEKABLE)
def test_seeking_reaches_every_frame_without_decoding_from_the_start(clip, name):
    path = str(clip(name))
    index, seen = make_index(path, Limits()), []
    wanted = sorted({0, 1, index.num_frames // 2, index.num_frames - 1} & set(range(index.num_frames)))
    _decode_seeking(path, index, wanted, lambda i, frame: seen.append(i))
    assert sorted(seen) == wanted


@pytest.mark.parametrize("layers", ["1", "3"])
@pytest.mark.parametrize("container", ["mp4", "ts"])
def test_what_is_skipped_in_hevc_is_needed_by_no_wanted_frame(tmp_path, layers, container):
    """Only where all frames lie in one temporal layer are those without a reference mark needed by none."""
    params = f"log-level=none:bframes=4:b-adapt=0:keyint=12:temporal-layers={layers}"
    options = ("-preset", "veryfast", "-x265-params", params)
    path = str(clips.encode(tmp_path / f"a.{container}", clips.numbered_frames(30), *options, codec="libx265"))
    index = make_index(path, Limits())
    assert index.layered == (layers != "1")
    every, skipped = {}, {}
    _decode_in_order(path, index, range(30), lambda i, frame: every.update({i: to_rgb(frame, index)}))
    for i in range(30):
        _decode_seeking(path, index, [i], lambda k, frame: skipped.update({k: to_rgb(frame, index)}))
    assert all(np.array_equal(every[i], skipped[i]) for i in range(30))


@pytest.mark.parametrize("name", ["plain.mp4", "vp9.webm", "open_gop.ts"])
def test_threads_that_share_the_work_give_the_frames_of_one(clip, name):
    path = str(clip(name))
    index, alone, together = make_index(path, Limits()), {}, {}
    wanted = range(index.num_frames)
    decode_pyav(path, index, wanted, lambda i, frame: alone.update({i: to_rgb(frame, index)}), threads=1)
    decode_pyav(path, index, wanted, lambda i, frame: together.update({i: to_rgb(frame, index)}), threads=2)
    assert list(wanted) == sorted(alone) == sorted(together)
    assert all(np.array_equal(alone[i], together[i]) for i in wanted)


@pytest.mark.parametrize("name", ["plain.mp4", "odd.mp4", "turned_90.mov"])
def test_both_decoders_give_the_same_frames(clip, name):
    spec = VideoSpec(burst_length=4)
    decord, pyav = (_load(clip(name), spec, Limits(), 60.0, decoder=decoder) for decoder in ("decord", "pyav"))
    assert (decord.decoder, pyav.decoder) == ("decord", "pyav")
    assert np.array_equal(decord.frames, pyav.frames)
    assert abs(decord.bursts.astype(int) - pyav.bursts).mean() < 4


@pytest.mark.parametrize("name", ["turned_90.mov", "turned_270.mov", "portrait.mp4"])
def test_upright_size(clip, name):
    info = probe(clip(name))
    assert (info.width, info.height) == (120, 160)


def test_times_are_those_of_the_file(clip):
    read = load_clip(clip("vfr.mp4"), VideoSpec(frames=12, burst_length=0))
    assert read.indices == (0, 1, 2, 3, 4, 5, 6, 6, 7, 8, 9, 10)
    assert read.times == pytest.approx([(i if i < 6 else 6 + (i - 6) * 3) / 25 for i in read.indices], abs=1e-3)


@pytest.mark.parametrize("name", ["stream.ts", "edit_list.mp4", "plain.mp4"])
def test_time_starts_at_the_first_shown_frame(clip, name):
    read = load_clip(clip(name), VideoSpec(burst_length=0))
    assert read.times == pytest.approx([i / 25 for i in read.indices], abs=1e-3)
    assert read.info.fps == pytest.approx(25)
    assert read.info.duration_s == pytest.approx(read.info.num_frames / 25, abs=1e-3)


def test_a_smaller_part_of_a_video_is_scaled_to_its_first_size(clip):
    read = load_clip(clip("change.mp4"), VideoSpec(burst_length=0))
    assert read.frames.shape[1:] == (120, 160, 3)
    assert numbers(read.frames[-2:]) == [14, 17]


def test_the_same_file_gives_the_same_clip(clip):
    first, second = load_clip(clip("plain.mp4")), load_clip(clip("plain.mp4"))
    assert np.array_equal(first.frames, second.frames) and np.array_equal(first.bursts, second.bursts)


def test_timeline_reaches_frames_and_bursts(clip):
    spec = VideoSpec(burst_length=4)
    plain = load_clip(clip("plain.mp4"), spec)
    turned = load_clip(clip("plain.mp4"), spec, timeline=np.arange(20)[::-1])
    assert turned.indices == plain.indices and turned.times == plain.times
    assert numbers(turned.frames) == [19 - i for i in plain.indices]
    assert [numbers(burst) for burst in turned.bursts] == [
        [19 - i for i in burst_window(k, 4, 20)] for k in plain.indices
    ]


def test_timeline_shows_black(clip):
    shown = np.arange(20)
    shown[[1, 2]] = -1
    read = load_clip(clip("plain.mp4"), VideoSpec(burst_length=4), timeline=shown)
    assert read.indices[0] == 1
    assert read.frames[0].max() == 0 and read.frames[1].max() > 200
    assert [picture.max() == 0 for picture in read.bursts[0]] == [False, True, True, False]
    assert load_clip(clip("plain.mp4"), timeline=np.full(20, -1)).frames.max() == 0


def test_timeline_may_be_made_from_the_number_of_frames(clip):
    read = load_clip(clip("plain.mp4"), timeline=lambda n: np.full(n, n - 1))
    assert set(numbers(read.frames)) == {19}


@pytest.mark.parametrize("timeline", [np.arange(19), np.arange(20) + 1, np.arange(20) - 2, np.zeros(20)])
def test_a_timeline_that_does_not_fit_is_an_error(clip, timeline):
    with pytest.raises(ValueError, match="timeline|can be shown"):
        load_clip(clip("plain.mp4"), timeline=timeline)


@pytest.mark.parametrize("wrong", [{"frames": 0}, {"burst_length": -1}, {"burst_size": 0}, {"protocol": "x"}])
def test_a_spec_that_makes_no_sense_is_an_error(wrong):
    with pytest.raises(ValueError, match="at least|or more|no protocol"):
        VideoSpec(**wrong)

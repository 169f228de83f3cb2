"""Frames in memory are sampled as those of a file are."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from tests.clips import encode, frame_number, numbered_frames
from vqathinker.video import VideoSpec, clip_of_frames, load_clip

SPEC = VideoSpec(frames=4, burst_length=5, burst_size=32)


def test_they_are_those_that_a_file_of_them_shows(tmp_path):
    frames = numbered_frames(23)
    shown = load_clip(encode(tmp_path / "film.mp4", frames, "-crf", "0", fps=12.5), SPEC)
    clip = clip_of_frames(frames, SPEC, 12.5)
    assert clip.indices == shown.indices and clip.times == pytest.approx(shown.times, abs=0.01)
    assert clip.info == shown.info
    assert [frame_number(frame) for frame in clip.frames] == list(clip.indices)
    assert clip.bursts.shape == shown.bursts.shape and clip.bursts.dtype == np.uint8
    for one, other in zip(clip.bursts, shown.bursts, strict=True):
        assert [frame_number(luma) for luma in one] == [frame_number(luma) for luma in other]


def test_one_frame_is_the_still_image_of_its_file(tmp_path):
    picture = numbered_frames(1)[0]
    Image.fromarray(picture).save(tmp_path / "still.png")
    shown, clip = load_clip(tmp_path / "still.png", SPEC), clip_of_frames(picture[None], SPEC)
    assert clip.info == shown.info and clip.info.is_still
    assert clip.times == shown.times and clip.indices == shown.indices
    assert np.array_equal(clip.frames, shown.frames) and np.array_equal(clip.bursts, shown.bursts)


def test_no_bursts_where_none_are_asked_for():
    assert clip_of_frames(numbered_frames(3), VideoSpec(frames=2, burst_length=0)).bursts is None


@pytest.mark.parametrize("shape, kind", [((8, 8, 3), np.uint8), ((0, 8, 8, 3), np.uint8), ((1, 8, 8, 3), np.float32)])
def test_other_arrays_are_refused(shape, kind):
    with pytest.raises(ValueError, match="frames must be"):
        clip_of_frames(np.zeros(shape, kind), SPEC)
    with pytest.raises(ValueError, match="fps must be"):
        clip_of_frames(numbered_frames(1), SPEC, fps=0)

"""Every kind of bad file gets one clear sentence."""

from __future__ import annotations

import os
import re
import socket
import time

import numpy as np
import pytest

from tests import clips
from vqathinker.errors import VideoError
from vqathinker.files import find_files
from vqathinker.video import Limits, load_clip, probe

ONE_SENTENCE = re.compile(r"[^\n]*[^\n.]\.")


def refusal(path, **kwargs) -> str:
    with pytest.raises(VideoError) as caught:
        load_clip(path, **kwargs)
    sentence = str(caught.value)
    assert ONE_SENTENCE.fullmatch(sentence), sentence
    return sentence


@pytest.mark.parametrize("name", clips.BAD)
def test_bad_file(clip, name):
    sentence = refusal(clip(name))
    assert clips.BAD[name][1] in sentence
    assert name in sentence


@pytest.mark.parametrize("tail", [b"some text that a camera app appended", b"\0\0\1\0notesand more"])
def test_what_follows_a_whole_video_does_not_matter(clip, tmp_path, tail):
    for name in ("plain.mp4", "anim.gif"):
        (tmp_path / name).write_bytes(clip(name).read_bytes() + tail)
        assert len(load_clip(tmp_path / name).frames) == len(load_clip(clip(name)).frames)


def test_probe_refuses_as_load_clip_does(clip):
    for name in ("text.mp4", "only_sound.mp4"):
        with pytest.raises(VideoError, match=clips.BAD[name][1]):
            probe(clip(name))


def test_missing_file(tmp_path):
    assert "does not exist" in refusal(tmp_path / "nothing.mp4")


def test_no_name_is_not_the_folder_one_is_in(clip, tmp_path, monkeypatch):
    (tmp_path / "a.mp4").write_bytes(clip("plain.mp4").read_bytes())
    monkeypatch.chdir(tmp_path)
    assert refusal("") == "The name of a file is empty."
    assert find_files([""]) == [""] and find_files(["."]) == ["a.mp4"]


def test_folder(tmp_path):
    assert "is a folder" in refusal(tmp_path)


def test_what_is_no_ordinary_file(tmp_path):
    os.mkfifo(tmp_path / "pipe.mp4")
    assert "not an ordinary file" in refusal(tmp_path / "pipe.mp4")


def test_an_address_is_not_opened(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.5)
        assert "is a web address" in refusal(f"http://127.0.0.1:{server.getsockname()[1]}/clip.mp4")
        with pytest.raises(TimeoutError):
            server.accept()


def test_limits_are_the_callers(clip):
    assert "the limit is" in refusal(clip("plain.mp4"), limits=Limits(max_bytes=1000))
    assert "160x120" in refusal(clip("plain.mp4"), limits=Limits(max_pixels=160 * 120 - 1))
    assert "160x120" in refusal(clip("turned_90.mov"), limits=Limits(max_side=159))
    assert load_clip(clip("plain.mp4"), limits=Limits(max_pixels=160 * 120, max_side=160)).info.width == 160


def test_a_picture_that_grows_later_does_not_get_past_the_limits(clip, tmp_path):
    frames = clips.numbered_frames(10)
    small = clips.encode(tmp_path / "small.264", frames, "-f", "h264")
    large = clips.encode(tmp_path / "large.264", frames, "-vf", "scale=1600:1200", "-f", "h264")
    (tmp_path / "both.264").write_bytes(small.read_bytes() + large.read_bytes())
    clips.ffmpeg("-r", "25", "-i", tmp_path / "both.264", "-c", "copy", tmp_path / "grows.mkv")
    assert "is damaged" in refusal(tmp_path / "grows.mkv", limits=Limits(max_pixels=200_000))


def test_the_walk_over_the_parts_of_an_mp4_is_bounded(clip, tmp_path):
    boxes = b"\0\0\0\x08free" * 600_000
    path = tmp_path / "boxes.mp4"
    path.write_bytes(clip("plain.mp4").read_bytes() + boxes)
    start = time.process_time()
    assert "consists of more than 500000 parts" in refusal(path)
    assert time.process_time() - start < 5
    path.write_bytes(clip("plain.mp4").read_bytes() + boxes[: 8 * 1000])
    assert load_clip(path).info.num_frames == 20


def test_memory_is_bounded(clip):
    assert refusal(clip("plain.mp4"), limits=Limits(max_memory=64 * 1024**2))


def test_whatever_the_bytes_are_the_answer_is_a_clip_or_a_sentence(clip, tmp_path):
    rng = np.random.default_rng(0)
    for round_, name in enumerate(["plain.mp4", "vp9.webm", "stream.ts", "anim.gif"]):
        data = np.frombuffer(clip(name).read_bytes(), np.uint8).copy()
        places = rng.integers(0, len(data), max(4, len(data) // 100))
        data[places] = rng.integers(0, 256, len(places))
        path = tmp_path / f"{round_}_{name}"
        path.write_bytes(data.tobytes())
        try:
            assert load_clip(path, timeout_s=20).frames.shape[0] == 6
        except VideoError as error:
            assert ONE_SENTENCE.fullmatch(str(error))


@pytest.mark.parametrize("name", ["plain.mp4", "anim.gif"])
def test_a_file_is_known_by_its_bytes_and_not_by_its_name(clip, tmp_path, name):
    path = tmp_path / "clip.jpg"
    path.write_bytes(clip(name).read_bytes())
    assert not load_clip(path).info.is_still


def test_odd_names_are_only_names(clip, tmp_path):
    for name in ("concat:a|b%03d.mp4", "-i ü\n.mp4"):
        path = tmp_path / name
        path.write_bytes(clip("one_frame.mp4").read_bytes())
        assert load_clip(path).info.num_frames == 1


def test_a_module_in_the_current_folder_is_not_run(clip, tmp_path, monkeypatch):
    (tmp_path / "numpy.py").write_text("raise SystemExit")
    path = clip("one_frame.mp4")
    monkeypatch.chdir(tmp_path)
    assert load_clip(path).info.num_frames == 1

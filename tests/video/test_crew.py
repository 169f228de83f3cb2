"""Decoding processes that go on with the next file."""

from __future__ import annotations

import os
import signal
import time

import numpy as np
import psutil
import pytest

from tests import clips
from vqathinker.errors import VideoError
from vqathinker.video import Crew, DecodeTimeout, Limits, VideoSpec, load_clip
from vqathinker.video.decode import Decoding


def pid(crew: Crew, path) -> int:
    with Decoding(path, "video", Limits(), 60.0, crew=crew) as decoding:
        return decoding._process.pid


def test_one_process_reads_file_after_file_as_fresh_ones_do(clip):
    names = ["plain.mp4", "turned_90.mov", "anim.gif"]
    with Crew(threads=1) as crew:
        read = [load_clip(clip(name), crew=crew) for name in names]
        assert pid(crew, clip("plain.mp4")) == pid(crew, clip("vp9.webm"))
    for name, got in zip(names, read, strict=True):
        alone = load_clip(clip(name))
        assert np.array_equal(got.frames, alone.frames) and np.array_equal(got.bursts, alone.bursts)
        assert (got.times, got.info, got.notes) == (alone.times, alone.info, alone.notes)


def test_a_process_that_met_a_bad_file_is_replaced(clip):
    with Crew() as crew:
        first = pid(crew, clip("plain.mp4"))
        with pytest.raises(VideoError):
            load_clip(clip("damaged.mp4"), crew=crew)
        assert pid(crew, clip("plain.mp4")) != first


def test_time_runs_for_each_file_alone(clip):
    with Crew() as crew:
        load_clip(clip("plain.mp4"), crew=crew)
        with pytest.raises(DecodeTimeout):
            load_clip(clip("plain.mp4"), crew=crew, timeout_s=1e-4)
        assert clips.frame_number(load_clip(clip("plain.mp4"), VideoSpec(burst_length=0), crew=crew).frames[0]) == 1


def test_after_some_files_a_fresh_process_goes_on(clip, monkeypatch):
    monkeypatch.setattr(Crew, "FILES", 2)
    with Crew() as crew:
        pids = [pid(crew, clip("plain.mp4")) for _ in range(3)]
    assert pids[0] == pids[1] != pids[2]


def test_a_process_that_died_meanwhile_is_replaced(clip):
    with Crew() as crew:
        first = pid(crew, clip("plain.mp4"))
        os.kill(first, signal.SIGKILL)
        end = time.monotonic() + 30
        while crew._idle[-1][0].alive:
            assert time.monotonic() < end
            time.sleep(0.01)
        assert pid(crew, clip("plain.mp4")) != first


def test_a_process_that_nobody_takes_is_ended(clip):
    with Crew(keep_s=0.2) as crew:
        first, end = pid(crew, clip("plain.mp4")), time.monotonic() + 30
        while psutil.pid_exists(first):
            assert time.monotonic() < end
            time.sleep(0.01)
        assert load_clip(clip("plain.mp4"), crew=crew).info.num_frames == 20


def test_a_process_that_comes_back_after_the_end_is_ended(clip):
    crew = Crew()
    with Decoding(clip("plain.mp4"), "video", Limits(), 60.0, crew=crew) as decoding:
        crew.close()
        process = decoding._process
    assert process._process.poll() is not None

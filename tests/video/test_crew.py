"""Decoding processes that go on with the next file."""

from __future__ import annotations

import os
import signal
import sys
import time

import numpy as np
import psutil
import pytest

from tests import clips
from vqathinker.errors import VideoError
from vqathinker.video import Crew, DecoderCrash, DecodeTimeout, Limits, VideoSpec, load_clip
from vqathinker.video.decode import Decoding
from vqathinker.video.process import Process


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
        assert pid(crew, clip("plain.mp4")) != first


QUITS = (sys.executable, "-c", "input()")
"""A process that is there when it is taken, and ends at its first message without an answer."""


def test_a_process_that_ends_when_it_is_asked_again_is_replaced_once(clip):
    with Crew() as crew:
        crew.give(dying := Process(QUITS), 3)
        assert dying.alive
        got, second = load_clip(clip("plain.mp4"), crew=crew), crew._idle
        assert not dying.alive and [files for _, files in second] == [1]
    assert np.array_equal(got.frames, load_clip(clip("plain.mp4")).frames)


def test_a_fresh_process_that_ends_is_not_replaced_again(clip, monkeypatch):
    started = []
    monkeypatch.setattr("vqathinker.video.decode.Process", lambda: started.append(1) or Process(QUITS))
    with Crew() as crew:
        crew.give(Process(QUITS), 3)
        with pytest.raises(DecoderCrash, match="crashed on plain.mp4"):
            pid(crew, clip("plain.mp4"))
    assert started == [1]


def test_a_process_that_hangs_when_it_is_asked_again_is_told_as_what_it_is(clip):
    with Crew() as crew:
        crew.give(Process((sys.executable, "-c", "import time; time.sleep(60)")), 3)
        with pytest.raises(DecodeTimeout):
            load_clip(clip("plain.mp4"), crew=crew, timeout_s=0.3)


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

"""Pictures made beside the decoder: all of them, few at a time, and nothing that goes wrong is lost."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from vqathinker.video import VideoSpec, load_clip
from vqathinker.video.aside import FRAMES_AHEAD, aside
from vqathinker.video.still import squash


def test_all_is_done_in_order_in_another_thread_and_few_frames_wait():
    done, threads, go_on = [], set(), threading.Event()

    def emit(i, frame) -> None:
        go_on.wait(20)
        threads.add(threading.get_ident())
        done.append((i, frame))

    with aside(emit) as later:
        for i in range(FRAMES_AHEAD):
            later(i, f"frame {i}")
        assert done == []
        one_more = threading.Thread(target=later, args=(FRAMES_AHEAD, "one more"))
        one_more.start()
        one_more.join(0.2)
        assert one_more.is_alive()
        go_on.set()
        one_more.join()
    assert done == [(0, "frame 0"), (1, "frame 1"), (FRAMES_AHEAD, "one more")]
    assert len(threads) == 1 and threading.get_ident() not in threads


def test_what_goes_wrong_is_raised_at_the_end():
    def emit(i, frame) -> None:
        if i == 1:
            raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"), aside(emit) as later:
        for i in range(9):
            later(i, None)


@pytest.mark.parametrize("name", ["plain.mp4", "turned_90.mov", "anim.gif"])
def test_squashed_frames_are_those_of_the_whole_picture(clip, name):
    path = clip(name)
    whole, squashed = load_clip(path, VideoSpec()), load_clip(path, VideoSpec(side=48))
    assert np.array_equal(squashed.frames, np.stack([squash(frame, 48) for frame in whole.frames]))
    assert np.array_equal(squashed.bursts, whole.bursts)
    assert (squashed.indices, squashed.info, squashed.notes) == (whole.indices, whole.info, whole.notes)

"""Frame indices by the official rule, and the windows around them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vqathinker.video import burst_window, frame_indices

GOLDEN = json.loads((Path(__file__).parent.parent / "golden" / "frame_index.json").read_text())["cases"]


def test_official_indices():
    assert len(GOLDEN) > 100
    for case in GOLDEN:
        got = frame_indices(case["num_frames"], case["num_segments"], case["fps"], case.get("bound"))
        assert got == case["indices"], case


@given(st.integers(1, 100_000), st.integers(1, 40))
def test_indices_lie_in_the_video_and_rise(num_frames, segments):
    indices = frame_indices(num_frames, segments)
    assert len(indices) == segments
    assert indices == sorted(indices)
    assert 0 <= indices[0] and indices[-1] < num_frames


@given(st.data(), st.integers(1, 500), st.integers(1, 40))
def test_windows_are_consecutive_and_in_range(data, num_frames, length):
    index = data.draw(st.integers(0, num_frames - 1))
    window = burst_window(index, length, num_frames)
    assert len(window) == length
    assert 0 <= min(window) and max(window) < num_frames
    if num_frames > 1:
        assert {abs(b - a) for a, b in zip(window, window[1:], strict=False)} <= {1}
    if num_frames >= length:
        assert index in window
        assert window == sorted(window)


def test_windows_by_hand():
    assert burst_window(10, 4, 100) == [8, 9, 10, 11]
    assert burst_window(0, 4, 100) == [0, 1, 2, 3]
    assert burst_window(99, 4, 100) == [96, 97, 98, 99]
    assert burst_window(1, 8, 3) == [0, 1, 2, 1, 0, 1, 2, 1]
    assert burst_window(0, 3, 1) == [0, 0, 0]


@pytest.mark.parametrize("arguments", [(0, 6), (10, 0)])
def test_nothing_to_sample(arguments):
    with pytest.raises(ValueError, match="cannot take"):
        frame_indices(*arguments)


def test_window_around_no_frame():
    with pytest.raises(ValueError, match="does not exist"):
        burst_window(5, 4, 5)

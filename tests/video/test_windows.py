"""Where the windows of a film lie."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vqathinker.video.windows import WindowSpec, make_window_plan, windows_of

FPS = 25


def plan_of(seconds: float, fps: float = FPS, **spec):
    times = np.arange(round(seconds * fps)) / fps
    return make_window_plan(times, len(times) / fps, WindowSpec(**spec), 6)


def times_of(plan, windows):
    return [(round(float(plan.times[a]), 3), round(float(plan.times[b]), 3)) for a, b in windows]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"window_s": 0.1}, "0.5 to 60 seconds"),
        ({"window_s": float("nan")}, "0.5 to 60 seconds"),
        ({"overlap": 0.9}, "0 to 0.8"),
        ({"most": 0}, "at least one"),
    ],
)
def test_what_makes_no_windows_is_refused(changes, sentence):
    with pytest.raises(ValueError, match=sentence):
        WindowSpec(**changes)


def test_half_of_a_window_is_shown_again_by_the_next_one_and_their_pictures_are_the_same():
    plan = plan_of(6)
    found = windows_of(plan, 0, 150, closed=True)
    assert times_of(plan, found) == [(0, 2), (1, 3), (2, 4), (3, 5), (4, 6)]
    within = [[i for i in plan.pictures if a <= i < b] for a, b in found]
    assert all(len(pictures) == 6 for pictures in within)
    assert within[0][3:] == within[1][:3] and len(plan.pictures) == 18


def test_without_overlap_windows_touch():
    plan = plan_of(6, overlap=0)
    assert times_of(plan, windows_of(plan, 0, 150, closed=True)) == [(0, 2), (2, 4), (4, 6)]


def test_what_is_left_at_the_end_of_a_shot_makes_a_window_longer_or_one_more():
    plan = plan_of(10)
    assert times_of(plan, windows_of(plan, 0, 60, closed=True)) == [(0, 2.4)]
    assert times_of(plan, windows_of(plan, 0, 70, closed=True)) == [(0, 2), (0.8, 2.8)]
    assert times_of(plan, windows_of(plan, 0, 30, closed=True)) == [(0, 1.2)]


def test_a_long_film_has_less_overlap_then_gaps_and_never_more_windows_than_said():
    assert plan_of(100, most=200).step_s == 1
    assert plan_of(100, most=60).step_s == pytest.approx(100 / 60)
    spread = plan_of(100, most=10)
    assert spread.has_gaps and len(spread.ranges) == 10 == spread.count
    middles = [(spread.times[a] + spread.times[b]) / 2 for a, b in spread.ranges]
    assert middles == pytest.approx(np.arange(10) * 10 + 5, abs=0.05)
    assert all(windows_of(spread, a, b, closed=True) == [(a, b)] for a, b in spread.ranges)
    assert all(sum(a <= i < b for i in spread.pictures) == 6 for a, b in spread.ranges)


@given(st.floats(0.1, 20), st.sampled_from([5, 12.5, 23.976, 25, 30, 60]), st.sampled_from([0.0, 0.5, 0.75]))
def test_what_a_shot_shows_bit_by_bit_is_what_it_shows_at_once_and_nothing_is_left_out(seconds, fps, overlap):
    plan = plan_of(max(seconds, 2 / fps), fps, overlap=overlap)
    count = len(plan.times) - 1
    grown = []
    for shown in range(1, count + 1):
        grown += windows_of(plan, 0, shown, False, len(grown))
    grown += windows_of(plan, 0, count, True, len(grown))
    assert grown == windows_of(plan, 0, count, closed=True)
    assert grown[0][0] == 0 and grown[-1][1] == count
    assert all(b[0] <= a[1] for a, b in zip(grown, grown[1:], strict=False))
    assert all(plan.times[b] - plan.times[a] <= 1.55 * plan.window_s + 2 / fps for a, b in grown)


def test_frames_of_uneven_times_are_taken_by_their_times():
    times = np.concatenate([np.arange(50) / 25, 2 + np.arange(10) / 5])
    plan = make_window_plan(times, 4.0, WindowSpec(overlap=0), 4)
    assert windows_of(plan, 0, 60, closed=True) == [(0, 50), (50, 60)]
    assert list(plan.pictures) == [6, 18, 31, 43, 51, 53, 56, 58]

"""Ratings as values: spread, comparison by the formula of the ranking reward."""

import math
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vqathinker import ModelError
from vqathinker.rating import Comparison, Frame, Rating, Rollout, Timings

scores = st.lists(st.floats(1, 5).map(lambda x: round(x, 2)), min_size=2, max_size=8)


def rating(values, file="a.mp4"):
    rollouts = tuple(Rollout(f"<think>x</think><answer>{value:.2f}</answer>") for value in values)
    return Rating(file, 3.0, 3.1, "t", "r", (), (Frame(0, 0.0),), rollouts, "m", "fp32", Timings(1.0, 0.5, 0.5, 2.0))


def test_unreadable_rollouts_are_kept_but_not_counted():
    one = rating([2.0, 4.0])
    two = Rating(**{**vars(one), "rollouts": (*one.rollouts, Rollout("no answer"))})
    assert two.to_dict()["rollouts"][-1] == {"score": None, "text": "no answer"}
    assert two.spread == one.spread == pytest.approx(statistics.stdev([2.0, 4.0]))


def test_rollout_scores_are_clamped_to_the_scale():
    assert rating([9.0, -3.0]).rollout_scores == [5.0, 1.0]


def test_one_rollout_has_no_spread():
    assert rating([2.0]).spread is None


def test_the_probability_is_the_formula_of_the_ranking_reward():
    a, b = [3.0, 3.5, 4.0], [2.0, 3.0, 2.5]
    deviation = math.sqrt(statistics.variance(a) + statistics.variance(b) + 1e-6)
    expected = statistics.NormalDist().cdf((statistics.fmean(a) - statistics.fmean(b)) / deviation)
    assert Comparison(rating(a), rating(b)).probability_first_better == pytest.approx(expected, abs=1e-6)


@given(scores, scores)
def test_swapping_the_videos_gives_the_complement(a, b):
    there = Comparison(rating(a), rating(b)).probability_first_better
    back = Comparison(rating(b), rating(a)).probability_first_better
    assert 0 <= there <= 1
    assert there + back == pytest.approx(1, abs=1e-6)


def test_too_few_readable_rollouts_are_named():
    with pytest.raises(ModelError, match="fewer than two readable answers about b.mp4"):
        _ = Comparison(rating([1.0, 2.0]), rating([3.0], "b.mp4")).probability_first_better

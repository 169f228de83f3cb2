"""Ratings as values: spread, comparison by the formula of the ranking reward."""

import math
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vqathinker import ModelError
from vqathinker.rating import Comparison, Frame, Rating, Rollout, Timings

scores = st.lists(st.floats(1, 5).map(lambda x: round(x, 2)), min_size=2, max_size=8)


def rating(values, file="a.mp4", score=3.0, deviation=None):
    rollouts = tuple(Rollout(f"<think>x</think><answer>{value:.2f}</answer>") for value in values)
    timings = Timings(1.0, 0.5, 0.5, 2.0)
    one = Rating(file, score, 3.1, "t", "r", (), (Frame(0, 0.0),), rollouts, "m", "fp32", timings, 2.5, deviation)
    return one


def test_unreadable_rollouts_are_kept_but_not_counted():
    one = rating([2.0, 4.0])
    two = Rating(**{**vars(one), "rollouts": (*one.rollouts, Rollout("no answer"))})
    assert two.to_dict()["rollouts"][-1] == {"score": None, "text": "no answer"}
    assert two.spread == one.spread == pytest.approx(statistics.stdev([2.0, 4.0]))


def test_rollout_scores_are_clamped_to_the_scale():
    assert rating([9.0, -3.0]).rollout_scores == [5.0, 1.0]


def test_one_rollout_has_no_spread():
    assert rating([2.0]).spread is None


def test_an_interval_is_as_wide_on_both_sides_and_ends_with_the_scale():
    assert rating([]).interval is None and rating([]).to_dict()["interval"] is None
    low, high = rating([], deviation=0.4).interval
    assert (low, high) == pytest.approx((3 - 1.645 * 0.4, 3 + 1.645 * 0.4))
    assert rating([], score=4.8, deviation=0.4).interval == (pytest.approx(4.8 - 1.645 * 0.4), 5.0)
    assert rating([], score=1.2, deviation=0.4).to_dict()["interval"] == [1.0, pytest.approx(1.858)]
    assert rating([]).to_dict()["greedy"] == 2.5


def test_calibrated_errors_decide_which_is_better_and_the_sampled_answers_do_not():
    first, second = rating([1.0, 1.2], score=3.5, deviation=0.3), rating([4.8, 5.0], score=3.0, deviation=0.4)
    comparison = Comparison(first, second)
    assert comparison.probability_first_better == pytest.approx(statistics.NormalDist().cdf(1.0), abs=1e-4)
    assert comparison.to_dict()["probability_first_better"] == round(comparison.probability_first_better, 4)
    assert comparison.rollout_preference < 0.01
    assert Comparison(second, first).probability_first_better == pytest.approx(
        1 - comparison.probability_first_better, abs=1e-6
    )
    unreadable = Comparison(rating([], score=3.5, deviation=0.3), second)
    assert unreadable.probability_first_better == comparison.probability_first_better


def test_one_calibrated_rating_is_not_enough():
    comparison = Comparison(rating([3.0, 3.2], deviation=0.3), rating([2.0, 2.4]))
    assert comparison.probability_first_better == comparison.rollout_preference


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

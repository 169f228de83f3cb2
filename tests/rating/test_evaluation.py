"""Metrics against scipy and their own laws, and the report of an evaluation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from vqathinker.rating.evaluation import Compared, Interval, agreement, draw_counts, rank_correlations, report
from vqathinker.rating.labels import Labels

SCORES = st.lists(st.integers(100, 500).map(lambda n: n / 100), min_size=3, max_size=30)


def values(found) -> tuple[float | None, float | None, float | None]:
    return found.srcc.value, found.plcc.value, found.mae.value


@settings(max_examples=40, deadline=None)
@given(data=st.data(), mos=SCORES)
def test_metrics_are_those_of_scipy(data, mos):
    predicted = data.draw(st.lists(st.sampled_from([1.0, 2.5, 3.42, 4.9]), min_size=len(mos), max_size=len(mos)))
    srcc, plcc, mae = values(agreement(predicted, mos, resamples=1))
    assert mae == pytest.approx(np.abs(np.subtract(predicted, mos)).mean())
    if len(set(mos)) == 1 or len(set(predicted)) == 1:
        assert srcc is None and plcc is None
    else:
        assert srcc == pytest.approx(stats.spearmanr(predicted, mos)[0], abs=1e-9)
        assert plcc == pytest.approx(stats.pearsonr(predicted, mos)[0], abs=1e-9)


@settings(max_examples=25, deadline=None)
@given(mos=SCORES.filter(lambda scores: len(set(scores)) > 1))
def test_rank_correlation_ignores_a_monotone_change_and_turns_with_the_sign(mos):
    bent = np.exp(mos)
    assert agreement(bent, mos, resamples=1).srcc.value == pytest.approx(1)
    assert agreement(-bent, mos, resamples=1).srcc.value == pytest.approx(-1)
    assert agreement(np.array(mos) + 0.25, mos, resamples=1).mae.value == pytest.approx(0.25)


def test_intervals_hold_the_value_narrow_with_more_files_and_repeat_with_the_seed():
    rng = np.random.default_rng(5)

    def noisy(count: int):
        mos = rng.uniform(1, 5, count)
        return mos + rng.normal(0, 0.7, count), mos

    few, many = noisy(30), noisy(600)
    for one in (agreement(*few, resamples=400), agreement(*many, resamples=400)):
        for interval in vars(one).values():
            assert interval.low < interval.value < interval.high
    width = {name: i.high - i.low for name, i in vars(agreement(*few, resamples=400)).items()}
    for name, interval in vars(agreement(*many, resamples=400)).items():
        assert interval.high - interval.low < width[name] / 2
    assert agreement(*few, seed=3, resamples=50) == agreement(*few, seed=3, resamples=50)
    assert agreement(*few, seed=3, resamples=50) != agreement(*few, seed=4, resamples=50)


def test_files_of_one_content_count_as_one_draw():
    rng = np.random.default_rng(7)
    mos = rng.uniform(1, 5, 40)
    predicted, contents = mos + rng.normal(0, 0.7, 40), list(range(40))
    alone = agreement(predicted, mos, resamples=300)
    assert agreement(predicted, mos, resamples=300, contents=contents) == alone
    copied = agreement(np.repeat(predicted, 9), np.repeat(mos, 9), resamples=300, contents=np.repeat(contents, 9))
    naive = agreement(np.repeat(predicted, 9), np.repeat(mos, 9), resamples=300)
    for name, interval in vars(copied).items():
        one, many = getattr(alone, name), getattr(naive, name)
        assert interval.value == pytest.approx(one.value)
        assert interval.high - interval.low == pytest.approx(one.high - one.low, rel=0.35)
        assert many.high - many.low < 0.5 * (interval.high - interval.low)


@settings(max_examples=25, deadline=None)
@given(mos=SCORES, seed=st.integers(0, 99))
def test_a_draw_is_the_list_in_which_each_file_stands_as_often_as_it_was_drawn(mos, seed):
    rng = np.random.default_rng(seed)
    mos, predicted = np.array(mos), rng.integers(2, 9, len(mos)) / 2
    counts = draw_counts(len(mos), 20, rng)
    assert (counts.sum(axis=1) == len(mos)).all()
    for count, found in zip(counts, rank_correlations(predicted, mos, counts), strict=True):
        x, y = np.repeat(predicted, count), np.repeat(mos, count)
        if min(np.ptp(x), np.ptp(y)) > 0:
            assert found == pytest.approx(stats.spearmanr(x, y)[0], abs=1e-9)
        else:
            assert np.isnan(found)


def test_the_interval_is_about_as_wide_as_theory_says():
    rng = np.random.default_rng(11)
    x = rng.normal(size=1000)
    y = 0.8 * x + 0.6 * rng.normal(size=1000)
    interval = agreement(x, y).plcc
    standard_error = (1 - interval.value**2) / np.sqrt(1000)
    assert interval.high - interval.low == pytest.approx(2 * 1.96 * standard_error, rel=0.15)


@pytest.mark.parametrize(("predicted", "mos"), [([], []), ([3.0], [2.0]), ([3.0, 3.0], [1.0, 2.0])])
def test_too_little_to_correlate_is_undefined_and_not_a_number_out_of_the_air(predicted, mos):
    found = agreement(predicted, mos, resamples=20)
    assert found.srcc == found.plcc == Interval(None, None, None)
    assert (found.mae.value is None) == (not mos)


def test_lists_of_different_length_are_refused():
    with pytest.raises(ValueError, match="one length"):
        agreement([1.0, 2.0], [1.0])


def rated(*mos: float) -> list[Compared]:
    return [Compared(f"{i}.mp4", one, score=1.5 + i, expected=1.25 + i) for i, one in enumerate(mos)]


def test_labels_on_another_scale_give_correlations_and_no_mean_error():
    entries = (("0.mp4", 20.0), ("1.mp4", 40.0), ("2.mp4", 90.0))
    metrics = report(rated(20.0, 40.0, 90.0), Labels(entries))["metrics"]["score"]
    assert metrics["srcc"]["value"] == pytest.approx(1)
    assert metrics["mae"]["value"] is None and "--scale" in metrics["mae"]["reason"]


def test_labels_that_were_mapped_give_a_mean_error():
    labels = Labels((("0.mp4", 0.0), ("1.mp4", 50.0), ("2.mp4", 100.0))).on_scale(0, 100)
    metrics = report(rated(*(mos for _, mos in labels.entries)), labels)["metrics"]["score"]
    assert metrics["mae"] == {"value": pytest.approx((0.5 + 0.5 + 1.5) / 3), "low": 0.5, "high": pytest.approx(1.5)}


def test_a_report_counts_and_names_what_was_left_out():
    compared = [*rated(1.0, 2.0), Compared("gone.mp4", 3.0, error="does not exist")]
    result = report(compared, Labels((("0.mp4", 1.0),), ("entry 4 names no file",)))
    assert result["rated"] == 2 and result["labels_left_out"] == ["entry 4 names no file"]
    assert result["not_rated"] == [{"file": "gone.mp4", "error": "does not exist"}]

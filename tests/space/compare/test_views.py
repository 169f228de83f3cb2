"""Which of two is better: the page says what `Comparison` says, by what it says it, and draws that."""

from __future__ import annotations

import re

import pytest

from tests.space.markup import parse
from tests.space.reports import report
from vqathinker.rating import Comparison, Novelty, Rating, Rollout, Timings, first_better
from vqathinker.space.compare.often import ProbabilityBin
from vqathinker.space.compare.tab import result
from vqathinker.space.compare.views import deviation, outcome, preference_of_reports, side
from vqathinker.space.widgets import texts
from vqathinker.space.widgets.charts import percent

ROWS = [3.9, 4.1, 4.0], [3.0, 3.4, 3.1]


def rating(score: float, off: float | None, scores: list[float]) -> Rating:
    rollouts = tuple(Rollout(f"<think>x</think><answer>{s:.2f}</answer>") for s in scores)
    timings = Timings(1.0, 0.5, 0.5, 2.0)
    return Rating("a.mp4", score, score, "", "", (), (), rollouts, "tiny", "fp32", timings, score, off)


def test_calibrated_errors_are_told_drawn_and_put_into_the_formula():
    first, second = report(3.5, ROWS[0], deviation=0.3), report(3.0, ROWS[1], deviation=0.4)
    page = parse(outcome(first, second, preference_of_reports(first, second)))
    title, _, says = texts.BY_ERRORS
    assert preference_of_reports(first, second) == pytest.approx(0.8413, abs=1e-3)
    assert title in page.text and says in page.text and percent(0.8413) in page.text
    assert "Φ((3.50 − 3.00) ∕ √(0.0900 + 0.1600" in page.text and "= 0.841" in page.text
    labels = " ".join(svg["aria-label"] for svg in page.named("svg"))
    assert "A: score 3.50" in labels and "difference +0.50, deviation 0.50" in labels
    assert len(page.classed("dot")) == 6 and len(page.named("path")) == 4


def test_of_a_side_that_is_unlike_it_is_said_and_how_often_such_a_probability_is_right_is_not():
    odd, fine = ({"novelty": Novelty(far, 0.01, 0.7)} for far in (1.4, 0.5))
    first, second = report(3.5, ROWS[0], deviation=0.3, **odd), report(3.0, ROWS[1], deviation=0.4, **fine)
    steps = (ProbabilityBin(0.5, 1.0, 0.9, (0.85, 0.95), 500),)
    told = parse(outcome(first, second, 0.84, steps)).text
    assert "A looks unlike what the model learned from" in told and "500 pairs" not in told
    assert "Both look unlike" in parse(outcome(first, first, 0.5, steps)).text
    assert "500 pairs" in parse(outcome(second, second, 0.5, steps)).text
    assert texts.UNLIKE in parse(side("A", first)).text and texts.UNLIKE not in parse(side("B", second)).text


def test_without_calibration_the_sampled_answers_decide_and_this_is_said():
    first, second = report(4.0, ROWS[0]), report(3.0, ROWS[1], deviation=0.4)
    page = parse(outcome(first, second, preference_of_reports(first, second)))
    title, _, says = texts.BY_ANSWERS
    assert preference_of_reports(first, second) == first_better(*ROWS)
    assert title in page.text and says.split("<sub>")[0] in page.text and "mean" in page.text


@pytest.mark.parametrize("score", [1.0, 1.3, 3.0, 4.9])
@pytest.mark.parametrize("off", [0.1, 0.5, 1.0])
def test_the_page_s_probability_is_that_of_the_python_interface(score, off):
    first, second = rating(score, off, []), rating(3.3, 0.45, [])
    assert deviation(first.to_dict()) == pytest.approx(off, abs=1e-4)
    expected = Comparison(first, second).probability_first_better
    assert preference_of_reports(first.to_dict(), second.to_dict()) == pytest.approx(expected, abs=1e-3)


def test_where_neither_is_known_the_sides_are_shown_without_an_outcome():
    shown = result(report(3.0, [3.0, None]), report(2.0, [2.0]))
    assert texts.NO_SPREAD in parse(shown["outcome"]).text
    assert re.search("3.00", shown["side_a"]) and re.search("2.00", shown["side_b"])
    calibrated = result(report(3.0, [], deviation=0.3), report(2.0, [], deviation=0.3))
    assert texts.BY_ERRORS[0] in parse(calibrated["outcome"]).text
    old = report(3.0, ROWS[0])
    del old["interval"]
    assert deviation(old) is None

"""One video and two models: what the tab shows is what `ModelComparison` says, and claims no more."""

from __future__ import annotations

import doctest

import pytest

from tests.space.markup import parse
from tests.space.reports import report
from vqathinker.rating import ModelComparison, Rating, Timings
from vqathinker.space.compare import views
from vqathinker.space.compare.panel import MODELS_KIND, VIDEOS_KIND
from vqathinker.space.compare.tab import models_result, not_chosen, ready
from vqathinker.space.widgets import texts

NAMES = ({"model": "tiny"}, {"model": "visualquality-r1@/weights/<mine>", "precision": "nf4"})


def reports(first: float, second: float) -> list[dict]:
    rows = ([3.9, 4.1], [3.0, None, 3.1])
    return [report(score, row, **name) for score, row, name in zip((first, second), rows, NAMES, strict=True)]


@pytest.mark.parametrize(
    ("scores", "told"),
    [
        ((4.0, 3.25), "A gives 0.75 more than B."),
        ((3.25, 4.0), "B gives 0.75 more than A."),
        ((3.25, 3.254), texts.MODELS_SAME),
    ],
)
def test_the_difference_is_told_and_the_answers_are_drawn(scores, told):
    shown = models_result(*reports(*scores))
    page = parse(shown["outcome"])
    assert told in page.text and texts.MODELS_SAY in page.text and len(page.classed("dot")) == 4
    assert "probability" not in page.text and "prefer" not in page.text
    first, second = parse(shown["side_a"]), parse(shown["side_b"])
    assert "A · tiny (fp32)" in first.text and f"{scores[0]:.2f}" in first.text
    assert "B · visualquality-r1 (nf4)" in second.text and f"{scores[1]:.2f}" in second.text


def test_what_is_missing_is_told_by_what_is_compared():
    assert ready(MODELS_KIND, "", "") == texts.MODELS_READY and ready(MODELS_KIND, "a.mp4", "") == texts.MODELS_CHOSEN
    assert ready(VIDEOS_KIND, "a.mp4", "") == texts.COMPARE_READY
    assert ready(VIDEOS_KIND, "a.mp4", "b.mp4") == texts.COMPARE_CHOSEN
    assert not_chosen(MODELS_KIND, "a.mp4", "") == not_chosen(VIDEOS_KIND, "a.mp4", "b.mp4") == ""
    assert not_chosen(MODELS_KIND, "", "") == texts.MODELS_MISSING
    assert "A and B is missing" in not_chosen(VIDEOS_KIND, "", "")


def test_the_json_has_the_difference_of_the_scores():
    timings = Timings(1.0, 0.5, 0.5, 2.0)
    ratings = [
        Rating("a.mp4", score, score, "", "", (), (), (), model, "fp32", timings)
        for score, model in ((3.5, "tiny"), (2.75, "8b"))
    ]
    told = ModelComparison(*ratings).to_dict()
    assert (told["file"], told["difference"]) == ("a.mp4", -0.75)
    assert (told["first"]["model"], told["second"]["model"]) == ("tiny", "8b")


def test_the_examples_hold():
    found = doctest.testmod(views)
    assert found.attempted > 2 and not found.failed

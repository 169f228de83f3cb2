"""Two ratings of one video, in order and disordered, told side by side."""

from __future__ import annotations

from tests.space.markup import parse
from tests.space.reports import report
from vqathinker.rating import first_better
from vqathinker.space.rate.order_check import order_verdict
from vqathinker.space.widgets import texts
from vqathinker.space.widgets.charts import percent
from vqathinker.video import PERTURBATIONS


def test_both_scores_and_the_probability_are_told():
    rows = [3.9, 4.1, 4.0], [3.8, 4.2, 3.4]
    page = parse(order_verdict(report(4.0, rows[0]), report(2.5, rows[1], defects=())))
    assert "In order 4.00, disordered 2.50: 1.50 lower." in page.text
    assert percent(first_better(*rows)) in page.text and texts.NO_DEFECTS in page.text
    assert len(page.classed("vq-row")) == 2


def test_without_sampled_answers_only_the_scores_are_compared():
    page = parse(order_verdict(report(3.0), report(3.2)))
    assert "0.20 higher" in page.text and "probability" not in page.text
    assert "the same" in parse(order_verdict(report(3.0), report(3.0))).text
    assert "low frame rate (severe), blur (slight)" in page.text


def test_every_perturbation_has_its_words():
    assert list(texts.PERTURBATIONS) == list(PERTURBATIONS)

"""The rating as it is drawn: right numbers in the right places, and no text of the model's ever becomes markup."""

from __future__ import annotations

import re

import pytest

from tests.space.markup import parse
from tests.space.reports import report
from vqathinker.rating import Frame, Novelty, score_word
from vqathinker.space.widgets import score_card, texts
from vqathinker.space.widgets.charts import WORDS

HOSTILE = "<img src=x onerror=alert(1)> & \"quoted\" 'too'"


@pytest.mark.parametrize("score", [1.0, 1.8, 3.0, 3.42, 5.0])
def test_the_needle_the_number_and_the_word_tell_one_score(score: float):
    page = parse(score_card.verdict(report(score)))
    [needle] = page.classed("needle")
    across = (float(needle["x1"]) + float(needle["x2"])) / 2
    assert (across < 119.9) == (score < 3) and (across > 120.1) == (score > 3)
    assert f"{score:.2f}" in page.text and "expected 3.30" in page.text
    assert score_word(score) in page.named("section")[0]["class"].split()
    assert page.named("svg")[0]["aria-label"].startswith(f"{score:.2f} on the scale")


def test_how_far_the_score_may_be_off_is_told_where_it_was_calibrated():
    page = parse(score_card.verdict(report(3.0, deviation=0.5)))
    assert texts.INTERVAL.format(3 - 0.8225, 3 + 0.8225) in page.text and "expected" not in page.text
    assert len(page.classed("interval")) == 1
    old = report(3.0)
    del old["interval"], old["greedy"]  # as an older record has them
    assert "expected 3.30" in parse(score_card.verdict(old)).text


def film(step_s: float) -> dict:
    return report(3.4, frames=tuple(Frame(k, k * step_s) for k in range(6)))


WHOLE = {
    "score": 2.1, "interval": None, "windows": [{}] * 59, "notes": ["tone-mapped from HDR (PQ)"],
    "faults": [{"name": a, "severity": b} for a, b in (("blur", "severe"), ("noise", "slight"), ("blur", "slight"))],
}  # fmt: skip


def test_of_a_long_film_the_verdict_is_that_of_its_timeline_once_there_is_one():
    alone, with_timeline = parse(score_card.verdict(film(10))), parse(score_card.verdict(film(10), WHOLE))
    assert "3.40" in alone.text and texts.LONG.format(6) in alone.text
    assert "2.10" in with_timeline.text and texts.WHOLE.format(59, 6, 3.4) in with_timeline.text
    assert [item["class"] for item in with_timeline.named("li")] == ["severe", "slight"]
    assert "poor" in with_timeline.named("section")[0]["class"].split() and "tone-mapped" in with_timeline.text


def test_of_a_short_clip_the_verdict_is_that_of_its_frames():
    assert score_card.verdict(film(0.5), WHOLE) == score_card.verdict(film(0.5))
    assert texts.LONG.format(6) not in score_card.verdict(film(2.0)) and not score_card.is_long(report())


def test_without_a_rating_there_is_a_gauge_and_no_needle():
    page = parse(score_card.verdict())
    assert page.classed("needle") == [] and page.classed("expected") == []
    assert [path["class"] for path in page.named("path")] == list(WORDS)


def test_defects_are_chips_with_their_severity():
    page = parse(score_card.chips(report()["defects"]))
    assert [item["class"] for item in page.named("li")] == ["severe", "slight"]
    assert "low frame rate severe" in page.text and "_" not in page.text
    assert "No defect named" in parse(score_card.chips([])).text


def test_sampled_answers_are_dots_with_mean_spread_and_their_texts():
    page = parse(score_card.sure(report(3.0, [2.5, 3.5, 3.0, None])))
    assert "4 sampled answers: mean 3.00, spread 0.50" in page.text
    assert "1 of 4 could not be read" in page.text
    assert texts.DISAGREE in page.text and len(page.named("li")) == 4
    dots = [mark for mark in page.classed("dot") if "title" in mark]
    assert sorted(mark["title"] for mark in dots) == ["2.50", "3.00", "3.50"]


@pytest.mark.parametrize(("spread", "words"), [(0.05, texts.AGREE), (0.2, texts.WAVER), (0.9, texts.DISAGREE)])
def test_how_sure_it_is_in_words(spread: float, words: str):
    assert texts.how_sure(spread) == words


def test_without_sampled_answers_there_is_nothing_to_tell():
    assert score_card.sure(None) == score_card.sure(report()) == ""
    assert texts.NO_SPREAD in parse(score_card.sure(report(rollouts=[3.0, None]))).text
    assert texts.NO_SPREAD in parse(score_card.sure(report(rollouts=[None]))).text


def test_what_the_model_writes_stays_text():
    told = report(rollouts=[3.0, 4.0], reasoning=HOSTILE)
    told["rollouts"][0]["text"] = HOSTILE
    for html in (
        score_card.reasoning_box(HOSTILE),
        score_card.reasoning_box(HOSTILE, writing=True),
        score_card.sure(told),
    ):
        assert parse(html).named("img") == [] and HOSTILE in parse(html).text


def test_the_marks_of_an_axis_lie_within_it():
    for scores in ([1.0, 1.0], [5.0, 5.0, 1.0], [1.2] * 16):
        page = parse(score_card.sure(report(1.0, scores)))
        lefts = [float(left) for left in re.findall(r"left:([\d.]+)%", str(page.tags))]
        assert all(0 <= left <= 100 for left in lefts)
        heights = [int(px) for px in re.findall(r"bottom:(\d+)px", str(page.tags))]
        assert max(heights) <= 40


def novel(distance: float) -> Novelty:
    return Novelty(distance, false_alarm_rate=0.008, detection_rate=0.72)


def test_what_is_unlike_is_said_beside_the_score_and_nothing_where_nothing_is_known():
    page = parse(score_card.verdict(report(novelty=novel(1.3))))
    assert texts.UNLIKE in page.text and "0.8% of held-out files" in page.text and "72% of odd ones" in page.text
    assert texts.UNLIKE in parse(score_card.verdict(film(10) | {"novelty": novel(1.3).to_dict()}, WHOLE)).text
    for known in (None, novel(0.4), novel(1.0)):
        assert parse(score_card.verdict(report(novelty=known))).classed("vq-unlike") == []
    older = report()
    del older["novelty"]
    assert texts.UNLIKE not in parse(score_card.verdict(older)).text


def test_notes_say_what_was_done_to_the_file():
    page = parse(score_card.verdict(report(notes=("tone-mapped from HDR (PQ)", "bars <cropped>"))))
    assert len(page.classed("vq-notes")) == 1
    assert "tone-mapped from HDR (PQ); bars <cropped>" in page.text
    assert parse(score_card.verdict(report())).classed("vq-notes") == []

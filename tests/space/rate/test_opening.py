"""What the page opens with: a recorded rating, said to be one; and the pictures that a visitor may score first."""

from __future__ import annotations

import json
from dataclasses import replace

from tests.space.markup import parse
from vqathinker.space.rate.held_out import Beside
from vqathinker.space.rate.opening import EXAMPLE, choose_opening
from vqathinker.space.rate.score_first import score_first
from vqathinker.space.settings import Settings
from vqathinker.space.widgets import texts
from vqathinker.space.widgets.records import load_examples, load_rated, read_records

SETTINGS = Settings()
EXAMPLES = load_examples(SETTINGS.examples)
RECORDS = read_records([SETTINGS.examples / entry["file"] for entry in EXAMPLES], SETTINGS)
RATED = load_rated(SETTINGS.examples)


def opened(records=RECORDS, stand_ins=RECORDS):
    return choose_opening(EXAMPLES, records, stand_ins, SETTINGS.examples, Beside(caveat="It errs."))


def test_the_best_example_stands_there_with_its_recorded_rating():
    found, record = opened(), RECORDS[SETTINGS.examples / EXAMPLE]
    assert found.job.path.endswith(EXAMPLE) and not found.job.rollouts
    assert found.said["report"] == record.report and found.said["player"] == found.shown["player"]
    assert record.made in found.said["status"] and texts.FIRST_RECORDED.split("{}")[0] in found.said["status"]
    assert f"{record.report['score']:.2f}" in parse(found.said["verdict"]).text
    assert f"{record.report['score']:.2f}" in parse(found.said["caption"]).text
    assert found.said["seen"] == record.film, "so that a check of its order can go into the report"


def test_another_one_stands_in_where_it_was_not_recorded():
    first = SETTINGS.examples / EXAMPLES[0]["file"]
    assert opened({first: RECORDS[first]}).job.path == str(first)
    assert texts.FIRST_STAND_IN.split("{}")[0] in opened(records={}).said["status"]
    assert opened({}, {}) is None


def test_the_rated_pictures_are_credited_and_have_the_notice_beside_them():
    assert len(RATED) == 8 and len({entry["file"] for entry in RATED}) == 8
    notice = (SETTINGS.examples / "rated" / "LICENSE.txt").read_text(encoding="utf-8")
    assert "COPYRIGHT NOTICE STARTS" in notice and "COPYRIGHT NOTICE ENDS" in notice
    for entry in RATED:
        assert (SETTINGS.examples / entry["file"]).stat().st_size < 150_000
        assert "University of Texas" in entry["attribution"] and 1 <= entry["mos"] <= 5
    scores = sorted(entry["mos"] for entry in RATED)
    assert scores[0] < 1.8 and scores[-1] > 4.2, "all of the scale is there"


def test_a_visitor_scores_with_the_numbers_of_people_and_of_this_model():
    paths = [SETTINGS.examples / entry["file"] for entry in RATED]
    records = read_records(paths, SETTINGS)
    assert set(records) == set(paths), "the records are stale: run python -m examples.record"
    own = [(entry, records[path]) for entry, path in zip(RATED, paths, strict=True)]
    parsed = parse(score_first(own, SETTINGS.examples))
    [section] = parsed.classed("vq-first")
    pictures = json.loads(section["data-pictures"])
    assert [one["people"] for one in pictures] == [entry["mos"] for entry in RATED]
    assert [one["model"] for one in pictures] == [round(record.report["score"], 2) for _, record in own]
    words = json.loads(section["data-words"])
    assert (words[0], words[8], words[20], words[40]) == ("bad", "poor", "fair", "excellent")
    assert str(RATED[0]["mos"]) not in parsed.text, "the answer is not in sight before it is asked for"
    held_out = replace(SETTINGS, model="nowhere")
    assert read_records(paths, held_out) == {}

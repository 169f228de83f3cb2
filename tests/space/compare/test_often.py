"""How often a probability is right: the step that holds it is told, and nothing where nothing was measured."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.space.markup import parse
from tests.space.reports import report
from vqathinker.space.compare.often import INTERVAL_FILE, how_often, read_steps
from vqathinker.space.compare.views import better_one, outcome

STEP = {"from": 0.5, "to": 0.8, "right": 0.661, "low": 0.62, "high": 0.7, "pairs": 1234}
LAST = {"from": 0.8, "to": 1.0, "right": 0.9, "low": 0.88, "high": 0.93, "pairs": 50}


def steps(folder: Path, *entries: dict) -> tuple:
    (folder / INTERVAL_FILE).write_text(json.dumps({"pairs": list(entries)}))
    return read_steps(folder)


def test_the_step_that_holds_the_probability_is_told(tmp_path):
    found = steps(tmp_path, STEP, LAST)
    told = how_often(found, 0.79)
    assert "said 50 to 80%" in told and "in 66 of 100 (95% interval 62 to 70; 1,234 pairs)" in told
    assert "in 90 of 100" in how_often(found, 0.8) and how_often(found, 1.0) == how_often(found, 0.8)
    assert how_often(steps(tmp_path, LAST), 0.6) == ""


@pytest.mark.parametrize(
    "content", ["", "{}", '{"pairs": 3}', json.dumps({"pairs": [STEP | {"right": 1.2}]}), '{"pairs": [{"from": 1}]}']
)
def test_what_was_not_measured_is_not_told(tmp_path, content: str):
    assert read_steps(tmp_path) == ()
    (tmp_path / INTERVAL_FILE).write_text(content)
    assert read_steps(tmp_path) == () and how_often((), 0.9) == ""


@pytest.mark.parametrize(
    ("probability", "told"),
    [
        (0.83, "A is the better one with a probability of 83%."),
        (0.17, "B is the better one with a probability of 83%."),
        (0.45, "The model cannot tell them apart: B is the better one with a probability of 55% only."),
        (0.5, "The model cannot tell them apart: either may be the better one."),
        (0.0001, "B is the better one with a probability of over 99%."),
    ],
)
def test_the_headline_speaks_of_the_better_one(probability: float, told: str):
    assert better_one(probability) == told


def test_the_page_tells_it_for_calibrated_scores_only(tmp_path):
    found = steps(tmp_path, STEP, LAST)
    sure = outcome(report(2.0, [2.0, 2.1], deviation=0.3), report(4.0, [4.0, 4.1], deviation=0.3), 0.01, found)
    assert "B is the better one" in parse(sure).text and "in 90 of 100" in parse(sure).text
    sampled = outcome(report(2.0, [2.0, 2.1]), report(4.0, [4.0, 4.1]), 0.01, found)
    assert "of 100" not in parse(sampled).text

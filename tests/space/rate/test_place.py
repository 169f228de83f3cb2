"""A score beside held-out pictures: what the file says is what is drawn and told, and nothing without a file."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.space.markup import parse
from tests.space.reports import report
from vqathinker.bundled import checkpoint_folder
from vqathinker.space.rate.held_out import HELD_OUT_FILE, HeldOut, nine_in_ten, read_held_out
from vqathinker.space.rate.place import among
from vqathinker.space.widgets import texts

MANY = HeldOut(tuple((2.0 + k / 100, 3.0) for k in range(101)) + tuple((4.5, 4.0) for _ in range(99)))


def test_the_sentences_count_what_the_pictures_are():
    page = parse(among(report(3.1, deviation=0.3), MANY))
    assert "101 got a score within 0.15 of this one" in page.text
    assert "people gave 2.0 to 3.0" in page.text.replace("2.05", "2.0").replace("2.95", "3.0")
    assert "50% got a lower score." in page.text and "200 held-out pictures" in page.text


def test_the_quantiles_leave_out_one_in_twenty_at_either_end():
    assert nine_in_ten([k / 100 for k in range(101)]) == pytest.approx((0.05, 0.95))


def test_every_picture_is_a_dot_and_the_score_stands_where_it_is():
    html = among(report(3.0, deviation=0.3), MANY)
    paths = {tag["class"]: tag["d"] for tag in parse(html).named("path")}
    assert paths["dots near"].count("M") == 101 and paths["dots"].count("M") == 99
    assert paths["here"].startswith("M50.0 50.0")
    x, low, high = map(float, re.findall(r"[\d.]+", paths["range"]))
    assert x == 50 and low - 50 == pytest.approx(50 - high) and low > high
    assert "range" not in {tag["class"] for tag in parse(among(report(3.0), MANY)).named("path")}


def test_where_hardly_any_picture_got_such_a_score_no_share_is_told():
    page = parse(among(report(1.2), MANY))
    assert texts.PLACE_RARE.format(0, 0.15, 1.2) in page.text and "nine in ten" not in page.text


def test_without_pictures_there_is_nothing():
    assert among(report(3.0), None) == ""


@pytest.mark.parametrize(
    "content", ["", "[]", '{"format": 2, "sets": {"a": [[3, 3]]}}', '{"format": 1, "sets": {}}', "null"]
)
def test_a_file_that_cannot_be_read_shows_nothing(tmp_path: Path, content: str):
    assert read_held_out(tmp_path) is None
    (tmp_path / HELD_OUT_FILE).write_text(content)
    assert read_held_out(tmp_path) is None


@pytest.mark.parametrize("point", [[0.5, 3.0], [3.0, 5.5], [3.0], ["a", 3], [float("nan"), 3.0]])
def test_numbers_off_the_scale_show_nothing(tmp_path: Path, point: list):
    (tmp_path / HELD_OUT_FILE).write_text(json.dumps({"format": 1, "sets": {"a": [[3.0, 3.0], point]}}))
    assert read_held_out(tmp_path) is None


def test_the_bundled_checkpoint_has_its_pictures():
    held = read_held_out(checkpoint_folder("tiny"))
    assert len(held.points) > 1000
    off = sum(abs(mos - score) for mos, score in held.points) / len(held.points)
    assert off < 0.45, "these are not its own predictions"

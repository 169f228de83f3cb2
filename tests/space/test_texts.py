"""The About page: its numbers come from files, and what it promises is what the code does."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from vqathinker.rating import score_word
from vqathinker.space import texts
from vqathinker.video import Limits


def test_measured_numbers_are_shown_where_there_are_any(tmp_path: Path):
    without = texts.about("tiny", "http://here", tmp_path)
    interval = {"value": 0.78125, "low": 0.7, "high": 0.85}
    found = {"sets": {"clive": {"score": {"srcc": interval, "plcc": interval}}}, "well_formed": 1.0, "order": {}}
    (tmp_path / "evaluation.json").write_text(json.dumps(found))
    page = texts.about("tiny", "http://here", tmp_path)
    rows = [line for line in page.splitlines() if line.startswith("| ") and line != "| | |"]
    assert [row.split("|")[2].strip() for row in rows] == ["0.78 [0.70, 0.85]", "1.00"]
    assert "How well" not in without and page.startswith(without.rstrip())


@pytest.mark.parametrize("content", ["", "[1, 2]", "{}", '{"order": 3}', '{"sets": null}'])
def test_a_file_without_numbers_adds_nothing(tmp_path: Path, content: str):
    (tmp_path / "evaluation.json").write_text(content)
    assert texts.numbers(tmp_path / "evaluation.json") == ""


def test_limits_and_words_are_those_of_the_code():
    about = texts.about("tiny", "http://here", None)
    assert f"{Limits().max_bytes // 2**20} MB" in about and f"{Limits().max_side} pixels" in about
    for word, edge in {"bad": 1.8, "poor": 2.6, "fair": 3.4, "good": 4.2}.items():
        assert f"{word} below {edge}" in about
        assert score_word(edge - 0.01) == word != score_word(edge)


def test_only_the_bundled_model_is_described_as_such():
    assert "bundled" in texts.about("tiny", "x", None) and "bundled" not in texts.about("/models/8b", "x", None)

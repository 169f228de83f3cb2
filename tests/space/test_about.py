"""The About page: its numbers and failures come from files, and what it promises is what the code does."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import vqathinker
from vqathinker.bundled import checkpoint_folder
from vqathinker.files import FORMATS
from vqathinker.model.memory import PRECISIONS
from vqathinker.rating import score_word
from vqathinker.space.about import about_page, duration, from_card, numbers
from vqathinker.space.settings import Settings
from vqathinker.video import Limits

ROOT = Path(vqathinker.__file__).parent.parent


def test_measured_numbers_are_shown_where_there_are_any(tmp_path: Path):
    without = about_page(Settings(), tmp_path)
    interval = {"value": 0.78125, "low": 0.7, "high": 0.85}
    found = {"sets": {"clive": {"score": {"srcc": interval, "plcc": interval}}}, "well_formed": 1.0, "order": {}}
    (tmp_path / "evaluation.json").write_text(json.dumps(found))
    page = about_page(Settings(), tmp_path)
    rows = page[page.index("## How well") :].partition("\n\n## ")[0].splitlines()[6:]
    assert [row.split("|")[2].strip() for row in rows] == ["0.78 [0.70, 0.85]", "1.00"]
    assert "How well" not in without


@pytest.mark.parametrize("content", ["", "[1, 2]", "{}", '{"order": 3}', '{"sets": null}'])
def test_a_file_without_numbers_adds_nothing(tmp_path: Path, content: str):
    (tmp_path / "evaluation.json").write_text(content)
    assert numbers(tmp_path / "evaluation.json") == ""


def test_limits_and_words_are_those_of_the_code():
    page = about_page(Settings(), None)
    assert f"{Limits().max_bytes // 2**20} MB" in page and f"{Limits().max_side} pixels" in page
    for word, edge in {"bad": 1.8, "poor": 2.6, "fair": 3.4, "good": 4.2}.items():
        assert f"{word} below {edge}" in page
        assert score_word(edge - 0.01) == word != score_word(edge)


def test_limits_are_those_that_the_host_has_set(monkeypatch):
    monkeypatch.setenv("VQATHINKER_KEEP_MINUTES", "5")
    monkeypatch.setenv("VQATHINKER_MOST_MB", "40")
    page = about_page(Settings.from_environment(), None)
    assert "deleted after 5 minutes." in page and "up to 40 MB" in page
    assert "deleted after an hour." in about_page(Settings(), None)


@pytest.mark.parametrize(("minutes", "words"), [(1, "a minute"), (60, "an hour"), (90, "90 minutes"), (120, "2 hours")])
def test_a_time_in_words(minutes: int, words: str):
    assert duration(60 * minutes) == words


def test_formats_are_those_of_the_readme():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for text in (readme, about_page(Settings(), None)):
        assert f"pixels a side: {FORMATS}." in " ".join(text.split())


def test_every_endpoint_is_named():
    shown = {name: about_page(Settings(beside_model=name), None) for name in ("", "8b")}
    for name in ("rate", "timeline", "compare", "rewards"):
        assert all(f"/{name}" in page for page in shown.values()), name
    assert "`/compare_models`" in shown["8b"] and "/compare_models" not in shown[""]


def test_only_the_bundled_model_is_described_as_such():
    assert "bundled" in about_page(Settings(), None) and "bundled" not in about_page(Settings("/models/8b"), None)


def test_failures_and_training_data_are_those_of_the_model_card(tmp_path: Path):
    (tmp_path / "README.md").write_text("---\nlicense: x\n---\n# A\n\n## Where it fails\n- At night.\n\n## Other\nno\n")
    assert from_card(tmp_path / "README.md") == "\n## Where it fails\n\n- At night.\n"
    assert from_card(tmp_path / "none.md") == ""
    page = about_page(Settings(), checkpoint_folder("tiny"))
    assert all(f"## {title}" in page for title in ("How well it does", "Where it fails", "Training data"))


def test_whoever_wants_to_host_or_cite_finds_how():
    page = about_page(Settings(), None)
    assert all(name in page for name in ("VQATHINKER_MODEL", "VQATHINKER_PRECISION", "cao2025vqathinker", "Apache-2.0"))
    assert all(f"`{name}`" in page for name in PRECISIONS if name != "fp32")


@pytest.mark.parametrize(
    ("model", "sees"), [("tiny", "short\n  burst"), ("visualquality-r1", "no motion"), ("8b", ""), ("nothing@x", "")]
)
def test_what_is_seen_between_the_frames_is_told_of_the_model_that_runs(model, sees):
    told = about_page(Settings(model), None)
    assert sees in told and ("burst" in told) == (model == "tiny") and ("no motion" in told) == (sees == "no motion")

"""The clips in examples/: all there, small, described, and made of what they say."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import vqathinker
from examples.make import EXAMPLES, SHORT_SIDE
from vqathinker.video import probe

FOLDER = Path(vqathinker.__file__).parent.parent / "examples"
MANIFEST = json.loads((FOLDER / "manifest.json").read_text())


def test_the_manifest_and_the_folder_agree():
    assert 6 <= len(MANIFEST) <= 10
    assert [entry["file"] for entry in MANIFEST] == [f"{example.name}.mp4" for example in EXAMPLES]
    assert {path.name for path in FOLDER.glob("*.mp4")} == {entry["file"] for entry in MANIFEST}
    assert [entry["done"] for entry in MANIFEST] == [example.done for example in EXAMPLES]


@pytest.mark.parametrize("entry", MANIFEST, ids=lambda entry: entry["file"])
def test_each_clip_is_short_small_credited_and_has_a_poster(entry: dict):
    info = probe(FOLDER / entry["file"])
    assert 2 <= info.duration_s <= 3.1
    assert min(info.width, info.height) <= SHORT_SIDE
    assert (FOLDER / entry["file"]).stat().st_size < 1_200_000
    assert (FOLDER / entry["poster"]).stat().st_size < 20_000
    assert all(entry[key] for key in ("title", "source", "licence", "attribution", "notice"))
    assert "NC" not in entry["licence"] and "GPL" not in entry["licence"]


def test_there_are_clean_ones_and_different_defects():
    defects = [example.defect and example.defect[0] for example in EXAMPLES]
    assert None in defects and len(set(defects)) >= 5

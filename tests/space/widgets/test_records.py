"""Recorded ratings: fresh ones are what the model says, and a stale one is never shown."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests import raters
from vqathinker.bundled import CHECKPOINTS
from vqathinker.space.settings import Settings
from vqathinker.space.widgets import records

EXAMPLES = Settings().examples
CLIPS = [EXAMPLES / entry["file"] for entry in records.load_examples(EXAMPLES)]
AGAIN = "the records are stale: run python -m examples.record"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An example with its record, and a small stand-in for a checkpoint that the record was made with."""
    clip = CLIPS[0]
    for part in (clip, records.record_path(clip)):
        target = tmp_path / part.relative_to(EXAMPLES)
        target.parent.mkdir(exist_ok=True)
        shutil.copy(part, target)
    checkpoint = tmp_path / "checkpoint"
    checkpoint.mkdir()
    (checkpoint / "config.json").write_text("{}")
    (checkpoint / "model.safetensors").write_bytes(b"weights")
    path = records.record_path(tmp_path / clip.name)
    values = json.loads(path.read_text()) | {"checkpoint": records.fingerprint(checkpoint)}
    path.write_text(json.dumps(values))
    return tmp_path


def found(folder: Path, **changes) -> dict:
    settings = Settings(**{"model": str(folder / "checkpoint"), "examples": folder, **changes})
    return records.read_records([folder / CLIPS[0].name], settings)


def test_every_example_has_a_fresh_record():
    assert set(records.read_records(CLIPS, Settings())) == set(CLIPS), AGAIN


def test_a_record_is_what_the_model_says():
    clip = CLIPS[2]
    report = records.read_records([clip], Settings())[clip].report
    live = raters.tiny().rate(clip).to_dict()
    same = (
        "file",
        "score",
        "expected",
        "greedy",
        "interval",
        "text",
        "reasoning",
        "defects",
        "frames",
        "model",
        "precision",
    )
    assert {key: report[key] for key in same} == {key: live[key] for key in same}, AGAIN
    assert len(report["rollouts"]) == records.RECORDED_ROLLOUTS


def test_a_record_is_there_for_its_checkpoint_its_clip_and_its_precision(folder: Path):
    assert len(found(folder)) == len(found(folder, precision="fp32")) == 1
    assert found(folder, precision="int8") == {}


@pytest.mark.parametrize("part", ["checkpoint/model.safetensors", "checkpoint/config.json", CLIPS[0].name])
def test_a_record_is_stale_when_the_checkpoint_or_the_clip_has_changed(folder: Path, part: str):
    with open(folder / part, "ab") as file:
        file.write(b" ")
    assert found(folder) == {}


def test_the_model_card_does_not_make_a_record_stale(folder: Path):
    (folder / "checkpoint" / "README.md").write_text("new numbers")
    (folder / "checkpoint" / "evaluation.json").write_text("{}")
    assert len(found(folder)) == 1


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"checkpoint": 1, "clip": 2}'])
def test_a_broken_record_is_none(folder: Path, content: str):
    records.record_path(folder / CLIPS[0].name).write_text(content)
    assert found(folder) == {}


def test_a_model_that_is_no_folder_has_no_records():
    assert records.read_records(CLIPS, Settings(model="8b")) == {}
    assert records.fingerprint(CHECKPOINTS / "tiny") is not None


def test_records_are_small():
    assert sum(path.stat().st_size for path in (EXAMPLES / "records").iterdir()) < 600_000

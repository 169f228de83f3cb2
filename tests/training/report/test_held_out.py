"""Which pictures the page shows beside a score, and whose measurements they are."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from training.evaluate.lines import checkpoint_digest
from training.report.held_out import MOST_POINTS, main, points
from vqathinker.bundled import HELD_OUT_FILE, checkpoint_folder
from vqathinker.space.rate.held_out import read_held_out

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """An evaluation of five samples, and the checkpoint that it was made with."""
    checkpoint, evaluation = tmp_path / "checkpoint", tmp_path / "evaluation"
    for folder in (checkpoint, evaluation):
        folder.mkdir()
    (checkpoint / "config.json").write_text("{}")
    hashes = {"checkpoint": checkpoint_digest(checkpoint)}
    (evaluation / "evaluation.json").write_text(json.dumps({"hashes": hashes}))
    rows = [
        {"id": "a", "set": "clive", "mos": 2.3456, "score": 2.5},
        {"id": "b", "set": "biq", "mos": 4.0, "score": 3.9},
        {"id": "c", "set": "pseudo", "mos": 3.0, "score": 3.0},
        {"id": "d", "set": "biq_filmed", "mos": 4.0, "score": 3.0},
        {"id": "e", "error": "cannot be decoded"},
    ]
    (evaluation / "predictions.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return evaluation, checkpoint


def test_pictures_that_people_rated_are_written_and_read(folders):
    evaluation, checkpoint = folders
    main([str(evaluation), "--checkpoint", str(checkpoint)])
    assert read_held_out(checkpoint).points == ((2.35, 2.5), (4.0, 3.9))


def test_the_measurements_of_another_checkpoint_are_refused(folders):
    evaluation, checkpoint = folders
    (checkpoint / "config.json").write_text('{"other": 1}')
    with pytest.raises(SystemExit, match="another checkpoint"):
        main([str(evaluation), "--checkpoint", str(checkpoint)])
    assert not (checkpoint / HELD_OUT_FILE).exists()


def test_without_a_rated_picture_there_is_a_sentence():
    with pytest.raises(ValueError, match="no picture of clive"):
        points([{"set": "pseudo", "mos": 3.0, "score": 3.0}])
    many = [{"set": "biq", "mos": 3.0, "score": 3.0}] * (MOST_POINTS + 10)
    assert len(points(many)["biq"]) == MOST_POINTS


def test_the_bundled_ones_are_those_of_its_run():
    """Fails when a new run came without the command in training/README.md."""
    kept = json.loads((checkpoint_folder("tiny") / HELD_OUT_FILE).read_text(encoding="utf-8"))
    lines = [json.loads(line) for line in (ROOT / "training/runs/tiny/predictions.jsonl").read_text().splitlines()]
    assert kept["sets"] == points(lines)

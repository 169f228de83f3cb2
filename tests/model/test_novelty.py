"""What is unlike all that was learned: far from the plane of it; and a file that does not fit is told."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.training.toys import save_checkpoint
from vqathinker import load_rater
from vqathinker.bundled import NOVELTY_FILE
from vqathinker.errors import ModelError
from vqathinker.model.loading import open_checkpoint
from vqathinker.model.novelty import (
    NoveltyDetector,
    Plane,
    detector_from_json,
    detector_to_json,
    read_novelty,
    tower_mark,
)
from vqathinker.video import load_clip

WIDTH = 24


def detector(limit: float = 2.0, width: int = WIDTH, tower: str = "mark") -> NoveltyDetector:
    """The first two axes, around 1."""
    plane = Plane(np.ones(width, np.float32), np.full(width, 0.5, np.float32), np.eye(2, width, dtype=np.float32))
    return NoveltyDetector(plane, limit, 0.01, 0.75, tower)


def test_what_lies_in_the_plane_is_near_and_what_lies_beside_it_is_as_far_as_it_is():
    inside, beside = torch.ones(1, WIDTH), torch.ones(1, WIDTH)
    inside[0, 0], inside[0, 1] = 9.0, -4.0
    beside[0, 5] = 1.0 + 3 * 0.5
    assert detector().of(inside) == pytest.approx(0, abs=1e-3)
    assert detector(limit=2.0).of(beside) == pytest.approx(1.5)
    assert detector(limit=4.0).of(beside.bfloat16()) == pytest.approx(0.75, rel=1e-2)


def test_a_file_is_read_back():
    random = np.random.default_rng(0)
    axes = np.linalg.qr(random.normal(size=(WIDTH, 3)))[0].T
    one = NoveltyDetector(Plane(random.normal(size=WIDTH), random.random(WIDTH) + 0.1, axes), 3.5, 0.02, 0.7, "mark")
    again = detector_from_json(json.loads(json.dumps(detector_to_json(one))))
    assert (again.limit, again.false_alarm_rate, again.detection_rate, again.tower) == (3.5, 0.02, 0.7, "mark")
    points = random.normal(size=(50, WIDTH)) * 4
    assert np.allclose(again.plane.distances(points), one.plane.distances(points), rtol=2e-3)


@pytest.mark.parametrize(
    "change",
    [
        {"format": 2}, {"limit": 0}, {"limit": float("nan")}, {"limit": None}, {"detection_rate": 1.5},
        {"mean": "no base64!"}, {"mean": "AAA"}, {"components": []}, {"deviation": "AAAA"}, {"components": ["AAAA"]},
    ],
)  # fmt: skip
def test_a_damaged_file_is_told(tmp_path: Path, change: dict):
    (tmp_path / NOVELTY_FILE).write_text(json.dumps(detector_to_json(detector()) | change))
    with pytest.raises(ModelError, match="novelty.json is damaged"):
        read_novelty(tmp_path, {})


@pytest.mark.parametrize("content", ["", "[]", "{}", '"text"', "\x00"])
def test_so_is_what_is_no_such_file(tmp_path: Path, content: str):
    (tmp_path / NOVELTY_FILE).write_text(content)
    with pytest.raises(ModelError, match="novelty.json is damaged"):
        read_novelty(tmp_path, {})


def test_towers_are_told_apart_and_words_do_not_matter(tmp_path: Path):
    marks = [
        tower_mark(open_checkpoint(save_checkpoint(tmp_path / f"{words}{tower}", words, tower)).weights)
        for words, tower in ((0, 0), (1, 0), (0, 1))
    ]
    assert marks[0] == marks[1] != marks[2]


def test_every_way_to_a_rating_tells_the_same_novelty(tmp_path: Path, clip, caplog):
    checkpoint, path = save_checkpoint(tmp_path / "toy"), clip("plain.mp4")
    plain = load_rater(str(checkpoint), "fp32").rate(path)
    assert plain.novelty is None and plain.to_dict()["novelty"] is None
    opened = open_checkpoint(checkpoint)
    made = detector(1e-3, opened.config.token_size, tower_mark(opened.weights))
    (checkpoint / NOVELTY_FILE).write_text(json.dumps(detector_to_json(made)))
    rater = load_rater(str(checkpoint), "fp32")
    alone, beside = rater.rate(path), next(rater.rate_many([path], jobs=1))
    assert alone.novelty.distance == pytest.approx(beside.novelty.distance, rel=1e-4) and alone.novelty.unlike
    seen = rater.loaded.processor.video_inputs([load_clip(path, rater.loaded.video_spec)])
    tokens = rater.loaded.model.model.vision_tokens(seen["pixel_values"])
    assert alone.novelty.distance == pytest.approx(made.of(tokens[:, :, 0].mean(1)), rel=1e-3)
    assert alone.to_dict()["novelty"] == {
        "unlike": True,
        "distance": round(alone.novelty.distance, 3),
        "false_alarm_rate": 0.01,
        "detection_rate": 0.75,
    }
    assert (alone.text, alone.expected) == (plain.text, pytest.approx(plain.expected, abs=1e-5))
    (checkpoint / NOVELTY_FILE).write_text(
        json.dumps(detector_to_json(detector(1e-3, opened.config.token_size, "another")))
    )
    assert load_rater(str(checkpoint), "fp32").rate(path).novelty is None and "for another tower" in caplog.text

"""The motion stage tells frozen bursts from moving ones after a few steps."""

import numpy as np
import pytest

from tests.model.tiny_models import BURST, BURST_SIDE, FRAMES, make_model, make_processor
from training.config import MoveSettings, SftSettings
from training.move import train_to_move, varied
from training.state import read_jsonl


def bursts(rng: np.random.Generator, frozen: bool) -> np.ndarray:
    first = rng.integers(60, 200, (FRAMES, 1, BURST_SIDE, BURST_SIDE), dtype=np.uint8)
    if frozen:
        return np.repeat(first, BURST, axis=1)
    return np.concatenate([np.roll(first, step, axis=-1) for step in range(BURST)], axis=1)


@pytest.fixture
def rows(tmp_path):
    rng, rows = np.random.default_rng(0), []
    for index in range(40):
        frozen = index % 2 == 0
        frames = np.zeros((1, 8, 8, 3), np.uint8)
        np.savez(tmp_path / f"{index}.npz", frames=frames, bursts=bursts(rng, frozen), facts=np.zeros(4, np.float32))
        defects = [{"name": "freeze", "severity": "severe"}] if frozen else []
        rows.append({"id": str(index), "kind": "pseudo", "defects": defects})
    return {"train": rows[:32], "val": rows[32:]}


def test_freezes_are_learned_in_a_few_steps(rows, tmp_path):
    settings = SftSettings(move=MoveSettings(epochs=12, batch_size=8, lr=1e-2))
    train_to_move(make_model(make_processor()), rows, tmp_path, tmp_path / "run", settings, report=lambda line: None)
    log = read_jsonl(tmp_path / "run" / "log.jsonl")
    assert log[-1]["validation"]["freeze"] == 1.0
    assert log[-1]["loss"] < log[0]["loss"] / 2


def test_varying_keeps_still_bursts_still():
    rng = np.random.default_rng(0)
    for seed in range(10):
        shown = varied(bursts(rng, True), np.random.default_rng(seed))
        assert (shown == shown[:, :1]).all()

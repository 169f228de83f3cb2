"""The motion stage tells frozen bursts from moving ones after a few steps."""

import numpy as np
import pytest
import torch

from tests.model.tiny_models import BURST, BURST_SIDE, FRAMES, make_model, make_processor
from training.config import ModelSettings, MoveSettings, SftSettings
from training.move import gains, train_to_move, varied
from training.state import read_jsonl

MODEL = ModelSettings(frames=FRAMES, burst_length=BURST, burst_size=BURST_SIDE)
FACTS = {"width": 160, "height": 96, "fps": 24.0, "num_frames": 24, "duration_s": 1.0}


def film(rng: np.random.Generator, frozen: bool) -> np.ndarray:
    first = rng.integers(60, 200, (BURST_SIDE, BURST_SIDE), dtype=np.uint8)
    return np.stack([np.roll(first, 0 if frozen else step, axis=-1) for step in range(24)])


@pytest.fixture
def rows(tmp_path):
    rng, rows = np.random.default_rng(0), []
    for index in range(40):
        frozen = index % 2 == 0
        frames = np.zeros((FRAMES, 8, 8, 3), np.uint8)
        np.savez(tmp_path / f"{index}.npz", frames=frames, film=film(rng, frozen), facts=np.zeros(4, np.float32))
        defects = [{"name": "freeze", "severity": "severe"}] if frozen else []
        rows.append({"id": str(index), "kind": "pseudo", "mos": 3.0, "defects": defects, "facts": FACTS})
    return {"train": rows[:32], "val": rows[32:]}


def test_freezes_are_learned_in_a_few_steps(rows, tmp_path):
    move = MoveSettings(epochs=12, batch_size=8, lr=1e-2, time_share=0.0)
    settings = SftSettings(model=MODEL, move=move, tone_share=0.0)
    train_to_move(make_model(make_processor()), rows, tmp_path, tmp_path / "run", settings, report=lambda line: None)
    log = read_jsonl(tmp_path / "run" / "log.jsonl")
    assert log[-1]["validation"]["freeze"] == 1.0
    assert log[-1]["loss"] < log[0]["loss"] / 2


def test_varying_keeps_still_bursts_still_and_in_range():
    still = torch.rand(6, 1, 1, BURST_SIDE, BURST_SIDE).expand(-1, FRAMES, BURST, -1, -1)
    shown = varied(still, gains(len(still), np.random.default_rng(0)))
    assert (shown == shown[:, :, :1]).all() and shown.max() <= 1
    assert not torch.equal(shown, still)

"""The motion stage tells frozen bursts from moving ones after a few steps, and sees liked pictures filmed."""

import io
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from tests.model.tiny_models import BURST, BURST_SIDE, FRAMES, make_model, make_processor
from tests.training.conftest import texture
from tests.training.toys import picture_row
from training.common.io import read_jsonl
from training.sft.config import ModelSettings, MotionSettings, SftSettings
from training.sft.motion import MOTION_DEFECT_INDICES, Mover, gains, train_to_move, varied
from vqathinker.rating.defects import DEFECTS

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
    move = MotionSettings(epochs=12, batch_size=8, lr=1e-2, time_share=0.0)
    settings = SftSettings(model=MODEL, motion=move, tone_share=0.0)
    train_to_move(make_model(make_processor()), rows, tmp_path, tmp_path / "run", settings, report=lambda line: None)
    log = read_jsonl(tmp_path / "run" / "log.jsonl")
    assert log[-1]["validation"]["freeze"] == 1.0
    assert log[-1]["loss"] < log[0]["loss"] / 2


def test_varying_keeps_still_bursts_still_and_in_range():
    still = torch.rand(6, 1, 1, BURST_SIDE, BURST_SIDE).expand(-1, FRAMES, BURST, -1, -1)
    shown = varied(still, gains(len(still), np.random.default_rng(0)))
    assert (shown == shown[:, :, :1]).all() and shown.max() <= 1
    assert not torch.equal(shown, still)


def test_liked_training_pictures_are_filmed_and_the_others_left_to_the_other_stages(tmp_path):
    pictures = [picture_row(index, mos=2.0 + index / 2) for index in range(6)]
    for one in pictures:
        content = io.BytesIO()
        Image.fromarray(texture(np.random.default_rng(0), 60, 40)).save(content, "PNG")
        np.savez(tmp_path / f"{one['id']}.npz", content=np.frombuffer(content.getvalue(), np.uint8))
    settings = SftSettings(model=MODEL, motion=MotionSettings(filmed=0, time_share=0.5), tone_share=0.0)
    rows = {"train": list(pictures), "val": list(pictures)}
    mover = Mover(make_model(make_processor()), rows, tmp_path, settings)
    assert [one["id"] for one in mover.rows["train"]] == ["picture4", "picture5"] and mover.rows["val"] == []
    assert rows["train"] == pictures
    shown = mover.prepare(mover.rows["train"] * 10, np.random.default_rng(0))
    assert shown.values.shape == (20, FRAMES, BURST, BURST_SIDE, BURST_SIDE)
    assert all(one["facts"]["num_frames"] == 60 for one in shown.rows)
    assert {d["name"] for one in shown.rows for d in one["defects"]} <= {
        DEFECTS[index] for index in MOTION_DEFECT_INDICES
    }
    few = replace(settings, motion=MotionSettings(filmed=1))
    assert len(Mover(make_model(make_processor()), rows, tmp_path, few).rows["train"]) == 1

"""The regression is that of the normal equations; the towers are those of the first stage, or one is told."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.training.toys import picture_row, write_built
from training.evaluate.ridge import main
from training.evaluate.towers import features, ridge, set_scores, towers
from training.sft.config import load_sft_settings
from training.sft.init import tiny_tower

GRIDS, SIZE = (1, 2), 64


@pytest.mark.parametrize(("samples", "width"), [(40, 6), (12, 30)])
@pytest.mark.parametrize("strength", [0.1, 100.0])
def test_predictions_are_those_of_the_normal_equations(samples: int, width: int, strength: float):
    rng = np.random.default_rng(0)
    train, others = rng.normal(2, 3, (samples, width)), rng.normal(2, 3, (7, width))
    mos = rng.uniform(1, 5, samples)
    mean, deviation = train.mean(0), train.std(0) + 1e-3
    x, y = (train - mean) / deviation, (others - mean) / deviation
    weights = np.linalg.solve(x.T @ x + strength * np.eye(width), x.T @ (mos - mos.mean()))
    np.testing.assert_allclose(ridge(train, mos, others, strength), y @ weights + mos.mean(), rtol=1e-6)


def test_the_towers_of_a_run_lie_between_its_average_and_imagenet(tmp_path):
    torch.manual_seed(0)
    last, average = (tiny_tower(SIZE, GRIDS).state_dict() for _ in range(2))
    average = {f"module.vision_tower.{key}": value for key, value in average.items()}
    torch.save({"vision_tower": last, "average": average}, tmp_path / "see.pt")
    found = {name: tower.state_dict() for name, tower in towers(tmp_path, SIZE, GRIDS).items()}
    key = next(name for name, value in last.items() if value.ndim == 4)
    ends = found["ImageNet"][key], found["average"][key]
    torch.testing.assert_close(found["last step"][key], last[key])
    torch.testing.assert_close(ends[1], average[f"module.vision_tower.{key}"])
    torch.testing.assert_close(found["a quarter back"][key], 0.25 * ends[0] + 0.75 * ends[1])
    torch.testing.assert_close(found["half back"][key], 0.5 * ends[0] + 0.5 * ends[1])
    pictures = torch.randint(0, 255, (3, SIZE, SIZE, 3), dtype=torch.uint8)
    tower = towers(tmp_path, SIZE, GRIDS)["average"]
    assert features(tower, pictures).shape == (3, 2 * tower.config.hidden_size)


def test_each_set_is_told_for_itself():
    rows = [picture_row(k, group="clive") | {"mos": 1.0 + k} for k in range(4)]
    rows += [picture_row(k, group="biq2021") | {"mos": 1.0 + k} for k in range(4)]
    line = set_scores(rows, np.array([1.0, 2.0, 3.0, 4.0, 4.5, 3.5, 2.5, 1.5]))
    assert line == "biq SRCC -1.000 MAE 2.000, clive SRCC 1.000 MAE 0.000"


def test_what_is_missing_is_one_sentence(tmp_path):
    built, run = tmp_path / "built", tmp_path / "run"
    write_built(tmp_path / "data", built)
    run.mkdir()
    settings = load_sft_settings("training/configs/tiny_sft.yaml").model

    def said() -> str:
        with pytest.raises(SystemExit) as end:
            main([str(built), str(run)])
        assert len((text := str(end.value.code)).splitlines()) == 1
        return text

    assert "there is no" in said()
    state = tiny_tower(settings.image_size, settings.grids).state_dict()
    average = {f"module.vision_tower.{key}": value for key, value in state.items()}
    torch.save({"vision_tower": state, "average": average}, run / "see.pt")
    assert "holds no rated picture of train and val" in said()

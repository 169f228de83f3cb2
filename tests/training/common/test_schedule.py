"""Order, learning rate and resuming of a stage."""

import numpy as np
import pytest
import torch
from torch import nn

from training.common.schedule import Stepper, epoch_order, warm_cosine


def test_every_epoch_visits_every_sample_in_its_own_repeatable_order():
    first, second = epoch_order(50, 0, 0), epoch_order(50, 0, 1)
    assert sorted(first) == sorted(second) == list(range(50))
    assert not np.array_equal(first, second)
    assert np.array_equal(first, epoch_order(50, 0, 0))


def test_the_rate_rises_then_falls_to_nothing():
    rates = [warm_cosine(step, 100, 0.1) for step in range(100)]
    assert max(rates) == 1.0
    assert rates[:10] == sorted(rates[:10]) and rates[10:] == sorted(rates[10:], reverse=True)
    assert rates[-1] < 0.01


def make(path, total=8):
    torch.manual_seed(0)
    layer = nn.Linear(3, 1)
    optimizer = torch.optim.AdamW(layer.parameters(), lr=0.1)
    return layer, Stepper({"layer": layer}, [optimizer], total, 0.1, path)


def step_once(layer, stepper, step):
    generator = torch.Generator().manual_seed(step)
    stepper.update(layer(torch.randn(4, 3, generator=generator)).square().mean())


def test_a_resumed_stage_ends_where_an_unbroken_one_does(tmp_path):
    whole, stepper = make(tmp_path / "whole.pt")
    for step in stepper.remaining():
        step_once(whole, stepper, step)
    broken, stepper = make(tmp_path / "broken.pt")
    for step in stepper.remaining():
        step_once(broken, stepper, step)
        if step == 3:
            stepper.save(step + 1)
        if step == 5:
            break
    resumed, stepper = make(tmp_path / "broken.pt")
    steps = list(stepper.remaining())
    assert steps == [4, 5, 6, 7]
    for step in steps:
        step_once(resumed, stepper, step)
    assert torch.equal(whole.weight, resumed.weight)


def test_a_loss_that_is_no_number_changes_nothing(tmp_path):
    layer, stepper = make(tmp_path / "state.pt")
    before = layer.weight.detach().clone()
    with pytest.raises(FloatingPointError, match="the loss is nan"):
        stepper.update(layer.weight.sum() * torch.nan)
    assert torch.equal(layer.weight, before)
    assert not (tmp_path / "state.pt").exists()

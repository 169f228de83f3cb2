"""Work done ahead is the same work, in the same order, and draws nothing from the global generator."""

import numpy as np
import pytest
import torch

from training.common.prefetch import made_ahead, workers_for


def make(item: int) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(item).random(3))


@pytest.mark.parametrize("workers", [0, 2])
def test_everything_is_made_once_and_in_order(workers):
    before = torch.get_rng_state()
    made = list(made_ahead(make, range(3, 10), workers))
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(torch.stack(made), torch.stack([make(item) for item in range(3, 10)]))
    assert list(made_ahead(make, [], workers)) == []


def test_a_failure_ahead_reaches_the_one_who_waits():
    def fail(item):
        raise ValueError(f"item {item} is bad")

    with pytest.raises(ValueError, match="item 4 is bad"):
        list(made_ahead(fail, [4], 1))


def test_only_a_gpu_is_worked_ahead_of():
    assert workers_for(torch.device("cuda"), 3) == 3
    assert workers_for(torch.device("cpu"), 3) == 0

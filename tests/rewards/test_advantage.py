"""Group advantages against the original, and their laws."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.rewards.goldens import QUICK, close, golden
from vqathinker.rewards import advantages

CASES = golden("advantages")["cases"]
rewards = st.integers(2, 8).flatmap(
    lambda size: st.lists(st.lists(st.floats(0, 3.6), min_size=size, max_size=size), min_size=1, max_size=4)
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['id']}-{case['kind']}")
def test_they_equal_the_original(case):
    total = torch.tensor(case["rewards"]).reshape(-1, case["G"])
    tolerance = 3e-3 if case["kind"] == "all_equal" else 1e-5
    close(advantages(total).flatten(), case["advantages"], tolerance)


@QUICK
@given(rewards)
def test_a_group_sums_to_zero(total):
    close(advantages(torch.tensor(total, dtype=torch.float64)).sum(1), torch.zeros(len(total)), 1e-9)
    eighths = (torch.tensor(total) * 8).round() / 8  # no smaller differences: float32 rounds the mean
    close(advantages(eighths).sum(1), torch.zeros(len(total)), 1e-4)


@pytest.mark.parametrize("size", [1, 2, 3, 8])
@pytest.mark.parametrize("scale", [True, False])
@QUICK
@given(value=st.floats(0, 3.6))
def test_equal_rewards_give_exactly_nothing(value, size, scale):
    assert advantages(torch.full((2, size), value), scale=scale).eq(0).all()


@QUICK
@given(rewards, st.floats(-2, 2), st.floats(0.5, 4))
def test_a_shift_changes_nothing_and_a_better_reward_stays_better(total, shift, factor):
    total = torch.tensor(total, dtype=torch.float64)
    close(advantages(total + shift), advantages(total), 1e-8)
    more, signs = advantages(total * factor), advantages(total).sign()
    assert (more.sign() * signs >= 0).all()


def test_without_scaling_only_the_mean_is_taken_off():
    close(advantages(torch.tensor([[1.0, 2.0, 6.0]]), scale=False), [[-2.0, -1.0, 3.0]], 1e-6)


def test_a_flat_list_of_rewards_is_refused():
    with pytest.raises(ValueError, match=r"shape \(B, G\), not \(3,\)"):
        advantages(torch.zeros(3))

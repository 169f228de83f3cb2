"""Laws of the pairwise probability."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vqathinker.rewards import preference_probability

means, variances = st.floats(1, 5), st.floats(0, 4)


@given(means, variances, means, variances)
def test_both_directions_sum_to_one(mean_a, var_a, mean_b, var_b):
    there = preference_probability(mean_a, var_a, mean_b, var_b)
    back = preference_probability(mean_b, var_b, mean_a, var_a)
    assert float(there + back) == pytest.approx(1, abs=1e-6)


@given(means, variances, variances, st.floats(0.05, 2))
def test_a_larger_lead_is_more_certain(mean, var_a, var_b, lead):
    near = preference_probability(mean + lead, var_a, mean, var_b)
    far = preference_probability(mean + 2 * lead, var_a, mean, var_b)
    assert float(far) >= float(near) > 0.5


@given(means, st.floats(0.05, 2), st.floats(0.01, 2))
def test_more_spread_is_less_certain(mean, lead, variance):
    sure = preference_probability(mean + lead, variance, mean, variance)
    unsure = preference_probability(mean + lead, 4 * variance, mean, 4 * variance)
    assert float(sure) >= float(unsure)

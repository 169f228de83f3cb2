"""Features on one scale."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from vqathinker.model.standardise import Standardise


def test_until_it_is_fitted_nothing_changes():
    features = torch.randn(4, 3)
    assert torch.equal(Standardise(3)(features), features)


@given(st.floats(-50, 50), st.floats(0.1, 30))
def test_fitted_features_have_mean_zero_and_deviation_one(mean, deviation):
    generator = torch.Generator().manual_seed(0)
    features = mean + deviation * torch.randn(200, 5, generator=generator)
    scale = Standardise(5)
    scale.fit(features)
    scaled = scale(features)
    assert torch.allclose(scaled.mean(0), torch.zeros(5), atol=1e-3)
    assert torch.allclose(scaled.std(0), torch.ones(5), atol=1e-3)


def test_a_feature_that_never_varies_stays_finite():
    scale = Standardise(1)
    scale.fit(torch.full((9, 1), 2.0))
    assert torch.isfinite(scale(torch.tensor([[2.0], [3.0]]))).all()


def test_the_scale_is_saved_with_the_model():
    scale = Standardise(2)
    scale.fit(torch.tensor([[0.0, 1.0], [2.0, 5.0]]))
    other = Standardise(2)
    other.load_state_dict(scale.state_dict())
    assert torch.equal(other(torch.ones(1, 2)), scale(torch.ones(1, 2)))

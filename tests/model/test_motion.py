"""Both motion encoders are one thing to who uses them: what they take, what may be kept, the feature made of either."""

from __future__ import annotations

import pytest
import torch

from tests.model.tiny_models import make_clip
from vqathinker.model.burst_motion import BurstMotionModel
from vqathinker.model.configuration import BurstMotionConfig, SlowFastConfig
from vqathinker.model.motion import MotionEncoder
from vqathinker.model.slowfast import SlowFastModel

RNG = torch.Generator().manual_seed(0)
SHOWN = {
    "pixel_values": torch.randn(2, 12, 3, 224, 224, generator=RNG),
    "motion_values": torch.rand(2, 3, 4, 16, 16, generator=RNG),
    "clip_facts": torch.randn(2, 4, generator=RNG),
}


def burst() -> BurstMotionModel:
    return BurstMotionModel(BurstMotionConfig(burst_length=4, burst_size=16, channels=[4, 6], temporal_channels=8))


def slowfast() -> SlowFastModel:
    return SlowFastModel(SlowFastConfig(channels=8, depths=[1, 1, 1, 1]))


@pytest.fixture(params=[burst, slowfast])
def encoder(request) -> MotionEncoder:
    torch.manual_seed(0)
    return request.param().eval()


def taken(encoder: MotionEncoder) -> dict[str, torch.Tensor]:
    return {name: SHOWN[name] for name in encoder.takes}


@torch.no_grad()
def test_what_was_kept_gives_the_feature_of_what_was_taken(encoder):
    feature, kept = encoder(SHOWN), encoder.frozen(taken(encoder))
    assert feature.shape == (2, encoder.config.hidden_size)
    assert set(kept) == set(encoder.keeps)
    assert torch.equal(encoder(kept), feature) and torch.equal(encoder(taken(encoder)), feature)


@torch.no_grad()
def test_only_the_frozen_part_decides_what_is_kept(encoder):
    before, kept = encoder.frozen_state(), encoder.frozen(taken(encoder))
    before = {key: tensor.clone() for key, tensor in before.items()}
    for name in encoder.trained:
        for parameter in encoder.get_submodule(name).parameters():
            parameter.add_(1)
    assert all(torch.equal(tensor, before[key]) for key, tensor in encoder.frozen_state().items())
    assert all(torch.equal(tensor, kept[name]) for name, tensor in encoder.frozen(taken(encoder)).items())
    frozen = {f"{name}." for name, _ in encoder.frozen_modules()}
    assert {key.partition(".")[0] + "." for key in before} == frozen


def test_what_is_missing_is_named(encoder):
    lacking = {name: tensor for name, tensor in SHOWN.items() if name != encoder.takes[0]}
    with pytest.raises(ValueError, match=f"this model needs {encoder.takes[0]} beside "):
        encoder(lacking)


def test_the_processor_gives_what_the_encoder_takes(processor):
    clips = [make_clip(0), make_clip(1)]
    everything = processor.video_inputs(clips)
    for names in (BurstMotionModel.takes, SlowFastModel.takes):
        found = processor.video_inputs(clips, names)
        assert tuple(found) == names and all(torch.equal(found[name], everything[name]) for name in names)

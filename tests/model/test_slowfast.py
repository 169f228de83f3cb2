"""SlowFast against the official one: keys, shapes and outputs for the golden weights."""

import json

import pytest
import torch

from vqathinker.model.configuration import SlowFastConfig
from vqathinker.model.slowfast import SlowFastModel, slow_indices

from .official_folders import FOLDER, PREFIX, SLOWFAST_SHAPES, filled_all, golden_frames

CASES = json.loads((FOLDER / "slowfast_io.json").read_text())["cases"]


@pytest.fixture(scope="module")
def model():
    shapes = {name.removeprefix(PREFIX): shape for name, shape in SLOWFAST_SHAPES.items()}
    model = SlowFastModel(SlowFastConfig()).eval()
    model.load_state_dict(filled_all(shapes, slow_prefix=""))
    return model


def small() -> SlowFastModel:
    torch.manual_seed(0)
    return SlowFastModel(SlowFastConfig(channels=8, depths=[1, 1, 1, 1]))


def feature_of(model: SlowFastModel, frames: torch.Tensor) -> torch.Tensor:
    return model({"pixel_values": frames})


def test_keys_and_shapes_are_the_released_ones(model):
    ours = {PREFIX + name: list(tensor.shape) for name, tensor in model.state_dict().items()}
    assert ours == SLOWFAST_SHAPES
    assert model.config.hidden_size == 2304


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_outputs_equal_the_official_ones(model, case):
    model.config.slow_divisor, model.config.repeat = case["slow_divisor"], case["repeat"]
    assert slow_indices(case["T"], case["slow_divisor"]).tolist() == case["slow_frame_indices"]
    feature, expected = (
        feature_of(model, golden_frames(case["B"], case["T"], case["size"])),
        torch.tensor(case["output"]),
    )
    # float32 reaches 2e-7; the mildest of the wrong variants in the golden file is off by 6e-3
    assert float((feature - expected).norm() / expected.norm()) < 1e-5


def test_training_moves_no_statistics_and_passes_no_gradient():
    model = small()
    frames = golden_frames(1, 12, 224).clone().requires_grad_()
    before = {name: buffer.clone() for name, buffer in model.named_buffers()}
    evaluated = feature_of(model.eval(), frames)
    trained = feature_of(model.train(), frames)
    assert torch.equal(evaluated, trained) and not trained.requires_grad
    assert all(torch.equal(buffer, before[name]) for name, buffer in model.named_buffers())


def test_the_order_of_frames_matters():
    model, frames = small().eval(), golden_frames(1, 12, 224)
    forwards, backwards = feature_of(model, frames), feature_of(model, frames.flip(1))
    assert forwards.shape == (1, 288) and not torch.allclose(forwards, backwards, rtol=0.01)


@pytest.mark.parametrize(("frames", "size"), [(6, 224), (12, 192)])
def test_too_few_or_too_small_frames_are_refused(frames, size):
    with pytest.raises(ValueError, match=f"{frames} frames of {size} pixels are too little"):
        feature_of(small(), torch.zeros(1, frames, 3, size, size))

"""Frames in small groups: the features of all at once, in the memory of a group."""

from __future__ import annotations

import pytest
import torch
from huggingface_hub.errors import StrictDataclassError

from tests.benchmarks.serving_models import load_random
from vqathinker.model.configuration import VQAThinkerConfig

from .tiny_models import make_clip, make_model, make_processor


@pytest.fixture(scope="module", params=["tiny", "8b"])
def shown(request):
    """A model of either tower at a small size, and a video for it."""
    if request.param == "8b":
        loaded = load_random("small", "fp32", torch.device("cpu"))
        pixels = torch.randn(1, 12, 3, 224, 224, generator=torch.Generator().manual_seed(0))
        return loaded.model.model, {"pixel_values": pixels}
    processor = make_processor()
    inputs = processor(make_clip())
    pixels = torch.randn(inputs["pixel_values"].shape, generator=torch.Generator().manual_seed(0))
    motion = {name: inputs[name] for name in ("motion_values", "clip_facts")}
    return make_model(processor, seed=1).model, {"pixel_values": pixels, **motion}


def encoded(model, inputs: dict, few: int | None) -> tuple[torch.Tensor, torch.Tensor, list[int]]:
    """Tower tokens, video features, and how many pictures the tower saw at a time."""
    groups: list[int] = []
    hook = model.vision_tower.register_forward_pre_hook(
        lambda tower, args, kwargs: groups.append(len(kwargs["pixel_values"])), with_kwargs=True
    )
    model.config.frames_at_once = few
    try:
        with torch.inference_mode():
            return model.vision_tokens(inputs["pixel_values"]), model.encode_video(**inputs), groups
    finally:
        model.config.frames_at_once = None
        hook.remove()


@pytest.mark.parametrize("few", [1, 2, 5])
def test_a_group_at_a_time_gives_the_features_of_all_at_once(shown, few):
    model, inputs = shown
    frames = inputs["pixel_values"].shape[1]
    tokens, features, groups = encoded(model, inputs, few)
    whole_tokens, whole_features, at_once = encoded(model, inputs, frames)
    assert at_once == [frames] * 2 and max(groups) == min(few, frames) and sum(groups) == 2 * frames
    torch.testing.assert_close(tokens, whole_tokens, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(features, whole_features, atol=1e-5, rtol=1e-5)


def test_what_is_said_of_nothing_is_few(shown):
    model, inputs = shown
    *_, groups = encoded(model, inputs, None)
    assert max(groups) == model.frames_at_once <= 2


def test_where_something_is_learned_all_go_at_once(shown):
    model, inputs = shown
    model.config.frames_at_once = 1
    with torch.enable_grad():
        tokens = model.vision_tokens(inputs["pixel_values"])
    assert tokens.requires_grad
    model.config.frames_at_once = None


def test_a_number_that_is_none_is_refused():
    with pytest.raises(StrictDataclassError, match="frames_at_once must be at least 1, not 0"):
        VQAThinkerConfig(frames_at_once=0)
    assert VQAThinkerConfig().frames_at_once is None

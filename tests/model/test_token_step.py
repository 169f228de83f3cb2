"""A step without the wrappers of `forward` gives what `forward` gives, of both families, and leaves others alone."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration, Qwen2Config, Qwen2Model

from tests.benchmarks.serving_models import load_random
from tests.model.family import qwen_folders
from vqathinker.model import slots as under_test
from vqathinker.model.generation import cache_of
from vqathinker.model.slots import Prefilled, Slots
from vqathinker.model.token_step import is_plain

LENGTHS, SHIFTS = (5, 70, 12), (0, -3, 4)


@pytest.fixture(scope="module", params=["internvl", "qwen2_5_vl"])
def model(request):
    if request.param == "internvl":
        return load_random("small", "fp32", torch.device("cpu")).model
    torch.manual_seed(0)
    return Qwen2_5_VLForConditionalGeneration(Qwen2_5_VLConfig(**qwen_folders.config())).float().eval()


def steps(model, lengths) -> torch.Tensor:
    """Logits (3, rows, V) of three steps after caches of noise, of rows of these lengths."""
    text, generator = model.config.get_text_config(), torch.Generator().manual_seed(1)
    width, rooms = text.hidden_size // text.num_attention_heads, Slots(len(lengths))
    for length, shift in zip(lengths, SHIFTS, strict=False):
        shape = (1, text.num_key_value_heads, length, width)
        layers = [[torch.randn(shape, generator=generator) for _ in "kv"] for _ in range(text.num_hidden_layers)]
        rooms.add(Prefilled(cache_of(layers), 0, (0,), shift))
    tokens = torch.arange(len(lengths)) + 20
    return torch.stack([rooms.step(model, tokens + number) for number in range(3)])


@pytest.mark.parametrize("lengths", [LENGTHS, (9, 9), (30,)])
def test_logits_are_those_of_the_models_own_forward(model, lengths, monkeypatch):
    with torch.inference_mode():
        assert is_plain(model.model.language_model)
        got = steps(model, lengths)
        monkeypatch.setattr(under_test, "is_plain", lambda _: False)
        expected = steps(model, lengths)
    assert expected.std() > 0.01
    torch.testing.assert_close(got, expected, atol=2e-5, rtol=1e-4)


def small(**changes) -> Qwen2Model:
    sizes = {"vocab_size": 30, "hidden_size": 16, "intermediate_size": 16, "num_attention_heads": 2}
    return Qwen2Model(Qwen2Config(**sizes, num_hidden_layers=2, num_key_value_heads=1, **changes))


def test_layers_that_see_a_part_or_are_of_another_kind_go_their_own_way():
    assert is_plain(small())
    assert not is_plain(small(use_sliding_window=True, sliding_window=4, max_window_layers=0))
    changed = small()
    changed.layers[1] = nn.Identity()
    assert not is_plain(changed) and not is_plain(nn.Linear(2, 2))

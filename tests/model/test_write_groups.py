"""Answers side by side: many about each of several videos, the very ones that are written alone."""

import pytest
import torch
from transformers import DynamicCache
from transformers.integrations.sdpa_attention import sdpa_attention_forward

from vqathinker.model.generation import prefill, rollout_seeds, write
from vqathinker.model.write_groups import RoomyLayer, packed, packed_attention, side_by_side, write_groups

from .tiny_models import make_clip, make_model

VIDEOS, GROUP, LENGTH = 3, 4, 20


@pytest.fixture(scope="module")
def limits(processor):
    return {"max_new_tokens": LENGTH, "eos_token_id": processor.tokenizer.eos_token_id}


@pytest.fixture(scope="module")
def prompt(model, processor):
    return prefill(model, processor([make_clip(k) for k in range(VIDEOS)]))


def seeds_of(videos: range) -> list[int]:
    return [seed for video in videos for seed in rollout_seeds(video, GROUP)]


def test_each_answer_is_the_one_that_is_written_alone(model, processor, prompt, limits):
    together = write_groups(model, prompt, seeds_of(range(VIDEOS)), **limits)
    for video in range(VIDEOS):
        alone = prefill(model, processor(make_clip(video)))
        assert together[video] == write(model, alone, seeds=rollout_seeds(video, GROUP), **limits)
    assert len({tuple(row) for group in together for row in group}) == VIDEOS * GROUP


@pytest.mark.parametrize("shared", [1, 3])
def test_heads_that_share_keys_see_what_they_see_with_copies_of_them(shared):
    layer, rng = torch.nn.Module(), torch.Generator().manual_seed(0)
    layer.num_key_value_groups, layer.is_causal = shared, True
    query, mask = torch.randn(2, 2 * shared, 4, 8, generator=rng), side_by_side(5, 4, 3, torch.zeros(1))
    keys, values = (torch.randn(2, 2, 17, 8, generator=rng) for _ in range(2))
    ours = packed_attention(layer, query, keys, values, mask, scaling=0.3)[0]
    torch.testing.assert_close(ours, sdpa_attention_forward(layer, query, keys, values, mask, scaling=0.3)[0])


def test_the_model_attends_as_before_afterwards(model):
    config = model.model.language_model.config
    with packed(model):
        assert config._attn_implementation == "packed"
    assert config._attn_implementation == "sdpa"


def test_under_autocast_the_cache_is_kept_in_what_attention_computes_in():
    keys = torch.rand(1, 2, 3, 4)
    with torch.autocast("cpu", torch.bfloat16):
        layer = RoomyLayer(keys, keys)
    assert layer.keys.dtype == layer.values.dtype == torch.bfloat16
    assert RoomyLayer(keys, keys).keys.dtype == torch.float32


def test_the_temperature_is_that_of_write(model, processor, limits):
    alone = prefill(model, processor(make_clip(0)))
    seeds = rollout_seeds(0, GROUP)
    cold = write_groups(model, alone, seeds, temperature=0.5, **limits)
    assert cold == [write(model, alone, seeds=seeds, temperature=0.5, **limits)]
    assert cold != write_groups(model, alone, seeds, **limits)


def test_answers_end_at_their_own_end_and_the_prompt_stays(processor, prompt, limits):
    model = make_model(processor)
    end = limits["eos_token_id"]
    bias = torch.zeros(model.config.text_config.vocab_size)
    bias[end] = 5.0
    bias[model.config.image_token_id] = 100.0
    model.lm_head.register_forward_hook(lambda module, inputs, output: output + bias)
    groups = write_groups(model, prompt, seeds_of(range(VIDEOS)), **limits)
    rows = [row for group in groups for row in group]
    assert len({len(row) for row in rows}) > 1 and min(map(len, rows)) < LENGTH
    assert all(end not in row and model.config.image_token_id not in row for row in rows)
    assert prompt.cache.get_seq_length() == prompt.input_ids.shape[1] - 1


@pytest.mark.parametrize("seeds", [[], [1, 2]])
def test_seeds_that_cannot_be_shared_out_are_refused(model, prompt, limits, seeds):
    with pytest.raises(ValueError, match="shared out evenly to 3 videos"):
        write_groups(model, prompt, seeds, **limits)


def test_an_answer_sees_the_prefix_and_itself():
    mask = side_by_side(prefix=2, group=2, steps=3, like=torch.zeros(1))[0, 0]
    assert (mask == 0).tolist() == [
        [True, True, True, False, True, False, True, False],
        [True, True, False, True, False, True, False, True],
    ]


def test_a_roomy_cache_holds_what_a_plain_one_holds():
    plain, roomy = DynamicCache(), None
    for step, count in enumerate((3, 1, 1, RoomyLayer.STEP, 2)):
        keys, values = torch.randn(2, 1, 2, count, 4, generator=torch.Generator().manual_seed(step))
        expected = plain.update(keys, values, 0)
        if roomy is None:
            roomy = RoomyLayer(keys, values)
            got = roomy.keys, roomy.values
        else:
            got = roomy.update(keys, values)
        assert all(torch.equal(*pair) for pair in zip(got, expected, strict=True))
    assert roomy.get_seq_length() == plain.get_seq_length()

"""The cache of keys and values reaches transformers' classes under the name that they have for it."""

from __future__ import annotations

import inspect

import pytest
import torch
from transformers import DynamicCache, Qwen2Model

from vqathinker.model.cache_name import CACHE, with_cache_name


def test_the_name_is_one_that_the_language_model_knows():
    assert CACHE in inspect.signature(inspect.unwrap(Qwen2Model.forward)).parameters


@pytest.mark.parametrize("old", ["past_key_values", "cache"])
@pytest.mark.parametrize("new", ["past_key_values", "cache"])
def test_either_name_becomes_the_one_asked_for_and_the_rest_stays(old: str, new: str):
    given = {"use_cache": True, old: 1}
    assert with_cache_name(given, new) == {"use_cache": True, new: 1} and given == {"use_cache": True, old: 1}
    assert with_cache_name({"use_cache": True}, new) == {"use_cache": True}


@pytest.mark.parametrize("name", ["past_key_values", "cache"])
def test_the_model_takes_both_and_hands_it_back(model, processor, name: str, recwarn):
    ids = torch.tensor([processor.tokenizer("a good video")["input_ids"]])
    kept = DynamicCache(config=model.config.get_text_config())
    with torch.inference_mode():
        first = model(input_ids=ids[:, :-1], use_cache=True, **{name: kept})
        then = model(input_ids=ids[:, -1:], use_cache=True, **{name: kept}).logits[:, -1]
        whole = model(input_ids=ids).logits[:, -1]
    assert first[CACHE] is kept and kept.get_seq_length() == ids.shape[1]
    assert torch.allclose(then, whole, atol=1e-4)
    assert not [one for one in recwarn if "past_key_values" in str(one.message)]

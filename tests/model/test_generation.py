"""Writing: greedy, streamed, cancelled, and rollouts that share one prefill."""

import threading

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import LogitsProcessorList, TextIteratorStreamer

from vqathinker.model.generation import GumbelNoise, prefill, rollout_seeds, write
from vqathinker.model.scores import AnswerPrefix, ScoreTable, score_tables

from .tiny_models import make_clip, make_model

LENGTH = 24


@pytest.fixture(scope="module")
def prompt(model, processor):
    return prefill(model, processor(make_clip()))


@pytest.fixture(scope="module")
def limits(processor):
    return {"max_new_tokens": LENGTH, "eos_token_id": processor.tokenizer.eos_token_id}


def test_the_cached_answer_is_the_argmax_of_a_plain_forward(model, processor, prompt, limits):
    answer = write(model, prompt, **limits)[0]
    batch = processor(make_clip())
    batch["input_ids"] = torch.cat([batch["input_ids"], torch.tensor([answer])], dim=1)
    del batch["attention_mask"]
    with torch.inference_mode():
        logits = model(**batch).logits[0, -len(answer) - 1 : -1].clone()
        logits[:, model.config.image_token_id] = -torch.inf
    assert logits.argmax(-1).tolist() == answer


def test_a_prompt_can_be_used_again_and_again(model, prompt, limits):
    assert write(model, prompt, **limits) == write(model, prompt, **limits)
    assert prompt.cache.get_seq_length() == prompt.input_ids.shape[1] - 1


def test_streaming_equals_not_streaming(model, processor, prompt, limits):
    streamer = TextIteratorStreamer(processor.tokenizer, skip_prompt=True)
    write(model, prompt, streamer=streamer, **limits)
    assert "".join(streamer) == processor.tokenizer.decode(write(model, prompt, **limits)[0])


@pytest.mark.parametrize("seeds", [(), (7, 8, 9)])
def test_the_loop_writes_what_generate_writes(model, prompt, limits, seeds):
    ids, cache = prompt.rows(max(1, len(seeds)))
    noise = LogitsProcessorList([GumbelNoise(seeds)] if seeds else [])
    output = model.generate(
        input_ids=ids, attention_mask=torch.ones_like(ids), past_key_values=cache, do_sample=False,
        suppress_tokens=[model.config.image_token_id], pad_token_id=limits["eos_token_id"], logits_processor=noise,
        **limits,
    )  # fmt: skip
    rows, end = output[:, ids.shape[1] :].tolist(), limits["eos_token_id"]
    assert write(model, prompt, seeds=seeds, **limits) == [row[: (row + [end]).index(end)] for row in rows]


def test_shared_rollouts_equal_separate_ones(model, processor, prompt, limits):
    seeds = rollout_seeds(3, 4)
    together = write(model, prompt, seeds=seeds, **limits)
    for row, seed in zip(together, seeds, strict=True):
        alone = prefill(model, processor(make_clip()))
        assert write(model, alone, seeds=[seed], **limits) == [row]
    assert len({tuple(row) for row in together}) > 1


def test_the_first_rollouts_do_not_depend_on_how_many_follow():
    assert rollout_seeds(5, 8)[:3] == rollout_seeds(5, 3)
    assert not set(rollout_seeds(0, 100)) & set(rollout_seeds(1, 100))


def test_placeholders_are_never_written(processor, limits):
    model = make_model(processor)
    bias = torch.zeros(model.config.text_config.vocab_size)
    bias[model.config.image_token_id] = 100.0
    model.lm_head.register_forward_hook(lambda module, inputs, output: output + bias)
    prompt = prefill(model, processor(make_clip()))
    rows = write(model, prompt, **limits) + write(model, prompt, seeds=[1, 2], **limits)
    assert all(model.config.image_token_id not in row for row in rows)


def test_cancelling_stops_within_a_token(model, prompt, limits):
    cancel = threading.Event()
    cancel.set()
    assert len(write(model, prompt, cancel=cancel, **limits)[0]) <= 1


def test_a_batch_of_videos_writes_what_each_writes_alone(model, processor, limits):
    clips = [make_clip(0), make_clip(1)]
    together = write(model, prefill(model, processor(clips)), **limits)
    assert together == [write(model, prefill(model, processor(clip)), **limits)[0] for clip in clips]


def test_rollouts_of_a_batch_are_refused(model, processor, limits):
    batch = prefill(model, processor([make_clip(0), make_clip(1)]))
    with pytest.raises(ValueError, match="one video at a time"):
        write(model, batch, seeds=[0, 1], **limits)


@given(st.lists(st.floats(-3, 3), min_size=2, max_size=5), st.sampled_from([0.7, 1.0, 1.5]))
@settings(max_examples=10, deadline=None)
def test_gumbel_noise_draws_from_the_softmax(logits, temperature):
    draws = 4000
    scores = torch.tensor([logits]).expand(1, -1)
    noise = GumbelNoise([0], temperature)
    picks = torch.tensor([noise(None, scores).argmax(-1).item() for _ in range(draws)])
    observed = torch.bincount(picks, minlength=len(logits)) / draws
    expected = (torch.tensor(logits) / temperature).softmax(-1)
    assert float((observed - expected).abs().max()) < 0.04


def test_temperature_zero_is_refused():
    with pytest.raises(ValueError, match="above 0"):
        GumbelNoise([0], 0.0)


def test_the_score_table_holds_the_probabilities_of_plain_forwards(model, processor, prompt):
    tokenizer = processor.tokenizer
    digits = tokenizer.convert_tokens_to_ids(list("0123456789"))
    point = tokenizer.convert_tokens_to_ids(".")
    written = tokenizer("<think>a</think><answer>")["input_ids"]
    [table] = score_tables(model, prompt, [AnswerPrefix(tuple(written))], digits, point)
    assert torch.isclose(table.probabilities.sum(), torch.tensor(1.0), atol=1e-5)
    batch = processor(make_clip())
    answer = [*written, digits[3], point, digits[4], digits[2]]
    batch["input_ids"] = torch.cat([batch["input_ids"], torch.tensor([answer])], dim=1)
    del batch["attention_mask"]
    with torch.inference_mode():
        logits = model(**batch).logits[0]
    unit = logits[-5, digits[1:6]].softmax(-1)[2]
    tenth = logits[-3, digits].softmax(-1)[4]
    hundredth = logits[-2, digits].softmax(-1)[2]
    assert torch.isclose(table.probabilities[2, 4, 2], unit * tenth * hundredth, rtol=1e-3)


def test_with_an_open_word_the_table_is_the_mean_of_those_after_each_word_by_its_probability(model, processor, prompt):
    tokenizer = processor.tokenizer
    digits = tokenizer.convert_tokens_to_ids(list("0123456789"))
    point = tokenizer.convert_tokens_to_ids(".")
    before, words, after = (5, 6, 7), (11, 12, 13), (14, 15)
    [table] = score_tables(model, prompt, [AnswerPrefix(before, words, after)], digits, point)
    batch = processor(make_clip())
    batch["input_ids"] = torch.cat([batch["input_ids"], torch.tensor([before])], dim=1)
    del batch["attention_mask"]
    with torch.inference_mode():
        weights = model(**batch).logits[0, -1, list(words)].softmax(-1)
    alone = [score_tables(model, prompt, [AnswerPrefix((*before, word, *after))], digits, point)[0] for word in words]
    mean = sum(weight * one.probabilities for weight, one in zip(weights, alone, strict=True))
    torch.testing.assert_close(table.probabilities, mean, atol=1e-6, rtol=1e-3)
    assert float((alone[0].probabilities - alone[1].probabilities).abs().max()) > 1e-4, "the word matters"


def test_expected_value_and_variance_of_a_known_table():
    probabilities = torch.zeros(5, 10, 10)
    probabilities[1, 5, 0], probabilities[3, 0, 0] = 0.75, 0.25
    table = ScoreTable(probabilities)
    assert table.expected == pytest.approx(0.75 * 2.5 + 0.25 * 4.0)
    assert table.variance == pytest.approx(0.75 * 0.25 * 1.5**2)
    probabilities = torch.zeros(5, 10, 10)
    probabilities[4, 9, 9] = 1.0
    assert ScoreTable(probabilities).expected == 5.0


def test_the_answer_of_least_risk_is_the_one_whose_expected_squared_error_is_least():
    probabilities = torch.rand(5, 10, 10, generator=torch.Generator().manual_seed(0)) ** 6
    table = ScoreTable(probabilities / probabilities.sum())
    choices = torch.arange(100, 501).double() / 100
    risks = [(table.probabilities * (table.values - choice).square()).sum().item() for choice in choices]
    assert table.least_risk == pytest.approx(choices[min(range(401), key=risks.__getitem__)].item(), abs=1e-9)
    assert table.least_risk == round(table.expected, 2)
    assert table.variance == pytest.approx(min(risks), abs=1e-4)
    certain = torch.zeros(5, 10, 10)
    certain[2, 4, 2] = 1.0
    assert ScoreTable(certain).least_risk == 3.42 and ScoreTable(certain).variance == pytest.approx(0, abs=1e-6)

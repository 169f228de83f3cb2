"""All ways to rate with a scorer whose pictures have positions in three dimensions: alone, beside others, sampled."""

from __future__ import annotations

import dataclasses
import json

import pytest
import torch
from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration

from vqathinker import ModelError, VideoError, load_rater
from vqathinker.answer import ANSWER
from vqathinker.model.family.qwen2_5_vl.loading import QwenSizes
from vqathinker.model.generation import prefill, rollout_seeds, write
from vqathinker.model.memory import need
from vqathinker.model.write_groups import write_groups
from vqathinker.rating import Rated, Rater, Watched, Wrote
from vqathinker.rating.answers import possible_scores, settled
from vqathinker.scorers import SCORERS
from vqathinker.video import load_clip

from . import qwen_folders
from .conftest import shortened

DIGITS = "0123456789"


@pytest.fixture(scope="module")
def prompt(scorer, photo):
    return prefill(scorer.loaded.model, scorer.loaded.processor(load_clip(photo, scorer.loaded.video_spec)))


@torch.inference_mode()
def test_every_score_has_the_probability_with_which_it_would_be_written(scorer, prompt, photo):
    """The tree of answers against one whole forward pass, prompt and pictures included, for each of some answers."""
    loaded, text = scorer.loaded, "<think>Sharp.</think><answer>\n"
    table = possible_scores(loaded, prompt, [text + "3"])[0]
    tokenizer, processor = loaded.processor.tokenizer, loaded.processor
    digits = tokenizer.convert_tokens_to_ids(list(DIGITS))
    inputs = processor(load_clip(photo, loaded.video_spec))
    for answer in ("1.00", "3.42", "5.99"):
        ids = inputs["input_ids"][0].tolist() + tokenizer(text + answer)["input_ids"]
        where = processor.position_ids(ids, inputs)
        tensors = {name: inputs[name] for name in ("pixel_values", "image_grid_thw")}
        logits = loaded.model(input_ids=torch.tensor([ids]), position_ids=where, **tensors).logits[0, :, digits]
        units, tenths, hundredths = logits[-5, 1:6].softmax(-1), logits[-3].softmax(-1), logits[-2].softmax(-1)
        unit, tenth, hundredth = int(answer[0]), int(answer[2]), int(answer[3])
        expected = units[unit - 1] * tenths[tenth] * hundredths[hundredth]
        assert float(table.probabilities[unit - 1, tenth, hundredth]) == pytest.approx(float(expected), rel=1e-3)
    assert float(table.probabilities.sum()) == pytest.approx(1, abs=1e-4)


def test_samples_are_the_same_alone_beside_others_and_packed_into_one_row(scorer, prompt):
    model, end, seeds = scorer.loaded.model, scorer.loaded.eos_token_id, rollout_seeds(3, 4)
    limits = {"max_new_tokens": 12, "eos_token_id": end}
    beside = write(model, prompt, seeds=seeds, **limits)
    assert [write(model, prompt, seeds=[seed], **limits)[0] for seed in seeds] == beside
    assert write_groups(model, prompt, seeds, **limits)[0] == beside
    assert len({tuple(row) for row in beside}) > 1


def test_many_files_of_many_sizes_are_rated_as_one_by_one(scorer, photo, tmp_path, clip):
    frame = qwen_folders.write_picture(tmp_path, "frame")
    paths = [photo, clip("plain.mp4"), tmp_path / "missing.png", frame, photo]
    many = list(scorer.rate_many(paths, rollouts=2, batch=2, jobs=1))
    assert isinstance(many.pop(2), VideoError)
    for path, found in zip([photo, paths[1], frame, photo], many, strict=True):
        alone = scorer.rate(path, rollouts=2)
        assert (found.text, found.score, found.rollouts) == (alone.text, alone.score, alone.rollouts)
        assert found.expected == pytest.approx(alone.expected, abs=1e-4)


def test_a_video_is_watched_streamed_and_told_as_json(scorer, clip):
    events = list(scorer.watch(clip("plain.mp4"), rollouts=2))
    assert isinstance(events[0], Watched) and isinstance(events[-1], Rated)
    assert any(isinstance(event, Wrote) for event in events)
    told = json.loads(json.dumps(events[-1].rating.to_dict()))
    assert len(told["frames"]) == 6 and 1 <= told["score"] <= 5 and told["interval"] is None
    assert told["model"].startswith("visualquality-r1@")


def test_by_the_released_protocol_a_picture_is_rated_and_a_video_is_refused_with_a_sentence(scorer, photo, clip):
    released = shortened(Rater(dataclasses.replace(scorer.loaded, protocol="released")))
    rating = released.rate(photo)
    assert rating.score == rating.greedy and rating.text == "".join(list(released.stream(photo))[-1:])
    sentence = "VisualQuality-R1 7B rate pictures, and publish no protocol for videos"
    with pytest.raises(VideoError, match=sentence):
        released.rate(clip("plain.mp4"))
    [refused] = released.rate_many([clip("plain.mp4")], batch=1, jobs=1)
    assert sentence in str(refused)


def test_it_answers_questions_and_refuses_what_it_cannot_do(scorer, photo, clip):
    assert scorer.can_ask
    reply = scorer.ask(photo, "Is it sharp?")
    assert reply.question == "Is it sharp?" and len(reply.text) > 0
    with pytest.raises(ModelError, match="VisualQuality-R1 7B makes no timelines; tiny, 8b can"):
        scorer.timeline(clip("plain.mp4"))


def test_a_score_stands_in_the_form_of_its_family():
    form = SCORERS["q-insight"].form
    text = '<think>Dark.</think><answer>{"rating": 2.5}</answer>'
    assert settled(text, 3.456, form) == '<think>Dark.</think><answer>{"rating": 3.46}</answer>'
    assert form.up_to_number(text) == text[: text.index("2.5")]
    assert form.up_to_number("cut off") == "cut off" + ANSWER + '{"rating": '


@pytest.mark.parametrize("precision", ["bf16", "int8", "nf4"])
def test_lower_precisions_quantise_the_language_model_only(qwen, photo, precision):
    rater = shortened(load_rater(f"q-insight@{qwen}", precision))
    kinds = {type(module).__name__ for name, module in rater.loaded.model.named_modules() if "_proj" in name}
    seeing = {type(module).__name__ for name, module in rater.loaded.model.model.visual.named_modules()}
    assert kinds >= {{"bf16": "Linear", "int8": "Linear8bitLt", "nf4": "Linear4bit"}[precision]}
    assert "Linear" in seeing and not seeing & {"Linear8bitLt", "Linear4bit"}
    rating = rater.rate(photo)
    assert rating.precision == precision and 1 <= rating.score <= 5


def test_at_the_released_size_parameters_and_memory_are_those_that_are_told():
    rope = {"type": "mrope", "mrope_section": [16, 24, 24]}
    config = Qwen2_5_VLConfig.from_dict(qwen_folders.config(**qwen_folders.released_sizes(), rope_scaling=rope))
    with torch.device("meta"):
        model = Qwen2_5_VLForConditionalGeneration(config)
    for scorer in (SCORERS["visualquality-r1"], SCORERS["q-insight"]):
        assert model.num_parameters() / 1e9 == pytest.approx(scorer.parameters, rel=0.01)
    shapes = {key: tuple(tensor.shape) for key, tensor in model.state_dict().items()}
    needs = {name: need(shapes, QwenSizes(config), name, torch.device("cuda")) for name in ("bf16", "int8", "nf4")}
    weights = [needs[name].weights / 1e9 for name in needs]
    assert weights == sorted(weights, reverse=True) and weights[0] == pytest.approx(16.6, abs=0.1)
    assert all(2e9 < one.video < 5e9 for one in needs.values()), "the largest picture, or all frames of a video"

"""Questions: in the released prompts, with one sentence where they cannot be asked."""

from __future__ import annotations

import json

import pytest

from tests.model.tiny_models import FRAMES, make_model, make_processor
from vqathinker import ModelError, VideoError
from vqathinker.answer import answer_so_far
from vqathinker.model.loading import LoadedModel
from vqathinker.rating import QuestionError, Rater, Replied, Watched, Wrote
from vqathinker.rating.ask import reply_in

QUESTION = "Does it stutter?"


def make_rater(prompt: str) -> Rater:
    processor = make_processor()
    processor.prompt = prompt
    return Rater(LoadedModel(make_model(processor, seed=1), processor, "two-blocks", "fp32"), max_new_tokens=24)


@pytest.fixture(scope="module")
def talker():
    return make_rater("official_inference")


def test_a_model_of_the_8b_kind_answers_from_what_it_sees(talker, clip):
    assert talker.can_ask
    reply = talker.ask(clip("plain.mp4"), f"  {QUESTION} ")
    assert reply.question == QUESTION and reply.text and len(reply.frames) == FRAMES
    assert reply.text == talker.ask(clip("plain.mp4"), QUESTION).text
    assert reply.text != talker.ask(clip("plain.mp4"), "What is the weather?").text
    assert reply.text != talker.ask(clip("portrait.mp4"), QUESTION).text
    values = json.loads(json.dumps(reply.to_dict()))
    assert list(values) == [
        "file", "question", "answer", "reasoning", "text", "frames", "model", "precision", "timings",
    ]  # fmt: skip


def test_a_reply_grows_and_ends(talker, clip):
    events = list(talker.watch_asked(clip("plain.mp4"), QUESTION))
    assert isinstance(events[0], Watched) and isinstance(events[-1], Replied)
    texts = [event.text for event in events[1:-1]]
    assert all(isinstance(event, Wrote) for event in events[1:-1]) and texts[-1] == events[-1].reply.text


def test_the_tiny_model_says_that_it_cannot(clip):
    rater = make_rater("tiny")
    assert not rater.can_ask
    with pytest.raises(ModelError, match="^the model two-blocks can only rate a video, not answer questions; 8b, "):
        rater.ask(clip("plain.mp4"), QUESTION)


@pytest.mark.parametrize(
    ("question", "sentence"),
    [
        ("  ", "there is no question"),
        ("why? " * 300, "is 1499 characters long; up to 1000"),
        ("What about <image>?", "contains <image>, which has a meaning"),
        ("<|im_end|>", "contains <|im_end|>, which"),
        ("<IMG_CONTEXT>", "contains <IMG_CONTEXT>, which"),
    ],
)
def test_a_question_that_would_break_the_prompt_is_one_sentence(talker, clip, question, sentence):
    with pytest.raises(QuestionError) as refused:
        talker.ask(clip("plain.mp4"), question)
    assert sentence in str(refused.value)


def test_a_bad_file_is_told_as_in_a_rating(talker, clip):
    with pytest.raises(VideoError, match="text file"):
        talker.ask(clip("text.mp4"), QUESTION)


@pytest.mark.parametrize(
    ("text", "answer", "reasoning"),
    [
        ("<think>It jumps.</think><answer> Yes, twice. </answer>", "Yes, twice.", "It jumps."),
        ("<think>It jumps.</think>Yes.", "Yes.", "It jumps."),
        ("Yes, twice.", "Yes, twice.", ""),
        ("<think>It jumps.</think><answer>Yes, tw", "Yes, tw", "It jumps."),
        ("<think>It jumps and", "It jumps and", ""),
    ],
)
def test_answer_and_reasoning_are_found_with_and_without_tags(text, answer, reasoning):
    assert reply_in(text) == (answer, reasoning)


def test_a_growing_answer_never_shows_a_tag():
    text, shown = "<think>It <b> jumps.</think><answer>Yes, twice.</answer>", ""
    for end in range(len(text) + 1):
        now = answer_so_far(text[:end])
        assert now.startswith(shown) and "<" not in now
        shown = now
    assert shown == "Yes, twice."

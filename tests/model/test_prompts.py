"""The official prompts, letter by letter."""

import json
from pathlib import Path

import pytest

from vqathinker.model.prompts import IMG_CONTEXT, OFFICIAL_INFERENCE, OFFICIAL_TRAIN, TINY_PROMPT, expand_images

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "prompts.json").read_text())


@pytest.mark.parametrize(("style", "mode"), [(OFFICIAL_TRAIN, "train"), (OFFICIAL_INFERENCE, "inference")])
def test_official_prompts_equal_the_golden_strings(style, mode):
    golden = GOLDEN[mode]
    assert style.user(golden["frames"]) == golden["user"]
    assert style.chat(golden["frames"]) == golden["chat"]
    expanded = expand_images(style.chat(golden["frames"]), golden["tokens_per_frame"])
    assert expanded.count(IMG_CONTEXT) == golden["num_context_tokens"]


def test_the_last_placeholder_is_one_motion_token():
    expanded = expand_images(TINY_PROMPT.chat(2), 3)
    assert expanded.count(f"<img>{IMG_CONTEXT * 3}</img>") == 2
    assert expanded.index("Motion Feature") < expanded.rindex(f"<img>{IMG_CONTEXT}</img>")


def test_another_question_replaces_the_default_one():
    assert "Is it sharp?" in TINY_PROMPT.chat(2, "Is it sharp?")
    assert TINY_PROMPT.question not in TINY_PROMPT.chat(2, "Is it sharp?")


@pytest.mark.parametrize(("style", "mode"), [(OFFICIAL_TRAIN, "train"), (OFFICIAL_INFERENCE, "inference")])
def test_a_question_is_asked_in_the_released_prompt(style, mode):
    golden, question = GOLDEN[mode], "Does the picture freeze?"
    asked = style.chat(golden["frames"], question)
    assert asked == golden["chat"].replace(GOLDEN["problem"], question) != golden["chat"]
    assert style.answers_questions and not TINY_PROMPT.answers_questions

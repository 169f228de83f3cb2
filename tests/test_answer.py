"""The grammar of an answer: whole, broken, and while it is being written; imported without torch."""

from __future__ import annotations

import doctest
import math
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.rewards.goldens import QUICK
from vqathinker import answer as grammar
from vqathinker.answer import (
    TAGS,
    answer_so_far,
    answer_span,
    compose,
    number_span,
    reasoning,
    reasoning_so_far,
    shortened,
    up_to_answer,
    well_formed,
    with_answer,
    written_answer,
)

ANSWER = "<think> Sharp, and 2 < 3 in it.\nClean.</think><answer>3.42</answer>"
BROKEN = st.lists(st.sampled_from([*TAGS, "3.42", "a b", " ", "\n", "<thi", "</an", "-1"]), max_size=9).map("".join)
WORDS = st.text(st.characters(exclude_characters="<>", exclude_categories=["Cs"]), max_size=20)


def test_the_examples_run():
    assert doctest.testmod(grammar).failed == 0


@QUICK
@given(WORDS, WORDS)
def test_what_was_composed_is_taken_apart_again(thought: str, written: str):
    text = compose(thought, written)
    assert well_formed(text) and reasoning(text) == thought.strip()
    assert written_answer(text) == written.strip() and text[slice(*answer_span(text))] == written
    assert with_answer(text, "2.71") == compose(thought, "2.71")
    assert up_to_answer(text) + written + "</answer>" == text
    assert shortened(text, 1000) == text


@QUICK
@given(BROKEN)
def test_nothing_that_is_broken_breaks_it(text: str):
    assert not any(tag in reasoning(text) for tag in ("</think>", "<answer>"))
    span, number, written = answer_span(text), number_span(text), written_answer(text)
    assert (written is None) == ("<answer>" not in text)
    if number:
        assert span[0] <= number[0] < number[1] <= span[1] and math.isfinite(float(text[slice(*number)]))
    if well_formed(text):
        assert well_formed(text, refuse_repeated_tags=False) and span
    assert shortened(shortened(text, 3), 3).endswith(text.partition("</think>")[2][-3:])


def test_it_only_grows_and_ends_with_the_whole_thought():
    shown = [reasoning_so_far(ANSWER[:end]) for end in range(len(ANSWER) + 1)]
    assert all(after.startswith(before) for before, after in zip(shown, shown[1:], strict=False))
    assert shown[-1] == "Sharp, and 2 < 3 in it.\nClean." == reasoning(ANSWER)
    assert not any(tag in text for text in shown for tag in ("think", "answer"))
    answers = [answer_so_far(ANSWER[:end]) for end in range(len(ANSWER) + 1)]
    assert answers[-1] == "3.42" and set(answers) == {"", "3", "3.", "3.4", "3.42"}


@pytest.mark.parametrize("text", ["Just words.", "<think>Just words.<answer>2</answer>", "Just words.</think>"])
def test_answers_that_lack_a_tag_show_their_words(text: str):
    assert reasoning_so_far(text) == reasoning(text) == "Just words."


def test_a_long_reasoning_is_cut_between_two_words():
    text = compose("Sharp and clean all over.", "3.42")
    assert shortened(text, 12) == compose("Sharp and …", "3.42")
    for left in ("Sharp and clean all over.", "<think>Sharp and clean all over.", compose("Sharp <and clean all", "3")):
        assert shortened(left, 5) == left


def test_it_needs_no_torch():
    code = "import sys, vqathinker.answer; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


@pytest.mark.parametrize(("score", "counted"), [(None, 3.0), (0.2, 1.0), (7.0, 5.0), (3.42, 3.42)])
def test_a_score_is_held_to_the_scale_and_none_is_its_middle(score, counted):
    assert grammar.counted_score(score) == counted

"""Reading answers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vqathinker.rewards import format_ok, parse_answer


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("<think>a</think><answer>3.42</answer>", 3.42),
        ("<answer>1</answer> then <answer>about 4.5 of 5</answer>", 4.5),
        ("<answer>-2.0</answer>", -2.0),
        ("<answer>good</answer>", None),
        ("<answer>3.4", None),
        ("Frame1 is sharp, 4.0", None),
        ("", None),
    ],
)
def test_the_first_number_of_the_last_answer_counts(text, value):
    assert parse_answer(text) == value


@given(st.integers(100, 500))
def test_every_score_that_can_be_written_is_read_back(hundredths):
    assert parse_answer(f"<think>x</think><answer>{hundredths / 100:.2f}</answer>") == hundredths / 100


@pytest.mark.parametrize(
    ("text", "ok"),
    [
        ("<think>a\nb</think>\n<answer>3.0</answer>", True),
        ("  <think>a</think><answer>3.0</answer> \n", True),
        ("<think>a</think>", False),
        ("x<think>a</think><answer>3.0</answer>", False),
        ("<think>a</think><answer>3.0</answer><answer>3.0</answer>", False),
        ("<think><think>a</think></think><answer>3.0</answer>", False),
    ],
)
def test_the_format_is_one_thought_and_one_answer(text, ok):
    assert format_ok(text) is ok

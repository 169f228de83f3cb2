"""Reading answers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vqathinker.rewards import Answer, RewardSpec, format_ok, parse_answer, read_answer


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


def test_a_number_too_large_for_a_float_is_unreadable_unless_released():
    text = f"<answer>{'9' * 400}</answer>"
    assert parse_answer(text) is None
    assert parse_answer(text, RewardSpec.official()) == float("inf")


@pytest.mark.parametrize(
    ("text", "written", "released"),
    [("3.50", 2, 1), ("4.00", 2, 0), ("3.1000", 4, 1), ("3.42", 2, 2), ("3.4", 1, 1), ("4", 0, 0), ("3.", 0, 0)],
)
def test_decimals_count_as_written_or_as_the_float_shows_them(text, written, released):
    text = f"<answer>{text}</answer>"
    value = parse_answer(text)
    assert read_answer(text) == Answer(value, written)
    assert read_answer(text, RewardSpec.official()) == Answer(value, released)

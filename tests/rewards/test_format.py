"""The format reward against the original, and its two repairs one at a time."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.rewards.goldens import QUICK, golden
from vqathinker.rewards import RewardSpec, format_ok, format_reward

CASES = golden("rewards_format")["cases"]
OFFICIAL = RewardSpec.official()
plain = st.text().filter(lambda text: ">" not in text)


def test_official_equals_the_original():
    texts = [case["completion"] for case in CASES]
    assert format_reward([texts], OFFICIAL)[0].tolist() == [case["reward"] for case in CASES]


def test_the_default_differs_only_in_outer_white_space_and_repeated_tags():
    for case in CASES:
        text = case["completion"]
        if format_ok(text) and not case["reward"]:
            assert text != text.strip()
        if case["reward"] and not format_ok(text):
            assert max(text.count(tag) for tag in ("<think>", "</think>", "<answer>", "</answer>")) > 1


@pytest.mark.parametrize(
    ("repair", "text", "released"),
    [
        ("allow_outer_whitespace", " <think>a</think><answer>3</answer>\n", False),
        ("refuse_repeated_tags", "<think>a</think><answer>3</answer><answer>4</answer>", True),
        ("refuse_repeated_tags", "<think>a</think><answer><answer>3</answer></answer>", True),
    ],
)
def test_each_repair_changes_just_its_own_accident(repair, text, released):
    assert format_ok(text, OFFICIAL) is released
    assert format_ok(text, replace(OFFICIAL, **{repair: True})) is not released
    assert format_ok(text, replace(RewardSpec(), **{repair: False})) is released


@QUICK
@given(plain, plain)
def test_whatever_is_thought_and_answered_without_tags_is_well_formed(thought, answer):
    assert format_ok(f"<think>{thought}</think>\n<answer>{answer}</answer>")


@QUICK
@given(plain, plain, st.sampled_from(["<think>", "</think>", "<answer>", "</answer>"]), st.booleans())
def test_one_more_tag_anywhere_spoils_it(before, after, tag, in_answer):
    extra, other = before + tag + after, "4.00"
    thought, answer = (other, extra) if in_answer else (extra, other)
    assert not format_ok(f"<think>{thought}</think><answer>{answer}</answer>")

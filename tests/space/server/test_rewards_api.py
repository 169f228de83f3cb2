"""`/rewards`: the numbers of the reward functions, and a sentence for what they cannot take."""

from __future__ import annotations

import pytest

from vqathinker.rewards import RewardSpec, advantages, score_groups
from vqathinker.space.server.rewards_api import reward_table

TEXTS = [["<think>a</think><answer>3.50</answer>", "no answer"], ["<think>b</think><answer>2</answer>", "1.75"]]
FULL = [TEXTS[0], [TEXTS[1][0], "<think> </think><answer>1.75</answer>"]]


@pytest.mark.parametrize(("spec", "rules"), [("repaired", RewardSpec()), ("official", RewardSpec.official())])
def test_it_gives_what_the_reward_functions_give(spec: str, rules: RewardSpec):
    table, expected = reward_table(TEXTS, [3.5, 2.0], spec), score_groups(FULL, [3.5, 2.0], rules)
    for name in ("format", "regression", "ranking", "total"):
        assert table[name] == [[pytest.approx(x, abs=1e-4) for x in row] for row in getattr(expected, name).tolist()]
    wanted = advantages(expected.total).tolist()
    assert table["advantage"] == [[pytest.approx(x, abs=1e-4) for x in row] for row in wanted]


def test_numbers_are_written_with_two_decimals_and_strings_as_they_are():
    table = reward_table([[3.5, "3.5"]], [3.5])
    assert table["regression"] == [[1.0, 0.8]] and table["scores"] == [[3.5, 3.5]]


def test_an_unreadable_answer_has_no_score():
    table = reward_table(TEXTS, [3.5, 2.0])
    assert table["scores"] == [[3.5, None], [2.0, 1.75]] and table["format"][0] == [1.0, 0.0]


def test_the_perturbed_twins_decide_the_bonus():
    plain, paid = reward_table([[4.0]], [4.0]), reward_table([[4.0]], [4.0], perturbed=[[2.0]])
    assert paid["regression"][0][0] == pytest.approx(plain["regression"][0][0] + RewardSpec().bonus)
    assert reward_table([[4.0]], [4.0], perturbed=[[4.0]]) == plain


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("3.5", [3]), "a list for each video"),
        (([3.5], [3]), "a list for each video"),
        (([[None]], [3]), "strings and numbers"),
        (([[True]], [3]), "strings and numbers"),
        (([[float("nan")]], [3]), "strings and numbers"),
        (([[3.5], [3, 4]], [3, 4]), "groups of one size"),
        (([[3.5]], [3, 4]), "one MOS for each video"),
        (([[3.5]], None), "mos must be a list"),
        (([[3.5]], ["x"]), "numbers from 1 to 5, not 'x'"),
        (([[3.5]], [40]), "numbers from 1 to 5, not 40"),
        (([[3.5]], [True]), "numbers from 1 to 5, not True"),
        (([["<answer>" * 1200]], [3]), "8000 characters"),
        (([["x" * 7000] * 40], [3]), "256000 in all"),
        (([[3.5]], [3], "mine"), "spec must be one of"),
        (([[3.5]], [3], "repaired", [[3, 4]]), "as many answers"),
        (([[1.0] * 5000], [3]), "at most"),
        (([[1.0, 2.0]] * 200, [3] * 200), "answers may be about 128 videos at most"),
        (([[10**400]], [3]), "strings and numbers, not a number"),
        (([[3.5]], [10**400]), "numbers from 1 to 5, not a number"),
        (([[["x" * 5000]]], [3]), "strings and numbers, not .*…"),
    ],
)
def test_what_cannot_be_computed_is_one_sentence(arguments: tuple, sentence: str):
    with pytest.raises(ValueError, match=sentence):
        reward_table(*arguments)

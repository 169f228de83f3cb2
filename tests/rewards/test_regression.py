"""The regression reward against the original, its laws and its repairs."""

from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.rewards.goldens import QUICK, close, golden, written
from vqathinker.rewards import RewardSpec, bell, read_answer, regression_reward, score_groups

CASES = golden("rewards_reg")["cases"]
READABLE = [case for case in CASES if case["reward"] is not None]
OFFICIAL = RewardSpec.official()
errors = st.floats(0, 4)


def rewards_of(cases, spec):
    texts, mos = [[case["completion"]] for case in cases], [case["ground_truth"] for case in cases]
    return score_groups(texts, mos, spec).regression[:, 0]


def test_official_equals_the_original():
    close(rewards_of(READABLE, OFFICIAL), [case["reward"] for case in READABLE], 1e-6)


def test_the_default_differs_only_by_written_decimals_missing_tags_and_the_scale():
    for case, reward in zip(READABLE, rewards_of(READABLE, RewardSpec()).tolist(), strict=True):
        text = case["completion"]
        forgiven = read_answer(text).decimals >= 2 > read_answer(text, OFFICIAL).decimals
        expected = case["reward"] / 0.8 if forgiven else case["reward"]
        tagged = "<answer>" in text and "</answer>" in text
        counts = tagged and 1 <= read_answer(text).value <= 5
        assert reward == pytest.approx(expected if counts else 0, abs=1e-6)
        assert not forgiven or "0" in text


def test_every_score_written_with_two_decimals_earns_the_whole_bell():
    texts = [[written(hundredths / 100)] for hundredths in range(100, 501)]
    mos = [hundredths / 100 for hundredths in range(100, 501)]
    assert score_groups(texts, mos).regression.eq(1).all()
    assert score_groups(texts, mos, OFFICIAL).regression.lt(1).sum() == 41


def test_unreadable_cases_earn_nothing_by_default_and_a_seeded_draw_officially():
    cases = [case for case in CASES if case["random"]]
    assert rewards_of(cases, RewardSpec()).eq(0).all()
    drawn = rewards_of(cases, OFFICIAL)
    assert drawn.equal(rewards_of(cases, OFFICIAL))
    mos = torch.tensor([case["ground_truth"] for case in cases])
    possible = 0.8 * bell(torch.arange(1.0, 6.0)[:, None], mos)
    assert ((drawn - possible).abs() < 1e-6).any(0).all()


@pytest.mark.parametrize("mos", [None, "abc", "3.5", float("nan"), float("inf")])
def test_a_mos_that_is_no_number_is_refused(mos):
    with pytest.raises(ValueError, match="MOS of video 1 is not a finite number"):
        score_groups([[written(3)], [written(3)]], [3.0, mos])


@QUICK
@given(st.floats(1, 5), errors)
def test_the_bell_is_symmetric_with_its_top_at_the_target(target, error):
    above, below = float(bell(target + error, target)), float(bell(target - error, target))
    assert above == pytest.approx(below, rel=1e-6)
    assert 0 <= above <= 1 == float(bell(target, target))


@QUICK
@given(errors, errors)
def test_the_bell_falls_with_the_error(one, other):
    near, far = sorted((one, other))
    assert float(bell(3 + near, 3)) >= float(bell(3 + far, 3))


def test_only_answers_that_are_too_coarse_are_punished():
    scores = torch.full((1, 4), 3.0)
    reward = regression_reward(scores, torch.tensor([3.0]), torch.tensor([[0, 1, 2, 3]]))
    close(reward, [[0.8, 0.8, 1, 1]], 1e-7)


def test_counting_written_decimals_can_be_repaired_alone():
    texts, mos = [[written("3.50")], [written("3.5")]], [3.5, 3.5]
    repaired = replace(OFFICIAL, count_written_decimals=True)
    close(score_groups(texts, mos, repaired).regression, [[1.0], [0.8]], 1e-7)
    close(score_groups(texts, mos, OFFICIAL).regression, [[0.8], [0.8]], 1e-7)

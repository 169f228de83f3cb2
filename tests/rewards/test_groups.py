"""The whole table: its sums, its order, its bad input."""

import random

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.rewards.goldens import QUICK, close, written
from vqathinker.rewards import RewardSpec, advantages, score_groups

answers = st.one_of(
    st.integers(100, 500).map(lambda n: written(n / 100)),
    st.sampled_from([written("4"), written("good"), "Frame1 is sharp", "", written("9" * 400), written("-2.5")]),
)
batches = st.tuples(st.integers(1, 4), st.integers(1, 4)).flatmap(
    lambda size: st.tuples(
        st.lists(st.lists(answers, min_size=size[1], max_size=size[1]), min_size=size[0], max_size=size[0]),
        st.lists(st.floats(1, 5), min_size=size[0], max_size=size[0]),
    )
)


@QUICK
@given(batches)
def test_the_total_is_the_sum_of_the_parts_and_all_are_finite(batch):
    texts, mos = batch
    table = score_groups(texts, mos)
    shape = (len(texts), len(texts[0]))
    for part, top in ((table.format, 1), (table.regression, 1), (table.ranking, 1.0011), (table.total, 3.0011)):
        assert part.shape == shape and part.dtype == torch.float32
        assert (part >= 0).all() and (part <= top).all()
    close(table.total, table.format + table.regression + table.ranking, 1e-6)
    assert advantages(table.total).isfinite().all()


@QUICK
@given(batches, st.integers(0, 99))
def test_reordering_a_group_reorders_its_rewards(batch, seed):
    texts, mos = batch
    order = random.Random(seed).sample(range(len(texts[0])), len(texts[0]))
    table = score_groups(texts, mos)
    moved = score_groups([[group[j] for j in order] for group in texts], mos)
    assert moved.format.equal(table.format[:, order])
    assert moved.regression.equal(table.regression[:, order])
    assert moved.scores.isnan().equal(table.scores.isnan()[:, order])


def test_identical_answers_are_worth_the_same_and_teach_nothing():
    table = score_groups([[written(3.1)] * 8, [written(4.7)] * 8], [3.4, 2.2])
    assert advantages(table.total).eq(0).all()


def test_a_weight_of_zero_removes_a_part_from_the_total_only():
    texts, mos = [[written(4.0), written("3")], [written(2.0), "?"]], [4.2, 1.9]
    whole, part = score_groups(texts, mos), score_groups(texts, mos, RewardSpec(ranking_weight=0))
    assert part.ranking.equal(whole.ranking)
    close(part.total, whole.regression + whole.format, 1e-6)


def test_official_draws_follow_the_generator_and_differ_between_the_rewards():
    texts, mos, spec = [["?"] * 40, ["?"] * 40], [3.0, 2.0], RewardSpec.official()
    first = score_groups(texts, mos, spec, np.random.default_rng(7))
    again = score_groups(texts, mos, spec, np.random.default_rng(7))
    other = score_groups(texts, mos, spec, np.random.default_rng(8))
    assert first.total.equal(again.total) and not first.total.equal(other.total)
    # the highest draws earn the better video its highest ranking; were they shared, its regression would fall there
    high = first.ranking[0] == first.ranking[0].max()
    assert first.regression[0][high].unique().numel() > 1


@pytest.mark.parametrize(
    ("texts", "mos", "message"),
    [
        ([], [], "groups of one size"),
        ([[]], [3.0], "groups of one size"),
        ([["a"], ["a", "b"]], [3.0, 3.0], r"the sizes are \[1, 2\]"),
        (["abc"], [3.0], "as strings"),
        ([[None]], [3.0], "as strings"),
        ([["a"], ["b"]], [3.0], "2 groups, but 1 MOS"),
    ],
)
def test_a_batch_that_is_not_one_is_refused(texts, mos, message):
    with pytest.raises(ValueError, match=message):
        score_groups(texts, mos)


def test_the_mos_may_be_an_array_or_a_tensor():
    texts = [[written(4.0)], [written(2.0)]]
    expected = score_groups(texts, [4.0, 2.0]).total
    assert score_groups(texts, np.array([4.0, 2.0])).total.equal(expected)
    assert score_groups(texts, torch.tensor([4.0, 2.0])).total.equal(expected)


def test_an_answer_off_the_scale_spoils_its_group_only_in_the_released_code():
    good, wild = "<think>a</think><answer>4.00</answer>", "<think>a</think><answer>3110.00</answer>"
    other = ["<think>a</think><answer>2.00</answer>", "<think>a</think><answer>2.10</answer>"]
    texts, mos = [[good, good, wild], [*other, other[0]]], [4.0, 2.0]
    repaired, released = (score_groups(texts, mos, spec) for spec in (RewardSpec(), RewardSpec.official()))
    assert repaired.ranking[0, 0] > 0.99 and released.ranking[0, 0] < 0.8
    assert repaired.ranking[0, 2] == 0 and repaired.scores[0, 2].isnan()
    assert released.scores[0, 2] == 3110

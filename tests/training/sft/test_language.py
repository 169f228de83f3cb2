"""The distribution that the digits of a score are taught, and which view of a sample is shown."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.training.toys import picture_row, row
from training.data.reasoning import GOOD_MOS
from training.sft.language import Speaker, digit_targets

DEVIATION = 0.12


def digits(score: float) -> list[int]:
    return [int(digit) for digit in f"{score:.2f}".replace(".", "")]


@given(st.floats(1, 5), st.floats(-2, 2))
def test_each_digit_has_a_distribution_in_which_the_written_one_is_possible(mos, normal):
    score = round(float(np.clip(mos + DEVIATION * normal, 1, 5)), 2)
    targets = digit_targets(torch.tensor([mos]), DEVIATION, torch.tensor([digits(score)]))[0]
    assert targets.sum(-1) == pytest.approx([1, 1, 1], abs=1e-5)
    assert all(targets[place, digit] > 0 for place, digit in enumerate(digits(score)))


@pytest.mark.parametrize("mos", [1.05, 2.58, 3.42, 4.97])
def test_the_digits_are_those_of_draws(mos):
    draws = np.round(np.clip(np.random.default_rng(0).normal(mos, DEVIATION, 60_000), 1, 5), 2)
    drawn = [digits(score) for score in draws]
    unit, tenth, _ = drawn[0]
    targets = digit_targets(torch.tensor([mos]), DEVIATION, torch.tensor([drawn[0]]))[0]
    shares = [np.mean([d[0] == k for d in drawn]) for k in range(10)]
    assert targets[0].tolist() == pytest.approx(shares, abs=0.01)
    tenths = [d for d in drawn if d[0] == unit]
    assert targets[1].tolist() == pytest.approx([np.mean([d[1] == k for d in tenths]) for k in range(10)], abs=0.02)
    last = [d for d in tenths if d[1] == tenth]
    assert targets[2].tolist() == pytest.approx([np.mean([d[2] == k for d in last]) for k in range(10)], abs=0.05)


def test_a_clip_without_a_defect_stays_as_it_is_and_all_else_is_shown_in_every_view():
    """Liked pictures, too: were they only shown still, moving would tell that a picture is disliked."""
    blur = [{"name": "blur", "severity": "slight"}]
    rows = [row(0), row(1, defects=blur), picture_row(2, mos=GOOD_MOS), picture_row(3, mos=2.0)]
    speaker = object.__new__(Speaker)
    speaker.seen = {one["id"]: [0, 1] if one["kind"] == "human" else [0, 1, 2] for one in rows}
    drawn = {one["id"]: {speaker.draw_view(one, np.random.default_rng(seed)) for seed in range(40)} for one in rows}
    assert drawn == {"clip0": {0}, "clip1": {0, 1, 2}, "picture2": {0, 1}, "picture3": {0, 1}}

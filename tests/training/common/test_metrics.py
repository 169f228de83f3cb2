"""Which set a sample is measured in, and agreement set by set."""

import numpy as np
import pytest

from tests.training.toys import picture_row, row
from training.common.metrics import correlations, set_of


@pytest.mark.parametrize(
    ("sample", "name"),
    [
        (row(0), "pseudo"),
        (row(0, group="photos"), "pseudo"),
        (picture_row(0), "clive"),
        (picture_row(0, group="avt_uhd"), "avt"),
        (picture_row(0, group="biq2021"), "biq"),
        (picture_row(0, group="biq2021", split="grpo"), "biq"),
        (picture_row(0, group="biq2021", split="test"), "biq_test"),
        (picture_row(0, group="biq2021", family="filmed"), "biq_filmed"),
    ],
)
def test_filmed_and_official_test_pictures_are_sets_of_their_own(sample, name):
    assert set_of(sample) == name


def test_agreement_is_that_of_each_set():
    rows = [picture_row(k, mos=float(k + 1)) for k in range(4)] + [row(k, mos=float(k + 1)) for k in range(4)]
    found = correlations(rows, np.array([1.5, 2.5, 3.5, 4.5, 4.0, 3.0, 2.0, 1.0]))
    assert found["clive_srcc"] == pytest.approx(1) and found["pseudo_srcc"] == pytest.approx(-1)
    assert found["clive_mae"] == pytest.approx(0.5) and found["pseudo_mae"] == pytest.approx(2)

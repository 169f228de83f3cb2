"""The constants and the repairs."""

import re
from dataclasses import fields

import pytest

from vqathinker.rewards import RewardSpec


def test_official_turns_every_repair_off_and_changes_no_constant():
    official, repaired = RewardSpec.official(), RewardSpec()
    differing = {f.name for f in fields(RewardSpec) if getattr(official, f.name) != getattr(repaired, f.name)}
    assert differing == set(RewardSpec.repairs())


def test_every_field_is_explained():
    for field in fields(RewardSpec):
        name = re.sub(r"^(format|regression|ranking)_weight$", r"*_weight", field.name)
        assert name in RewardSpec.__doc__
    assert all(sentence for sentence in RewardSpec.repairs().values())


@pytest.mark.parametrize(
    "bad",
    [
        {"sigma": 0},
        {"sigma": float("nan")},
        {"smoothing": 0},
        {"bonus": -0.1},
        {"ranking_weight": -1},
        {"coarse_factor": 1.1},
    ],
)
def test_constants_out_of_range_are_refused_by_name(bad):
    with pytest.raises(ValueError, match=rf"RewardSpec\.{next(iter(bad))} must be"):
        RewardSpec(**bad)

"""The curves of the rewards are those of the functions that train, and each can be told from the others."""

from __future__ import annotations

import csv
import io
import json

import pytest

from vqathinker.rewards import RewardSpec, bell, fidelity
from vqathinker.space.history.explore import (
    EXPLORED_DASHES,
    EXPLORED_MOS,
    explore_csv,
    explore_figures,
    explored_curves,
)
from vqathinker.space.history.tab import EXPLORED_REWARDS, explore

SPEC = RewardSpec()


def curves(number: int) -> dict:
    return list(explored_curves().values())[number][1]


def test_the_bell_is_that_of_the_regression_reward():
    x, y = curves(0)["with two decimals"]
    assert y == pytest.approx([float(bell(answer, EXPLORED_MOS, SPEC.sigma)) for answer in x], abs=1e-4)
    assert max(y) == 1 and x[y.index(1)] == EXPLORED_MOS
    assert max(curves(0)["with one decimal"][1]) == pytest.approx(SPEC.coarse_factor)


@pytest.mark.parametrize(
    ("name", "target"), [("people prefer it", 1.0), ("people see no difference", 0.5), ("people prefer the other", 0.0)]
)
def test_the_ranking_curve_is_highest_where_it_agrees_with_people(name: str, target: float):
    x, y = curves(1)[name]
    assert y == pytest.approx([float(fidelity(p, target, SPEC.smoothing)) for p in x], abs=1e-4)
    assert x[y.index(max(y))] == pytest.approx(target, abs=0.02)  # flat at its top


def test_the_bonus_is_added_above_its_gates_and_only_where_order_earned_more():
    gates = {"ranking, better in order": SPEC.ranking_gate, "regression, better in order": SPEC.regression_gate}
    for name, gate in gates.items():
        for before, after in zip(*curves(2)[name], strict=True):
            added = SPEC.bonus if before > gate + 1e-4 else 0.0
            assert abs(before - gate) < 1e-4 or after - before == pytest.approx(added, abs=1e-3)
    assert curves(2)["not better in order"][0] == curves(2)["not better in order"][1]


def test_the_figure_and_the_table_hold_the_same_points():
    rows = list(csv.DictReader(io.StringIO(explore_csv())))
    data = [curve for figure in explore_figures() for curve in figure["data"]]
    assert sum(len(one["x"]) for one in data) == len(rows) and len(data) == 8
    last = data[-1]
    assert [float(row["y"]) for row in rows if row["curve"] == last["name"]] == last["y"]
    assert all(one["line"]["dash"] in EXPLORED_DASHES for one in data)
    *plots, link = explore()
    assert len(plots) == EXPLORED_REWARDS and "download=" in link
    assert [curve for plot in plots for curve in json.loads(plot.plot)["data"]] == data

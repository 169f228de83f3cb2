"""The lab's numbers are those of vqathinker.rewards, and its arithmetic adds up."""

from __future__ import annotations

import math
import re
from dataclasses import replace

import pytest
from hypothesis import given, settings

from tests.space.lab_states import states
from vqathinker.rewards import RewardSpec, advantages, score_groups
from vqathinker.space.lab.experiment import numbers as numbers_of_the_lab
from vqathinker.space.lab.experiment.actions import act
from vqathinker.space.lab.experiment.explain import advantage_lines, matrix_lines
from vqathinker.space.lab.experiment.numbers import Numbers, Side, score_state
from vqathinker.space.lab.experiment.presets import PRESETS
from vqathinker.space.lab.experiment.state import DEFAULT_STATE, LabState
from vqathinker.space.lab.page import render
from vqathinker.space.lab.views.bell import possible
from vqathinker.space.lab.views.notice import notice
from vqathinker.space.lab.views.step import step_columns

SYMBOLS = {"−": "-", "×": "*", "²": "**2", "√": "sqrt", "Φ": "phi"}
NAMES = {"exp": math.exp, "sqrt": math.sqrt, "phi": lambda z: 0.5 * (1 + math.erf(z / math.sqrt(2)))}


def evaluated(line: str) -> tuple[float, float]:
    """Both sides of a line of arithmetic, what stands before it taken off."""
    for symbol, code in SYMBOLS.items():
        line = line.replace(symbol, code)
    left, right = line.rsplit(" = ", 1)
    left = left.rsplit(" = ", 1)[-1]
    return eval(left, {"__builtins__": {}}, NAMES), float(right)


def lines_of(numbers: Numbers, side: Side) -> list[str]:
    state = numbers.state
    cells = [(i, j) for i in range(len(state.videos)) for j in range(state.answers)]
    return [line for column in step_columns(numbers) for i, j in cells for line in column.lines(numbers, side, i, j)]


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_the_rewards_of_a_preset_are_those_of_the_package(name: str):
    state = PRESETS[name].state
    mos = [video.mos for video in state.videos]
    for spec, side in zip(
        (RewardSpec(), RewardSpec.official()), (score_state(state).repaired, score_state(state).released), strict=True
    ):
        ordered = score_groups([video.ordered for video in state.videos], mos, spec)
        shuffled = score_groups([video.shuffled for video in state.videos], mos, spec)
        if not (name == "unreadable" and not spec.unreadable_is_lowest):  # one generator draws for both groups
            assert side.rewarded.total.equal(ordered.with_bonus(shuffled, spec).total)
        assert side.ordered.regression.equal(ordered.regression)
        assert side.ordered.ranking.equal(ordered.ranking)
        assert side.advantages.equal(advantages(side.rewarded.total))


def test_constants_reach_both_specs():
    numbers = score_state(replace(DEFAULT_STATE, sigma=0.9, bonus=0.1, ranking_gate=0.2, regression_gate=0.3))
    for _, side in numbers.sides:
        assert (side.spec.sigma, side.spec.bonus) == (0.9, 0.1)
        assert (side.spec.ranking_gate, side.spec.regression_gate) == (0.2, 0.3)
    assert numbers.released.spec == RewardSpec.official(sigma=0.9, bonus=0.1, ranking_gate=0.2, regression_gate=0.3)


def test_random_scores_are_drawn_from_the_seed():
    state = PRESETS["unreadable"].state
    totals = [score_state(replace(state, seed=seed)).released.rewarded.total[0, 2].item() for seed in (0, 0, 1, 2, 3)]
    assert totals[0] == totals[1] and len(set(totals)) > 1


def test_one_video_has_no_released_side():
    numbers = score_state(act(DEFAULT_STATE, {"kind": "videos", "change": -1}))
    assert numbers.released is None and not numbers.repaired.ordered.ranking.any()


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_the_arithmetic_of_a_preset_adds_up(name: str):
    numbers = score_state(PRESETS[name].state)
    checked = 0
    for _, side in numbers.sides:
        lines = lines_of(numbers, side) + matrix_lines(numbers, side, 0, 1)
        for line in lines:
            if " = " in line:
                left, right = evaluated(line)
                assert left == pytest.approx(right, abs=1e-3), line
                checked += 1
    assert checked > 40


@settings(max_examples=25, deadline=None)
@given(states())
def test_every_cell_of_every_state_has_its_lines(state: LabState):
    numbers = score_state(state)
    for _, side in numbers.sides:
        if side is not None:
            assert all(line and "nan" not in line for line in lines_of(numbers, side))


def test_equal_rewards_are_told_as_such():
    assert advantage_lines(score_state(PRESETS["equal"].state).repaired, 0, 0) == [
        "all rewards of the group are equal: 0.000"
    ]


def test_41_of_the_401_strings_are_punished_as_released():
    for spec, punished in ((RewardSpec(), 0), (RewardSpec.official(), 41)):
        xs, ys = possible(3.5, 2, spec)
        full = possible(3.5, 2, RewardSpec())[1]
        assert len(xs) == 401 and int((ys < full).sum()) == punished


def test_another_factor_of_coarse_answers_is_told_as_it_is(monkeypatch: pytest.MonkeyPatch):
    """Nothing on the page knows the factor but the trace."""
    half = RewardSpec(coarse_factor=0.5), RewardSpec.official(coarse_factor=0.5)
    monkeypatch.setattr(numbers_of_the_lab, "specs", lambda state: half)
    state = act(DEFAULT_STATE, {"kind": "number", "video": 0, "answer": 0, "number": "3.5"})
    state = act(state, {"kind": "mos", "video": 0, "value": 3.5})
    score_state.cache_clear()
    try:
        page = render(replace(state, view="step", step=3), 1200)
        told = notice(score_state(replace(state, view="bell")))
        table = render(replace(state, view="bell"), 1200)
    finally:
        score_state.cache_clear()
    assert "keeps only 0.5 of its bell: 0.500 instead of 1.000" in told
    assert "Too few decimals keep only 0.5 of it." in page and "× 0.5 = 0.500" in page
    assert "1.000 × 0.5" in table


def test_numbers_are_written_with_a_real_minus_and_no_minus_zero():
    text = " ".join(lines_of(score_state(DEFAULT_STATE), score_state(DEFAULT_STATE).repaired))
    assert not re.search(r"-\d|−0\.0+\b", text)

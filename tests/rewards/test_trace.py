"""The trace: every number that led to a reward, and lines of arithmetic that evaluate to it."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.rewards.goldens import QUICK, written
from vqathinker.rewards import REWARDS, RewardSpec, advantages, bell, fidelity, ranking_reward, score_groups
from vqathinker.rewards.advantage import explain_advantage
from vqathinker.rewards.ranking import explain_preference, what_if

NAMES = ["A", "B", "C", "D"]
SYMBOLS = {"−": "-", "×": "*", "²": "**2", "√": "sqrt", "Φ": "phi"}
CODE = {"exp": math.exp, "sqrt": math.sqrt, "phi": lambda z: 0.5 * (1 + math.erf(z / math.sqrt(2)))}
SPECS = st.builds(
    RewardSpec,
    sigma=st.floats(0.1, 1.5),
    coarse_factor=st.sampled_from([0.0, 0.5, 0.8, 1.0]),
    unreadable_is_lowest=st.booleans(),
    gate_per_video=st.booleans(),
    gate_needs_gain=st.booleans(),
    bonus=st.sampled_from([0.0, 0.3]),
    ranking_weight=st.sampled_from([1.0, 0.5]),
)
ANSWERS = st.integers(100, 500).map(lambda n: written(n / 100)) | st.sampled_from(
    [written("4"), written("3.5"), written("good"), "", written("9.00")]
)
BATCHES = st.tuples(st.integers(1, 3), st.integers(1, 4)).flatmap(
    lambda size: st.tuples(
        *(st.lists(st.lists(ANSWERS, min_size=size[1], max_size=size[1]), min_size=size[0], max_size=size[0]),) * 2,
        st.lists(st.floats(1, 5), min_size=size[0], max_size=size[0]),
        SPECS,
    )
)


def evaluated(line: str) -> tuple[float, float]:
    """Both sides of a line of arithmetic, what stands before it taken off."""
    for symbol, code in SYMBOLS.items():
        line = line.replace(symbol, code)
    left, right = line.rsplit(" = ", 1)
    return eval(left.rsplit(" = ", 1)[-1], {"__builtins__": {}}, CODE), float(right)


@QUICK
@given(BATCHES)
def test_every_line_evaluates_to_the_number_of_the_trace(batch):
    texts, shuffled, mos, spec = batch
    table = score_groups(texts, mos, spec)
    after = table.with_bonus(score_groups(shuffled, mos, spec), spec)
    for i in range(len(texts)):
        for j in range(len(texts[0])):
            lines = {name: one.explain(table.trace[name], i, j, NAMES) for name, one in REWARDS.items()}
            for name, own in lines.items():
                assert own and all("nan" not in line for line in own), own
                if " = " in own[-1]:
                    assert float(own[-1].rsplit(" = ", 1)[1]) == pytest.approx(float(table.parts[name][i, j]), abs=6e-4)
            extra = [*after.explain_total(i, j), *explain_advantage(after.total, i, j)]
            for line in [line for own in (*lines.values(), extra) for line in own if " = " in line]:
                left, right = evaluated(line)
                assert left == pytest.approx(right, abs=2e-3), line


@QUICK
@given(BATCHES)
def test_the_trace_adds_up_to_the_rewards(batch):
    texts, shuffled, mos, spec = batch
    table, twins = score_groups(texts, mos, spec), score_groups(shuffled, mos, spec)
    regressed, ranked = table.trace["regression"], table.trace["ranking"]
    assert table.regression.equal(regressed.bell * regressed.factor)
    met = torch.where(ranked.opponent[:, None], ranked.fidelity, 0.0).sum(-1)
    mean = met / ranked.opponent.sum(1, keepdim=True).clamp(min=1)
    assert torch.where(ranked.scores.isnan(), 0.0, mean).allclose(table.ranking, atol=1e-6)
    assert ranked.fidelity.equal(fidelity(ranked.probability, ranked.target[:, None]))
    after = table.with_bonus(twins, spec)
    assert set(after.bonus) == {"regression", "ranking"}
    for name, trace in after.bonus.items():
        won = trace.ordered > trace.perturbed if spec.gate_needs_gain else trace.ordered >= trace.perturbed
        assert trace.opened.equal(won)
        assert trace.paid.equal(trace.opened & (trace.gate.compared > trace.gate.threshold))
        assert after.parts[name].equal(table.parts[name] + trace.amount)


def test_the_factor_of_coarse_answers_is_that_of_the_spec():
    table = score_groups([[written("3.5"), written("3.50")]], [3.5], RewardSpec(coarse_factor=0.5))
    trace = table.trace["regression"]
    assert trace.factor.tolist() == [[0.5, 1.0]] and table.regression.tolist() == [[0.5, 1.0]]
    assert trace.bell.equal(bell(trace.scores, 3.5))
    lines = REWARDS["regression"].explain(trace, 0, 0, NAMES)
    assert lines == ["fewer than 2 decimals count", "exp(−(3.5000 − 3.5000)² / (2 × 0.5000²)) × 0.5 = 0.500"]
    assert "keep only 0.5 of it" in REWARDS["regression"].sentence(RewardSpec(coarse_factor=0.5))


def test_a_random_score_is_in_the_trace():
    table = score_groups([["?", written(3.0)], [written(2.0), written(2.1)]], [3.0, 2.0], RewardSpec.official())
    for name in ("regression", "ranking"):
        trace = table.trace[name]
        assert trace.drawn.tolist() == [[True, False], [False, False]] and trace.scores[0, 0] in (1, 2, 3, 4, 5)
        assert f"here {trace.scores[0, 0]:g}" in REWARDS[name].explain(trace, 0, 0, NAMES)[0]
    assert table.trace["ranking"].mean[0] == table.trace["ranking"].scores[0].mean()


def test_a_video_without_a_twin_has_a_closed_gate():
    good, poor = [[written(4.0)], [written(2.0)]], [[written(2.5)], [written(2.0)]]
    table, twins = (score_groups(texts, [4.0, 2.0]) for texts in (good, poor))
    after = table.with_bonus_for(torch.tensor([False, False]), twins)
    assert after.total.equal(table.total)
    assert not any(trace.opened.any() or trace.paid.any() for trace in after.bonus.values())


def test_what_an_answer_would_earn_is_the_ranking_reward():
    texts = [[written(3.1), written(4.4)], [written(2.0), "?"], [written(4.6), written(4.1)]]
    mos = [3.5, 2.4, 4.3]
    trace = score_groups(texts, mos).trace["ranking"]
    values = torch.linspace(1, 5, 9)
    for value, earned in zip(values, what_if(trace, 0, 1, values), strict=True):
        scores = trace.answers.scores.clone()
        scores[0, 1] = value
        assert float(ranking_reward(scores, torch.tensor(mos))[0, 1]) == pytest.approx(float(earned), abs=1e-6)


def test_certainty_near_0_and_1_is_written_with_the_digits_that_matter():
    trace = score_groups([[written(1.0), written(1.06)], [written(4.9), written(5.0)]], [4.0, 2.0]).trace["ranking"]
    line = REWARDS["ranking"].explain(trace, 0, 0, NAMES)[-1]
    left, right = evaluated(line)
    assert left == pytest.approx(right, abs=6e-4)
    assert explain_preference(trace, 0, 1, NAMES)[-1] == "people: yes, g is 1"


def test_an_advantage_explains_itself_as_it_was_computed():
    total = torch.tensor([[3.0, 1.0, 2.5], [2.0, 2.0, 2.0]])
    for scale in (True, False):
        left, right = evaluated(explain_advantage(total, 0, 1, scale=scale)[-1])
        assert left == pytest.approx(right, abs=1e-3)
        assert right == pytest.approx(float(advantages(total, scale=scale)[0, 1]), abs=1e-3)
    assert explain_advantage(total, 1, 0) == ["all rewards of the group are equal: 0.000"]

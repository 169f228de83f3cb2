"""The toy policy learns as the trainer makes a model learn, and what is switched off is what breaks."""

from __future__ import annotations

import copy
from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch
from accelerate import Accelerator
from hypothesis import given, settings

from tests.space.lab_states import states
from training.grpo import step as trainer
from training.grpo.config import GrpoSettings
from training.grpo.step import Batch, Learner, train_step
from training.policy.rollouts import Rollouts
from vqathinker.answer import compose
from vqathinker.rewards import RewardSpec
from vqathinker.space.lab.experiment import learning
from vqathinker.space.lab.experiment.learning import all_on, course, first_policy, reward_spec
from vqathinker.space.lab.experiment.numbers import score_state
from vqathinker.space.lab.experiment.presets import FAR_APART, _state
from vqathinker.space.lab.experiment.state import DEFAULT_STATE, LabState
from vqathinker.space.lab.experiment.toy import FORMS, token_mask, token_of

APART = _state("update", *FAR_APART)
"""Two videos that people tell apart, answered alike."""


FORMED = (compose("a", "fair"), "3.2", "<answer>3.50</answer>", compose("a", "4"))
MIXED = replace(DEFAULT_STATE, videos=(replace(DEFAULT_STATE.videos[0], ordered=FORMED), DEFAULT_STATE.videos[1]))
"""Answers of every form."""


def trained(state: LabState, monkeypatch: pytest.MonkeyPatch) -> torch.nn.Module:
    """The toy policy after one step of `training.grpo.step`, plain gradient descent for its optimizer."""
    policy = first_policy(state)
    reference = copy.deepcopy(policy).requires_grad_(False)
    tokens, texts, shuffled = learning.answers(state, policy, 0)
    lengths = token_mask(tokens).sum(-1).long()
    nothing = torch.zeros_like(lengths, dtype=torch.bool)
    rollouts, twins = (Rollouts(some, tokens, lengths, nothing) for some in (texts, shuffled))
    monkeypatch.setattr(trainer, "roll_out", lambda *_: (rollouts, twins))
    videos = len(state.videos)
    run = GrpoSettings(
        videos_per_step=videos, micro_batch=videos, reward=reward_spec(state), beta=state.beta, epsilon=state.epsilon,
        num_iterations=state.num_iterations,
    )  # fmt: skip
    items = [SimpleNamespace(mos=video.mos) for video in state.videos]
    inputs = {"video": torch.arange(videos)}
    optimizer = torch.optim.SGD(policy.parameters(), state.learning_rate)
    learner = Learner(Accelerator(cpu=True), policy, reference, optimizer, None, run)
    train_step(learner, Batch(items, inputs, inputs, [True] * videos), 0)
    return policy


@pytest.mark.parametrize(
    "state",
    [
        DEFAULT_STATE,
        replace(DEFAULT_STATE, beta=0.5, epsilon=0.05, learning_rate=4.0, num_iterations=8),
        replace(APART, off=("ranking", "temporal"), num_iterations=1, beta=0.0),
        MIXED,
    ],
    ids=["default", "braked", "without", "forms"],
)  # fmt: skip
def test_a_step_is_one_of_the_trainer(state: LabState, monkeypatch: pytest.MonkeyPatch):
    start, after = course(replace(state, updates=1))
    theirs = trained(state, monkeypatch).state_dict()
    for name, weight in after.policy.state_dict().items():
        torch.testing.assert_close(weight, theirs[name], rtol=1e-6, atol=1e-9)
    assert not after.policy.still.equal(start.policy.still)


def test_the_first_step_takes_the_answers_and_rewards_of_the_lab():
    batch = course(replace(DEFAULT_STATE, updates=1))[-1].batch
    assert batch.texts == [list(video.ordered) for video in DEFAULT_STATE.videos]
    assert batch.scored.table.total.equal(score_state(DEFAULT_STATE).repaired.rewarded.total)
    assert batch.advantages.equal(score_state(DEFAULT_STATE).repaired.advantages)


def test_answers_are_told_apart_by_their_form():
    texts = [form.text(3.4) for form in FORMS]
    assert [token_of(text)[0] for text in texts] == [0, 1, 2, 3]
    assert {token_of(text)[1] for text in texts[:3]} == {24}
    assert token_mask(torch.tensor([[token_of(text) for text in texts]]))[0].tolist() == [
        [1, 1],
        [1, 1],
        [1, 1],
        [1, 0],
    ]


def test_with_all_rewards_it_learns_form_score_and_order():
    first, *_, last = (moment.measures for moment in course(replace(APART, updates=60)))
    assert first.form < 0.85 and last.form > 0.95
    assert first.error > 1 and last.error < 0.15
    assert first.order < 0.6 and last.order > 0.95
    assert last.kl > 1


@pytest.mark.parametrize(
    ("off", "broken"),
    [
        (("format",), lambda mine, whole: mine.form < whole.form - 0.2),
        (("regression",), lambda mine, whole: mine.error > whole.error + 0.2 and mine.order > 0.95),
        (("regression", "ranking", "temporal"), lambda mine, whole: mine.error > 1 and mine.order < 0.6),
    ],
    ids=["form", "scores", "everything at 3"],
)
def test_what_is_switched_off_breaks(off: tuple[str, ...], broken):
    state = replace(APART, updates=60, off=off)
    assert broken(course(state)[-1].measures, course(all_on(state))[-1].measures)


def test_a_reward_that_is_off_has_no_weight():
    spec = reward_spec(replace(DEFAULT_STATE, off=("format", "temporal"), sigma=0.7))
    assert spec.weight("format", 1.0) == 0 and (spec.bonus, spec.sigma) == (0, 0.7)
    assert reward_spec(DEFAULT_STATE) == RewardSpec()


def test_the_brakes_brake():
    def after(**changes):
        return course(replace(APART, updates=10, **changes))[-1]

    assert after(beta=1.0).measures.kl < 0.7 * after(beta=0.0).measures.kl
    assert after(epsilon=0.05).clipped > after(epsilon=1.0).clipped
    assert course(replace(APART, updates=1, num_iterations=1))[-1].clipped == 0  # the ratio of the first update is 1


def test_looking_around_computes_nothing_anew_and_other_samples_do():
    state = replace(DEFAULT_STATE, updates=3)
    assert course(replace(state, video=1, answer=2, view="bell"))[-1] is course(state)[-1]
    assert course(replace(state, seed=1))[1].policy.still.equal(course(state)[1].policy.still)
    assert not course(replace(state, seed=1))[-1].policy.still.equal(course(state)[-1].policy.still)


@settings(max_examples=8, deadline=None)
@given(states())
def test_whatever_is_on_the_stage_can_be_learned_from(state: LabState):
    for moment in course(replace(state, updates=2)):
        assert moment.policy.score_logps().isfinite().all() and moment.policy.form_logps().isfinite().all()

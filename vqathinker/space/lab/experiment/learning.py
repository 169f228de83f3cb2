"""Updates of the toy policy by GRPO: answers, rewards, advantages, loss, gradient, and again. Imports torch."""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import torch
from torch import nn

from ....rewards import (
    RewardSpec,
    Scored,
    advantages,
    bell,
    format_reward,
    group_moments,
    preference_probability,
    score_with_twins,
)
from ....rewards.loss import LossParts, grpo_loss
from ....rewards.registry import removable, without
from .numbers import score_state, specs
from .state import HIGHEST, LabState
from .toy import FORMS, SCORE_GRID, ToyPolicy, token_mask, token_of, written_out

STEEPEST = 1.0
"""Where the gradient's norm is clipped, as in training."""


@dataclass(frozen=True)
class ToyBatch:
    """What was answered in one step: tokens (B, G, 2), texts [B][G] in order and shuffled, and what they earned."""

    tokens: torch.Tensor
    texts: list[list[str]]
    shuffled: list[list[str]]
    scored: Scored
    advantages: torch.Tensor


@dataclass(frozen=True)
class Measures:
    """How good a policy is, over all it could answer; not sampled.

    form: probability of a well-formed answer. error: of the expected score, mean over the videos. order: probability
    that two videos that people rate differently come out in their order, mean over the pairs, NaN without one. gain:
    expected bell in order minus shuffled. kl: of the answers in order from the start, in nats.
    """

    form: float
    error: float
    order: float
    gain: float
    kl: float


@dataclass(frozen=True)
class PolicySnapshot:
    """The policy after some steps, the step that led there (None at the start), and how it did.

    clipped: share of the tokens of the step whose gradient the clipping took away.
    """

    policy: ToyPolicy
    measures: Measures
    batch: ToyBatch | None = None
    clipped: float = 0.0
    reward: float | None = None


def reward_spec(state: LabState) -> RewardSpec:
    """The repaired rewards of the state, without those that are switched off."""
    repaired, _ = specs(state)
    for name in set(state.off) & set(removable()):
        repaired = without(repaired, name)
    return repaired


def all_on(state: LabState) -> LabState:
    """The state with every reward."""
    return replace(state, off=())


def first_policy(state: LabState) -> ToyPolicy:
    """The policy whose answers spread like those in the lab."""
    side = score_state(state).repaired
    moments = [torch.stack(group_moments(t.scores.double(), side.spec), -1) for t in (side.ordered, side.shuffled)]
    return ToyPolicy(*(torch.stack([m[:, 0].nan_to_num(3.0), m[:, 1].nan_to_num(1.0).sqrt()], -1) for m in moments))


def answers(state: LabState, policy: ToyPolicy, k: int) -> tuple[torch.Tensor, list[list[str]], list[list[str]]]:
    """Tokens, texts in order and texts shuffled of step k: those in the lab first, then sampled ones."""
    if k == 0:
        texts = [list(video.ordered) for video in state.videos]
        tokens = torch.tensor([[token_of(text) for text in group] for group in texts])
        return tokens, texts, [list(video.shuffled) for video in state.videos]
    rng = np.random.default_rng([state.seed, k])
    tokens, twins = (policy.sample(state.answers, rng, in_order=in_order) for in_order in (True, False))
    return tokens, written_out(tokens, rng), written_out(twins, rng)


def grpo_step(state: LabState, before: PolicySnapshot, k: int, reference: ToyPolicy) -> PolicySnapshot:
    """One step of GRPO from the policy of `before`; `reference` is the policy at the start."""
    policy = copy.deepcopy(before.policy)
    tokens, texts, shuffled = answers(state, policy, k)
    mos = [video.mos for video in state.videos]
    scored = score_with_twins(texts, shuffled, mos, reward_spec(state))
    advantage = advantages(scored.table.total)
    parts = update_policy(policy, reference, tokens, advantage, state)
    batch = ToyBatch(tokens, texts, shuffled, scored, advantage)
    clipped = sum(float(part.clip_ratio) for part in parts) / len(parts)
    return PolicySnapshot(
        policy, measure_policy(state, policy, reference), batch, clipped, float(scored.table.total.mean())
    )


def update_policy(
    policy: ToyPolicy, reference: ToyPolicy, tokens: torch.Tensor, advantage: torch.Tensor, state: LabState
) -> list[LossParts]:
    """Updates of the policy, in place, from a batch of answers (B, G, 2), as `training.grpo.step.update` makes them by
    plain gradient descent."""
    inputs, mask = {"video": torch.arange(len(tokens))}, token_mask(tokens).flatten(0, 1)
    with torch.no_grad():
        old, ref = (one(inputs, tokens).flatten(0, 1) for one in (policy, reference))
    told = []
    for _ in range(state.num_iterations):
        logps = policy(inputs, tokens).flatten(0, 1)
        loss, parts = grpo_loss(logps, old, ref, advantage.flatten(), mask, state.beta, epsilon=state.epsilon)
        policy.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(policy.parameters(), STEEPEST)
        with torch.no_grad():  # torch.optim would do the same, but takes a second to import
            for weight in policy.parameters():
                weight -= state.learning_rate * weight.grad
        told.append(parts)
    return told


def logps_of(policy: ToyPolicy, tokens: torch.Tensor) -> torch.Tensor:
    """Log-probability (B, G) of whole answers (B, G, 2) under a policy."""
    with torch.no_grad():
        logps = policy({"video": torch.arange(len(tokens))}, tokens)
    return (logps * token_mask(tokens)).sum(-1)


def measure_policy(state: LabState, policy: ToyPolicy, reference: ToyPolicy) -> Measures:
    mos = torch.tensor([video.mos for video in state.videos], dtype=torch.float64)
    with torch.no_grad():
        forms, ordered, shuffled = policy.form_logps(), policy.score_logps(), policy.score_logps(in_order=False)
        form_kl = (forms.exp() * (forms - reference.form_logps())).sum()
        kl = (ordered.exp() * (ordered - reference.score_logps())).sum(1).mean() + form_kl
    well_formed = format_reward([[form.text(HIGHEST) for form in FORMS]])[0].double()
    p, bells = ordered.exp(), bell(SCORE_GRID, mos[:, None], state.sigma).double()
    mean = p @ SCORE_GRID
    variance = (p * (SCORE_GRID - mean[:, None]) ** 2).sum(1)
    return Measures(
        form=float(forms.exp() @ well_formed),
        error=float((mean - mos).abs().mean()),
        order=_order(mean, variance, mos),
        gain=float(((p - shuffled.exp()) * bells).sum(1).mean()),
        kl=float(kl),
    )


@lru_cache(maxsize=2048)
def moment(base: LabState, k: int) -> PolicySnapshot:
    """The policy after k steps from `base`, which is what `bare` makes of a state: looking around computes nothing."""
    if k == 0:
        policy = first_policy(base)
        return PolicySnapshot(policy, measure_policy(base, policy, policy))
    return grpo_step(base, moment(base, k - 1), k - 1, moment(base, 0).policy)


MUCH = 0.1
"""From which difference of a measure on something is broken."""
WORSE = {"form": -1, "error": 1, "order": -1, "gain": -1}
"""The direction in which each measure gets worse."""


def broken(state: LabState) -> str | None:
    """The measure that suffers most from the rewards that are off, beside the same steps with all of them; None where
    no measure suffers much."""
    mine, whole = (course(one)[-1].measures for one in (state, all_on(state)))
    losses = {name: way * (getattr(mine, name) - getattr(whole, name)) for name, way in WORSE.items()}
    worst = max((name for name in losses if losses[name] == losses[name]), key=losses.__getitem__)
    return worst if losses[worst] >= MUCH else None


def bare(state: LabState) -> LabState:
    """The state without what does not matter for learning: what is looked at, and how far it went."""
    return replace(state, view="update", video=0, answer=0, in_order=True, rival=0, step=0, updates=0)


def course(state: LabState) -> list[PolicySnapshot]:
    """The policy at the start and after each step so far."""
    return [moment(bare(state), k) for k in range(state.updates + 1)]


def _order(mean: torch.Tensor, variance: torch.Tensor, mos: torch.Tensor) -> float:
    better, worse = (mos[:, None] > mos).nonzero(as_tuple=True)
    if not len(better):
        return float("nan")
    return float(preference_probability(mean[better], variance[better], mean[worse], variance[worse]).mean())

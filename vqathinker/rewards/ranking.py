"""The pairwise ranking reward: does this answer put the video on the right side of every other video?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from .notation import chance, digits_for, num, plain
from .reward import Answers, Gate, Reward, Trace
from .spec import DEFAULT_SPEC, RewardSpec

VARIANCE_FLOOR = DEFAULT_SPEC.smoothing


@dataclass(frozen=True)
class RankingTrace(Trace):
    """`reward` is the mean of `fidelity` over the opponents; all in float32.

    scores (B, G): those that were ranked, NaN where unreadable; drawn (B, G): where the released code put a random one.
    mean, variance (B,): of the readable scores of each group, NaN where there are none, or too few. target (B, B): what
    people say, 1 where video i is better than video k. opponent (B, B): whether video i meets video k.
    probability, fidelity (B, G, B): answer j of video i against video k; 0.5 where the variance is not defined.
    """

    scores: torch.Tensor
    drawn: torch.Tensor
    mean: torch.Tensor
    variance: torch.Tensor
    target: torch.Tensor
    opponent: torch.Tensor
    probability: torch.Tensor
    fidelity: torch.Tensor

    def opponents(self, i: int) -> list[int]:
        """The videos that video i meets: all others with a readable answer."""
        return [k for k, met in enumerate(self.opponent[i].tolist()) if met]


def preference_probability(mean_a, var_a, mean_b, var_b, floor: float = VARIANCE_FLOOR) -> torch.Tensor:
    """Probability that a is better than b when both scores are normal.

    Formula: Phi((mean_a - mean_b) / sqrt(var_a + var_b + 1e-6)).
    Arguments are tensors or floats that broadcast: group means and unbiased variances of predicted scores. Returns
    values in [0, 1]; swapping a and b gives the complement. Phi is written with erf, as in the released code: in
    float32 the square roots of the ranking reward would show the difference to a Phi with exact tails.
    Source: paper section 3.2, official fidelity reward.

    >>> float(preference_probability(3.0, 0.5, 3.0, 0.5))
    0.5
    """
    mean_a, var_a, mean_b, var_b = (torch.as_tensor(x) for x in (mean_a, var_a, mean_b, var_b))
    z = (mean_a - mean_b) / (var_a + var_b + floor).sqrt()
    return 0.5 * (1 + torch.erf(z / math.sqrt(2)))


def preference_matrix(mean: torch.Tensor, variance: torch.Tensor, floor: float = VARIANCE_FLOOR) -> torch.Tensor:
    """Entry (i, k) is the probability that video i is better than video k, by group means and variances.

    mean (B,), variance (B,) -> (B, B) in [0, 1]; P + P^T = 1. Source: paper section 3.2.

    >>> preference_matrix(torch.tensor([4.0, 3.0]), torch.tensor([0.5, 0.5]))
    tensor([[0.5000, 0.8413],
            [0.1587, 0.5000]])
    """
    return preference_probability(mean[:, None], variance[:, None], mean, variance, floor)


def preference_target(mos: torch.Tensor) -> torch.Tensor:
    """Entry (i, k) is 1 where video i has the higher MOS, 0 where video k has, 0.5 where they tie.

    mos (B,) -> (B, B) float32. Source: official rank_reward.

    >>> preference_target(torch.tensor([4.0, 2.0, 2.0]))
    tensor([[0.5000, 1.0000, 1.0000],
            [0.0000, 0.5000, 0.5000],
            [0.0000, 0.5000, 0.5000]])
    """
    return ((mos[:, None] > mos).float() - (mos[:, None] < mos).float() + 1) / 2


def fidelity(probability, target, smoothing: float = DEFAULT_SPEC.smoothing) -> torch.Tensor:
    """How well a predicted preference P agrees with the true one g: sqrt(P g + e) + sqrt((1 - P)(1 - g) + e).

    probability and target are tensors or floats that broadcast, in [0, 1]; the result lies in [2 sqrt(e),
    1 + sqrt(e)] and is highest where P = g. Source: paper, pairwise ranking reward; official fidelity_reward.

    >>> fidelity(torch.tensor([0.0, 0.5, 1.0]), 1.0)
    tensor([0.0020, 0.7081, 1.0010])
    """
    probability, target = torch.as_tensor(probability), torch.as_tensor(target)
    wrong = (1 - probability) * (1 - target)
    return (probability * target + smoothing).sqrt() + (wrong + smoothing).sqrt()


def group_moments(scores: torch.Tensor, spec: RewardSpec = DEFAULT_SPEC) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean and unbiased variance of the readable scores of each group.

    scores (B, G), NaN where unreadable -> two tensors (B,); NaN where nothing is readable. A single score has
    variance 0, or NaN without the repair define_small_groups. Source: official rank_reward.

    >>> group_moments(torch.tensor([[3.0, 4.0, torch.nan], [2.0, torch.nan, torch.nan]]))
    (tensor([3.5000, 2.0000]), tensor([0.5000, 0.0000]))
    """
    readable = [group[~group.isnan()] for group in scores]
    mean = torch.stack([group.mean() for group in readable])
    lone = scores.new_tensor(0.0 if spec.define_small_groups else torch.nan)
    variance = torch.stack([group.var() if len(group) > 1 else lone for group in readable])
    return mean, torch.where(mean.isnan(), torch.nan, variance)


def ranking_reward(scores: torch.Tensor, mos: torch.Tensor, spec: RewardSpec = DEFAULT_SPEC) -> torch.Tensor:
    """The fidelity of every answer against every other video, averaged over the other videos.

    Answer j of video i meets video k with P = Phi((score_ij - mean_k) / sqrt(var_i + var_k + 1e-6)).
    scores (B, G), NaN where unreadable, and mos (B,) -> (B, G) float32 in [0, 1.001]. An unreadable answer earns 0,
    less than any readable one, and videos without a readable answer are nobody's opponent; with no opponent at all
    (B = 1) every answer earns 0. Without the repair define_small_groups, B = 1 raises a ValueError, and with G = 1 the
    variance is undefined and P = 0.5, the fall-back of the released code. Source: paper section 3.2; official
    rank_reward.

    >>> ranking_reward(torch.tensor([[4.0, 3.0], [2.0, 3.0]]), torch.tensor([4.5, 1.5]))
    tensor([[0.9670, 0.8325],
            [0.9670, 0.8325]])
    """
    return _rank(scores, mos, spec)["reward"]


def _rank(scores: torch.Tensor, mos: torch.Tensor, spec: RewardSpec) -> dict[str, torch.Tensor]:
    """All numbers of a RankingTrace that follow from scores (B, G) and mos (B,)."""
    if len(scores) < 2 and not spec.define_small_groups:
        raise ValueError("The released ranking reward divides by zero with a single video; RewardSpec() gives 0.")
    scores = scores.float()
    mean, variance = group_moments(scores, spec)
    target = preference_target(mos)
    probability, agreement = _meet(scores[..., None], variance[:, None, None], mean, variance, target[:, None], spec)
    opponent = ~torch.eye(len(scores), dtype=torch.bool, device=scores.device) & ~mean.isnan()
    met = torch.where(opponent[:, None], agreement, 0.0)
    total = sum(met.unbind(-1))  # one by one, as released: the order of a float32 sum shows in its last bits
    reward = torch.where(scores.isnan(), 0.0, total / opponent.sum(1, keepdim=True).clamp(min=1))
    return {
        "reward": reward,
        "scores": scores,
        "mean": mean,
        "variance": variance,
        "target": target,
        "opponent": opponent,
        "probability": probability,
        "fidelity": agreement,
    }


def _meet(score, own_variance, mean, variance, target, spec: RewardSpec) -> tuple[torch.Tensor, torch.Tensor]:
    """Probability and fidelity of answers against other videos; all broadcast."""
    probability = preference_probability(score, own_variance, mean, variance, spec.smoothing).nan_to_num(0.5)
    return probability, fidelity(probability, target, spec.smoothing)


def what_if(trace: RankingTrace, i: int, j: int, values: torch.Tensor) -> torch.Tensor:
    """The ranking reward of answer j about video i, were its score each of `values` (N,) in turn -> (N,) float32.

    The same as N calls of `ranking_reward`, which would be too slow for a curve that follows a dragged point. Needs an
    opponent.
    """
    spec, met = trace.answers.spec, trace.opponent[i]
    groups = trace.scores[i].repeat(len(values), 1)
    groups[:, j] = values.float()
    _, variance = group_moments(groups, spec)
    others = trace.mean[met], trace.variance[met], trace.target[i, met]
    return _meet(groups[:, j, None], variance[:, None], *others, spec)[1].mean(1)


def _score(answers: Answers) -> RankingTrace:
    scores = answers.standing()
    drawn = answers.scores.isnan() & ~scores.isnan()
    return RankingTrace(answers, drawn=drawn, **_rank(scores, answers.mos, answers.spec))


def _explain(trace: RankingTrace, i: int, j: int, names: Sequence[str]) -> list[str]:
    reward, others = trace.reward[i, j], trace.opponents(i)
    if trace.scores[i, j].isnan():
        return [f"unreadable: {num(reward)}"]
    if not others:
        return [f"no opponent: {num(reward)}"]
    drawn = plain(trace.scores[i, j]) if trace.drawn[i, j] else ""
    lines = [f"no number: the released code draws a random score, here {drawn}"] if drawn else []
    lines += [line for k in others for line in explain_meeting(trace, i, j, k, names)]
    if len(others) > 1:
        parts = [num(trace.fidelity[i, j, k], 4) for k in others]
        lines.append(f"({' + '.join(parts)}) / {len(others)} = {num(reward)}")
    return lines


def explain_meeting(trace: RankingTrace, i: int, j: int, k: int, names: Sequence[str]) -> list[str]:
    """Answer j about video i against video k: its probability, and the fidelity that it earns."""
    if trace.scores[i, j].isnan() or not trace.opponent[i, k]:
        return ["nothing to compare"]
    question = f"P({names[i]}{j + 1} beats {names[k]})"
    if trace.variance[i].isnan() or trace.variance[k].isnan():
        first = f"{question}: one answer has no variance, so P is set to {plain(trace.probability[i, j, k])}"
    else:
        first = f"{question} = {_probability(trace, trace.scores[i, j], trace.probability[i, j, k], i, k)}"
    p, g, e = chance(trace.probability[i, j, k]), plain(trace.target[i, k]), f"{trace.answers.spec.smoothing:.6f}"
    earned = num(trace.fidelity[i, j, k])
    return [first, f"√({p} × {g} + {e}) + √((1 − {p}) × (1 − {g}) + {e}) = {earned}"]


def explain_preference(trace: RankingTrace, i: int, k: int, names: Sequence[str]) -> list[str]:
    """The probability that video i is better than video k, by the means of their groups."""
    if trace.mean[i].isnan() or trace.mean[k].isnan():
        return ["nothing readable to compare"]
    p = preference_matrix(trace.mean, trace.variance, trace.answers.spec.smoothing)[i, k]
    people = {1.0: "people: yes, g is 1", 0.5: "people: the same, g is 0.5", 0.0: "people: no, g is 0"}
    line = f"P({names[i]} beats {names[k]}) = {_probability(trace, trace.mean[i], p, i, k)}"
    return [line, people[float(trace.target[i, k])]]


def _probability(trace: RankingTrace, score: torch.Tensor, probability: torch.Tensor, i: int, k: int) -> str:
    own, other = trace.variance[i], trace.variance[k]
    floor = f"{trace.answers.spec.smoothing:.6f}"
    spread = f"√({num(own, digits_for(own))} + {num(other, digits_for(other))} + {floor})"
    return f"Φ(({num(score, 4)} − {num(trace.mean[k], 4)}) / {spread}) = {chance(probability)}"


RANKING = Reward(
    "ranking",
    "Ranking",
    _score,
    _explain,
    about="Does the answer put this video on the right side of the others?",
    gate=lambda trace: Gate(trace.reward, trace.answers.spec.ranking_gate),
)

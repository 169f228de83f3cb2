"""The GRPO loss: per-token policy ratios, clipped, with a penalty for leaving the reference model.

Sources: GRPO (DeepSeekMath, arXiv 2402.03300), Dr. GRPO (arXiv 2503.20783), DAPO (arXiv 2503.14476); official
VQAThinker grpo_trainer.py, compute_loss, which is "grpo" with one epsilon for both sides.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import torch

LossType = Literal["grpo", "dr_grpo", "dapo"]
LOSS_TYPES = get_args(LossType)


@dataclass(frozen=True)
class LossParts:
    """What a loss is made of, as scalars without gradient: `policy + beta * kl` is the loss.

    policy and kl are normalised as the loss is; clip_ratio is the share of the unmasked tokens whose gradient the
    clipping took away, token_kl the k3 estimate of every token (N, L), 0 where masked.
    """

    policy: torch.Tensor
    kl: torch.Tensor
    clip_ratio: torch.Tensor
    token_kl: torch.Tensor


def loss_size(mask: torch.Tensor, loss_type: str, max_length: int | None = None) -> float:
    """What the summed loss of completions with this mask (N, L) is divided by: sequences, slots or tokens."""
    if loss_type not in LOSS_TYPES:
        raise ValueError(f"unknown loss_type {loss_type!r}, known: {', '.join(LOSS_TYPES)}")
    sizes = {"grpo": len(mask), "dr_grpo": len(mask) * (max_length or mask.shape[1]), "dapo": float(mask.sum())}
    return float(sizes[loss_type])


def grpo_loss(
    logps: torch.Tensor,
    old_logps: torch.Tensor,
    ref_logps: torch.Tensor | None,
    advantages: torch.Tensor,
    mask: torch.Tensor,
    beta: float = 0.04,
    *,
    loss_type: str = "grpo",
    epsilon: float = 0.2,
    epsilon_high: float | None = None,
    max_length: int | None = None,
    size: float | None = None,
) -> tuple[torch.Tensor, LossParts]:
    """Loss of N completions of up to L tokens.

    Per token, with r = exp(logp - old) and d = ref - logp:
        -min(r A, clamp(r, 1 - epsilon, 1 + epsilon_high) A) + beta (exp(d) - d - 1)
    logps, old_logps, ref_logps (N, L): log-probabilities of the tokens under the policy that is trained, the one that
    wrote them, and the reference (None: no penalty, `beta` must be 0); advantages (N,) or (N, L); mask (N, L), 1 for
    tokens that count. A completion without any is worth 0, but still counts as a sequence.
    loss_type: "grpo" is the mean over each sequence's tokens, then over sequences; "dr_grpo" the sum over tokens,
    divided by N * max_length (L by default), so that long answers are not favoured; "dapo" the mean over all tokens,
    usually with `epsilon_high` above `epsilon` (which is its default).
    size: the divisor (`loss_size`) of a batch of which these N completions are a part; the losses of the parts then
    sum to that of the batch. Raises ValueError for shapes that disagree.

    >>> lp = torch.tensor([[-1.0, -2.0]])
    >>> loss, parts = grpo_loss(lp, lp, lp, torch.tensor([0.5]), torch.ones(1, 2))
    >>> float(loss), float(parts.kl), float(parts.clip_ratio)
    (-0.5, 0.0, 0.0)
    """
    _check(logps, old_logps, ref_logps, advantages, mask, beta)
    mask = mask.to(logps.dtype)
    advantage = advantages[:, None] if advantages.ndim == 1 else advantages
    # Masked positions may hold anything, infinities too: they are zeroed before they can reach a gradient.
    drift = torch.where(mask > 0, logps - old_logps.detach(), 0.0)
    ratio = drift.exp()
    clipped = ratio.clamp(1 - epsilon, 1 + (epsilon if epsilon_high is None else epsilon_high))
    policy = -torch.minimum(ratio * advantage, clipped * advantage) * mask
    gap = torch.zeros_like(logps) if ref_logps is None else torch.where(mask > 0, ref_logps.detach() - logps, 0.0)
    token_kl = (gap.exp() - gap - 1) * mask
    size = loss_size(mask, loss_type, max_length) if size is None else size
    policy_loss, kl = (_reduce(x, mask, loss_type, size) for x in (policy, token_kl))
    loss = policy_loss + beta * kl
    cut = ((ratio * advantage > clipped * advantage) * mask).sum() / mask.sum().clamp(min=1)
    return loss, LossParts(policy_loss.detach(), kl.detach(), cut.detach(), token_kl.detach())


def _reduce(token_values: torch.Tensor, mask: torch.Tensor, loss_type: str, size: float) -> torch.Tensor:
    sums = token_values.sum(1)
    if loss_type == "grpo":
        sums = sums / mask.sum(1).clamp(min=1)
    return sums.sum() / max(size, 1.0)


def _check(logps, old_logps, ref_logps, advantages, mask, beta) -> None:
    shape = tuple(logps.shape)
    given = [tuple(x.shape) for x in (old_logps, mask) + (() if ref_logps is None else (ref_logps,))]
    if len(shape) != 2 or set(given) != {shape} or tuple(advantages.shape) not in (shape[:1], shape):
        raise ValueError(
            f"grpo_loss needs log-probabilities and a mask (N, L) and advantages (N,) or (N, L), got {shape}, "
            f"{', '.join(map(str, given))} and {tuple(advantages.shape)}"
        )
    if ref_logps is None and beta:
        raise ValueError(f"a penalty of beta {beta} needs the log-probabilities of the reference")

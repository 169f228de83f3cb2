"""Group advantages: how much better than its siblings an answer was."""

from __future__ import annotations

import torch

from .notation import digits_for, num

STD_FLOOR = 1e-4


def advantages(total: torch.Tensor, *, scale: bool = True) -> torch.Tensor:
    """(r - mean of its group) / (unbiased std of its group + 1e-4).

    total (B, G) -> (B, G), in the precision of `total`. A group sums to 0; equal rewards, and so a group of one, give
    exactly 0 (in float32 the released code leaves up to 3e-3 there). `scale=False` leaves the division out, as
    Dr. GRPO does. Raises ValueError unless `total` has two dimensions.
    Source: GRPO (DeepSeekMath, arXiv 2402.03300); official grpo_trainer.py.

    >>> advantages(torch.tensor([[1.0, 0.0, 0.0, 0.0], [2.1, 2.1, 2.1, 2.1]]))
    tensor([[ 1.4997, -0.4999, -0.4999, -0.4999],
            [ 0.0000,  0.0000,  0.0000,  0.0000]])
    """
    total = torch.as_tensor(total)
    if total.ndim != 2:
        raise ValueError(f"advantages needs rewards of shape (B, G), not {tuple(total.shape)}.")
    advantage = total - total.mean(1, keepdim=True)
    if scale and total.shape[1] > 1:
        advantage = advantage / (total.std(1, keepdim=True) + STD_FLOOR)
    equal = (total == total[:, :1]).all(1, keepdim=True)
    return torch.where(equal, 0.0, advantage)


def explain_advantage(total: torch.Tensor, i: int, j: int, *, scale: bool = True) -> list[str]:
    """How answer j about video i comes to its advantage, as lines (notation.py); total (B, G) as in `advantages`."""
    group, value = total[i], num(advantages(total, scale=scale)[i, j])
    if bool((group == group[0]).all()):
        return [f"all rewards of the group are equal: {value}"]
    mean, deviation = group.mean(), group.std()
    fine = digits_for(deviation)
    above = f"({num(group[j], fine)} − {num(mean, fine)})"
    if not scale:
        return ["total − mean of the group", f"{above} = {value}"]
    floor = f"{STD_FLOOR:.4f}"
    return [
        f"(total − mean of the group) / (spread of the group + {floor})",
        f"{above} / ({num(deviation, fine)} + {floor}) = {value}",
    ]

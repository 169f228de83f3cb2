"""Features on one scale: what hardly varies between clips may be what tells a dark one from a bright one."""

from __future__ import annotations

import torch
from torch import nn


class Standardise(nn.Module):
    """Subtracts a fixed mean and divides by a fixed deviation, feature by feature (..., D).

    Both are buffers, measured on training data by `fit` and saved with the model; until then nothing changes.
    """

    def __init__(self, size: int):
        super().__init__()
        self.register_buffer("mean", torch.zeros(size))
        self.register_buffer("deviation", torch.ones(size))

    def reset_parameters(self) -> None:
        self.mean.zero_()
        self.deviation.fill_(1)

    @torch.no_grad()
    def fit(self, features: torch.Tensor, floor: float = 1e-3) -> None:
        """Take mean and deviation of features (N, D), as they are before this module."""
        self.mean.copy_(features.mean(0))
        self.deviation.copy_(features.std(0).clamp_min(floor))

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return (features - self.mean) / self.deviation

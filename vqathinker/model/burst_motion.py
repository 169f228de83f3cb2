"""Motion encoder of the tiny model: a small temporal network over dense bursts of luma pictures.

Freezes, judder, disorder and shake cannot be seen on six sparse frames, so the encoder looks at short runs of
consecutive frames. For every frame of a run it reads the picture, its difference to the one before and to the one two
before; the logarithms of the mean absolute differences are handed on as they are, because a frozen frame is a
difference of exactly zero, which averaging features would hide.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn
from transformers import AutoModel

from .configuration import BurstMotionConfig
from .motion import MotionEncoder, Tensors
from .standardise import Standardise

CLIP_FACTS = 4


def differences(bursts: torch.Tensor) -> torch.Tensor:
    """(B, N, T, S, S) in [0, 1] -> (B, N, T-2, 3, S, S): picture, step to the last, step to the one before it."""
    now, last, before = bursts[:, :, 2:], bursts[:, :, 1:-1], bursts[:, :, :-2]
    return torch.stack([now - 0.5, (now - last) * 4, (now - before) * 4], dim=3)


def log_steps(bursts: torch.Tensor) -> torch.Tensor:
    """(B, N, T, S, S) in [0, 1] -> (B, N, T-2, 3): log10 mean |difference| over one step, the step before, and two."""
    one = (bursts[:, :, 1:] - bursts[:, :, :-1]).abs().mean((-1, -2))
    two = (bursts[:, :, 2:] - bursts[:, :, :-2]).abs().mean((-1, -2))
    steps = torch.stack([one[:, :, 1:], one[:, :, :-1], two], dim=-1)
    return torch.log10(steps + 1e-4) + 2


class BurstMotionModel(MotionEncoder):
    """motion_values, bursts (B, N, T, S, S) in [0, 1], and clip_facts (B, 4) -> motion feature (B, hidden_size).

    Frozen is all that looks at bursts, trainable the layer that embeds the facts.
    """

    config_class = BurstMotionConfig
    main_input_name = "motion_values"
    takes = ("motion_values", "clip_facts")
    keeps = ("burst_moments", "clip_facts")
    trained = ("facts",)

    def __init__(self, config: BurstMotionConfig):
        super().__init__(config)
        widths = [3, *config.channels]
        self.spatial = nn.ModuleList(
            nn.Conv2d(inputs, outputs, 3, stride=2, padding=1)
            for inputs, outputs in zip(widths, widths[1:], strict=False)
        )
        width = config.temporal_channels
        self.temporal_in = nn.Conv1d(2 * widths[-1] + 3, width, 1)
        self.temporal = nn.Conv1d(width, width, 3, padding=1)
        self.standardise = Standardise(3 * width)
        self.facts = nn.Linear(CLIP_FACTS, config.fact_size)
        self.post_init()

    @torch.no_grad()
    def _init_weights(self, module: nn.Module) -> None:
        if isinstance(module, nn.Conv2d | nn.Conv1d | nn.Linear):
            nn.init.kaiming_normal_(module.weight)
            nn.init.zeros_(module.bias)
        elif isinstance(module, Standardise):
            module.reset_parameters()

    def burst_moments(self, motion_values: torch.Tensor) -> torch.Tensor:
        """Bursts (B, N, T, S, S) in [0, 1] -> mean, deviation, maximum over time, standardised (B, 3 * channels)."""
        batch, runs, length = motion_values.shape[:3]
        if length < 3:
            raise ValueError(f"a burst needs at least 3 frames to show motion, got {length}")
        x = differences(motion_values).flatten(0, 2)
        for conv in self.spatial:
            x = F.relu(conv(x))
        moments = torch.cat([x.mean((-1, -2)), x.std((-1, -2))], dim=-1)
        steps = log_steps(motion_values).flatten(0, 2)
        x = torch.cat([moments, steps], dim=-1).view(batch * runs, length - 2, -1).transpose(1, 2)
        x = F.gelu(self.temporal_in(x))
        x = x + F.gelu(self.temporal(x))
        x = x.transpose(1, 2).reshape(batch, runs * (length - 2), -1)
        return self.standardise(torch.cat([x.mean(1), x.std(1), x.amax(1)], dim=-1))

    def frozen(self, inputs: Tensors) -> dict[str, torch.Tensor]:
        """Bursts and facts -> burst_moments (B, 3 * temporal_channels), and the facts."""
        moments = self.burst_moments(inputs["motion_values"].to(self.dtype))
        return {"burst_moments": moments, "clip_facts": inputs["clip_facts"]}

    def trainable(self, kept: Tensors) -> torch.Tensor:
        """Burst moments (B, 3 * temporal_channels) and facts (B, 4) -> motion feature (B, hidden_size)."""
        moments, facts = (kept[name].to(self.dtype) for name in self.keeps)
        return torch.cat([moments, F.gelu(self.facts(facts))], dim=-1)


AutoModel.register(BurstMotionConfig, BurstMotionModel, exist_ok=True)

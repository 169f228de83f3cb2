"""SlowFast-R50, the motion encoder of the 8b model, with the checkpoint keys of the released one.

Architecture: Feichtenhofer et al., SlowFast Networks (arXiv 1812.03982), table 1, 8x8 R50 with pytorchvideo's layer
names (reference: golden/slowfast_keys.json). It sees the sampled frames themselves, fewer than it was trained on: a few
of them go the slow pathway, all the fast one, and every moment of the two feature maps is repeated before they are
pooled, so that pytorchvideo's windows fit (official test/modeling_internvl_chat.py).
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn
from transformers import AutoModel

from .configuration import SlowFastConfig
from .motion import MotionEncoder, Tensors

SLOW_WINDOW, FAST_WINDOW = (8, 7, 7), (32, 7, 7)
"""Moments, rows and columns of the pooling windows, which move by one in every direction."""
SHRINK = 32
"""Side of a frame over the side of the last feature map."""


def conv3d(inputs: int, outputs: int, kernel: tuple[int, int, int], stride: tuple[int, int, int] = (1, 1, 1)):
    """Convolution without bias that keeps the size where the stride is 1."""
    return nn.Conv3d(inputs, outputs, kernel, stride, padding=tuple(side // 2 for side in kernel), bias=False)


class Stem(nn.Module):
    """Pictures (B, 3, T, S, S) -> (B, C, T, S/4, S/4)."""

    def __init__(self, outputs: int, moments: int):
        super().__init__()
        self.conv = conv3d(3, outputs, (moments, 7, 7), (1, 2, 2))
        self.norm = nn.BatchNorm3d(outputs)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.max_pool3d(F.relu(self.norm(self.conv(x))), (1, 3, 3), (1, 2, 2), (0, 1, 1))


class Bottleneck(nn.Module):
    """Look `moments` moments around, then 3x3 around, then widen four times."""

    def __init__(self, inputs: int, width: int, moments: int, stride: int):
        super().__init__()
        self.conv_a = conv3d(inputs, width, (moments, 1, 1))
        self.norm_a = nn.BatchNorm3d(width)
        self.conv_b = conv3d(width, width, (1, 3, 3), (1, stride, stride))
        self.norm_b = nn.BatchNorm3d(width)
        self.conv_c = conv3d(width, 4 * width, (1, 1, 1))
        self.norm_c = nn.BatchNorm3d(4 * width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = F.relu(self.norm_a(self.conv_a(x)))
        x = F.relu(self.norm_b(self.conv_b(x)))
        return self.norm_c(self.conv_c(x))


class ResBlock(nn.Module):
    """Bottleneck beside a shortcut, which is projected where the shape changes."""

    def __init__(self, inputs: int, width: int, moments: int, stride: int):
        super().__init__()
        self.projects = inputs != 4 * width or stride != 1
        if self.projects:
            self.branch1_conv = conv3d(inputs, 4 * width, (1, 1, 1), (1, stride, stride))
            self.branch1_norm = nn.BatchNorm3d(4 * width)
        self.branch2 = Bottleneck(inputs, width, moments, stride)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        shortcut = self.branch1_norm(self.branch1_conv(x)) if self.projects else x
        return F.relu(shortcut + self.branch2(x))


class ResStage(nn.Module):
    """Residual blocks of one pathway; the first one changes width and size."""

    def __init__(self, inputs: int, width: int, depth: int, moments: int, stride: int):
        super().__init__()
        blocks = [ResBlock(inputs, width, moments, stride)]
        blocks += [ResBlock(4 * width, width, moments, 1) for _ in range(depth - 1)]
        self.res_blocks = nn.ModuleList(blocks)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for block in self.res_blocks:
            x = block(x)
        return x


class Fusion(nn.Module):
    """What the fast pathway saw joins the slow one: every fourth moment, twice as many channels."""

    def __init__(self, fast_channels: int):
        super().__init__()
        self.conv_fast_to_slow = conv3d(fast_channels, 2 * fast_channels, (7, 1, 1), (4, 1, 1))
        self.norm = nn.BatchNorm3d(2 * fast_channels)

    def forward(self, slow: torch.Tensor, fast: torch.Tensor) -> torch.Tensor:
        return torch.cat([slow, F.relu(self.norm(self.conv_fast_to_slow(fast)))], dim=1)


class TwoPathways(nn.Module):
    """One stage of both pathways; all but the last end with a fusion."""

    def __init__(self, slow: nn.Module, fast: nn.Module, fused_channels: int | None):
        super().__init__()
        self.multipathway_blocks = nn.ModuleList([slow, fast])
        self.multipathway_fusion = Fusion(fused_channels) if fused_channels else None

    def forward(self, slow: torch.Tensor, fast: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        slow, fast = self.multipathway_blocks[0](slow), self.multipathway_blocks[1](fast)
        return (slow if self.multipathway_fusion is None else self.multipathway_fusion(slow, fast)), fast


def slow_indices(frames: int, divisor: int) -> torch.Tensor:
    """Which of `frames` frames the slow pathway sees: frames // divisor of them, the first and the last included."""
    return torch.linspace(0, frames - 1, frames // divisor).long()


def pool(features: torch.Tensor, repeat: int, window: tuple[int, int, int]) -> torch.Tensor:
    """(B, C, T, h, w) -> (B, C): mean over all windows of the mean in each, every moment counted `repeat` times.

    In float32, because torch pools no bfloat16 volumes on a CPU.
    """
    repeated = features.float().repeat_interleave(repeat, dim=2)
    return F.avg_pool3d(repeated, window, stride=1).mean((2, 3, 4)).to(features.dtype)


class SlowFastModel(MotionEncoder):
    """pixel_values, frames (B, T, 3, S, S), normalised -> motion feature (B, hidden_size).

    All of it is frozen, as released: no gradient passes. Raises ValueError when the frames are too few or too small for
    the pooling windows.
    """

    config_class = SlowFastConfig
    main_input_name = "pixel_values"
    takes, keeps = ("pixel_values",), ("motion_feature",)

    def __init__(self, config: SlowFastConfig):
        super().__init__(config)
        slow, fast = config.channels, config.channels // config.fast_ratio
        stages = [TwoPathways(Stem(slow, 1), Stem(fast, 5), fast)]
        slow_inputs, fast_inputs = slow + 2 * fast, fast
        for index, depth in enumerate(config.depths):
            moments, stride, last = 3 if index > 1 else 1, 1 if index == 0 else 2, index == len(config.depths) - 1
            pathways = (
                ResStage(slow_inputs, slow << index, depth, moments, stride),
                ResStage(fast_inputs, fast << index, depth, 3, stride),
            )
            fast_inputs = 4 * fast << index
            slow_inputs = (4 * slow << index) + 2 * fast_inputs
            stages.append(TwoPathways(*pathways, None if last else fast_inputs))
        self.feature_extraction = nn.ModuleList(stages)
        self.post_init()

    @torch.no_grad()
    def _init_weights(self, module: nn.Module) -> None:
        if isinstance(module, nn.Conv3d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out")
        elif isinstance(module, nn.BatchNorm3d):
            module.reset_parameters()

    def train(self, mode: bool = True) -> SlowFastModel:
        """Batch norm stays in eval, with the checkpoint's statistics (the released training moves them by accident)."""
        super().train(mode)
        for module in self.modules():
            if isinstance(module, nn.BatchNorm3d):
                module.eval()
        return self

    def trainable(self, kept: Tensors) -> torch.Tensor:
        return kept["motion_feature"].to(self.dtype)

    @torch.no_grad()
    def frozen(self, inputs: Tensors) -> dict[str, torch.Tensor]:
        pictures = inputs["pixel_values"].to(self.dtype)
        frames, side = pictures.shape[1], pictures.shape[-1]
        repeat, divisor = self.config.repeat, self.config.slow_divisor
        if frames // divisor * repeat < SLOW_WINDOW[0] or frames * repeat < FAST_WINDOW[0] or side // SHRINK < 7:
            raise ValueError(
                f"{frames} frames of {side} pixels are too little for SlowFast with every frame repeated {repeat} times"
            )
        fast = pictures.transpose(1, 2)
        slow = fast.index_select(2, slow_indices(frames, divisor).to(fast.device))
        for stage in self.feature_extraction:
            slow, fast = stage(slow, fast)
        pooled = [pool(slow, repeat, SLOW_WINDOW), pool(fast, repeat, FAST_WINDOW)]
        return {"motion_feature": torch.cat(pooled, dim=1)}


AutoModel.register(SlowFastConfig, SlowFastModel, exist_ok=True)

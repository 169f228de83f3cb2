"""What the pixels themselves say of exposure, contrast and color, region by region.

A tower that learned to tell objects apart looks past brightness, tint and saturation. Their moments are cheap to take
from the pixels, and join every token of the tower through a small projector of their own.
"""

from __future__ import annotations

import torch
from torch import nn

from .configuration import COLOR_SIZE
from .efficientnet_lite import region_moments
from .standardise import Standardise


def color_channels(pixels: torch.Tensor) -> torch.Tensor:
    """RGB (B, 3, H, W) -> luma, Cb, Cr (ITU-R BT.601), Cb + Cr and chroma (B, 5, H, W), on the scale of the input.

    The deviation of the sum holds the covariance of Cb and Cr: in nature blue goes with less red, and a turned hue
    breaks that. Chroma, the distance from gray, tells pale pictures from gaudy ones.
    """
    red, green, blue = pixels.unbind(1)
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    cb, cr = 0.564 * (blue - luma), 0.713 * (red - luma)
    return torch.stack([luma, cb, cr, cb + cr, torch.hypot(cb, cr)], dim=1)


def color_moments(pixels: torch.Tensor, grids: list | tuple) -> torch.Tensor:
    """Pictures (B, 3, H, W) -> (B, tokens, COLOR_SIZE), one row for each region of the pyramid of `grids`.

    A CPU looks at one picture after the other: what lies between is several times as large as the pictures.
    """
    if pixels.device.type == "cpu" and len(pixels) > 1:
        return torch.cat([color_moments(picture, grids) for picture in pixels.split(1)])
    channels = color_channels(pixels)
    return torch.cat([region_moments(channels, grid) for grid in grids], dim=1)


class ColorProjector(nn.Module):
    """Color moments (..., COLOR_SIZE) -> what they add to a projected token (..., H)."""

    def __init__(self, hidden_size: int, width: int = 64):
        super().__init__()
        self.standardise = Standardise(COLOR_SIZE)
        self.linear_1 = nn.Linear(COLOR_SIZE, width)
        self.linear_2 = nn.Linear(width, hidden_size)

    def silence(self) -> None:
        """Add nothing, until training changes that."""
        nn.init.zeros_(self.linear_2.weight)
        nn.init.zeros_(self.linear_2.bias)

    def forward(self, moments: torch.Tensor) -> torch.Tensor:
        return self.linear_2(nn.functional.gelu(self.linear_1(self.standardise(moments))))

"""Transparent parts of a picture, which are shown on grey."""

from __future__ import annotations

import numpy as np

TRANSPARENT = "transparent parts shown on grey"
BACKDROP = 128
"""Grey that transparent pictures are composed on: neither under- nor overexposed."""


def composed(rgba: np.ndarray) -> np.ndarray:
    """(H, W, 4) uint8 with straight transparency -> (H, W, 3) uint8 over grey."""
    alpha = rgba[..., 3:].astype(np.uint16)
    over = rgba[..., :3] * alpha + BACKDROP * (255 - alpha)
    return ((over + 127) // 255).astype(np.uint8)

"""Measures of a picture that builder and words share: luma, its Laplacian, colorfulness."""

from __future__ import annotations

import numpy as np

BT_709 = np.array([0.2126, 0.7152, 0.0722], np.float32)


def luma_of(rgb: np.ndarray) -> np.ndarray:
    """Code values (H, W, 3) float32 -> luma (H, W), 0 to 255."""
    return rgb @ BT_709


def laplacian(luma: np.ndarray) -> np.ndarray:
    """(H, W) -> (H - 2, W - 2): four times each pixel less its four neighbours."""
    return 4 * luma[1:-1, 1:-1] - luma[:-2, 1:-1] - luma[2:, 1:-1] - luma[1:-1, :-2] - luma[1:-1, 2:]


def colorfulness(rgb: np.ndarray) -> float:
    """Of code values (H, W, 3) float32 (Hasler and Suesstrunk, Measuring colourfulness in natural images, 2003)."""
    rg, yb = rgb[..., 0] - rgb[..., 1], (rgb[..., 0] + rgb[..., 1]) / 2 - rgb[..., 2]
    return np.hypot(rg.std(), yb.std()) + 0.3 * np.hypot(rg.mean(), yb.mean())

"""Simple statistics of one frame, and the few defects that they prove.

The thresholds are conservative: calibrated on the clean and degraded clips so that a clean clip passes them rarely.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np

from .pixels import colorfulness, laplacian, luma_of


@dataclass(frozen=True)
class Measurements:
    """Luma statistics in 0..1 (`luma` mean, `spread` 1st..99th percentile distance), shares of crushed (< 0.03) and
    blown (> 0.97) pixels, Laplacian `sharpness` (its spread over the luma spread), `noise` (median-based sigma of
    the finest diagonal detail in flat blocks, code values), Hasler-Suesstrunk `colourfulness`, and `blockiness`
    (mean step across 8-pixel borders over the mean step elsewhere, 1 = none)."""

    luma: float
    spread: float
    crushed: float
    blown: float
    sharpness: float
    noise: float
    colourfulness: float
    blockiness: float

    def to_dict(self) -> dict[str, float]:
        return asdict(self)


def _blockiness(luma: np.ndarray) -> float:
    steps = []
    for picture in (luma, luma.T):
        step = np.abs(np.diff(picture, axis=1)).mean(axis=0)
        border = np.arange(len(step)) % 8 == 7
        steps.append((step[border].mean() + 1e-3) / (step[~border].mean() + 1e-3))
    return float(np.mean(steps))


def _noise(luma: np.ndarray) -> float:
    """Sigma of a noise-only high-pass (Immerkaer's mask) in the calmest quarter of 16x16 blocks."""
    mask = luma[:-2, :-2] - 2 * luma[:-2, 1:-1] + luma[:-2, 2:]
    mask = mask - 2 * (luma[1:-1, :-2] - 2 * luma[1:-1, 1:-1] + luma[1:-1, 2:])
    mask = mask + luma[2:, :-2] - 2 * luma[2:, 1:-1] + luma[2:, 2:]
    height, width = (side // 16 * 16 for side in mask.shape)
    blocks = np.abs(mask[:height, :width]).reshape(height // 16, 16, width // 16, 16).mean(axis=(1, 3))
    return float(np.sqrt(np.pi / 2) * np.percentile(blocks, 25) / 6)


def measure_frame(frame: np.ndarray) -> Measurements:
    """Statistics of an RGB frame (H, W, 3) uint8 of at least 32x32 pixels."""
    if min(frame.shape[:2]) < 32:
        raise ValueError(f"a frame of {frame.shape[1]}x{frame.shape[0]} pixels is too small to be measured")
    rgb = frame.astype(np.float32)
    luma = luma_of(rgb)
    spread = float(np.percentile(luma, 99) - np.percentile(luma, 1))
    values = (
        luma.mean() / 255,
        spread / 255,
        (luma < 8).mean(),
        (luma > 247).mean(),
        laplacian(luma).std() / max(spread, 8.0),
        _noise(luma),
        colorfulness(rgb),
        _blockiness(luma),
    )
    return Measurements(*(round(float(v), 4) for v in values))

"""Defects of pixels for pictures that people liked: JPEG, blur and noise, made in memory at the picture's own size.

Labels follow training/data/build/labels.py: MOS = 1 + (the picture's own MOS - 1) * what the defect leaves. Exposure,
contrast and color are those of training/sft/augment.py. What JPEG and blur leave is a stated table here (strength,
keep), since no VMAF is measured in memory; it follows the medians that the builder measures for the same defects of
clips."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageFilter

KEEPS = (1.0, 0.84, 0.65, 0.42, 0.20)
DEFECT_STRENGTHS: dict[tuple[str, str], tuple[float, ...]] = {
    ("compression", "jpeg"): (75, 24, 12, 7, 3),
    ("blur", "gaussian"): (0.3, 1.0, 1.7, 2.8, 4.5),
    ("blur", "soft"): (1.0, 1.9, 2.8, 4.0, 6.0),
    ("blur", "motion"): (1.0, 4.0, 7.0, 12.0, 20.0),
    ("noise", "gaussian"): (1.0, 6.0, 11.0, 19.0, 32.0),
    ("noise", "grain"): (1.0, 7.0, 13.0, 22.0, 36.0),
    ("noise", "chroma"): (2.0, 11.0, 20.0, 32.0, 48.0),
}
"""Strengths at which `KEEPS` are left. jpeg: quality; gaussian: sigma in pixels at 480 lines; soft: factor of down- and
upscaling; motion: length in pixels at 480 lines; noise: sigma in code values."""
PHOTO_FAMILIES = ("compression", "blur", "noise")


@dataclass(frozen=True)
class Spoiled:
    """A picture (H, W, 3) uint8 with a defect: its family, and the share of the quality above 1 that is left."""

    picture: np.ndarray
    family: str
    keep: float


def spoil(picture: np.ndarray, rng: np.random.Generator) -> Spoiled:
    """A defect of a random family, variant and strength."""
    family = PHOTO_FAMILIES[int(rng.integers(len(PHOTO_FAMILIES)))]
    variants = [variant for name, variant in DEFECT_STRENGTHS if name == family]
    variant = variants[int(rng.integers(len(variants)))]
    keep = float(rng.uniform(KEEPS[-1], 0.95))
    strength = float(np.exp(np.interp(keep, KEEPS[::-1], np.log(DEFECT_STRENGTHS[family, variant][::-1]))))
    return Spoiled(MAKERS[family, variant](picture, strength, rng), family, keep)


def _jpeg(picture: np.ndarray, quality: float, rng: np.random.Generator) -> np.ndarray:
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "JPEG", quality=max(1, round(quality)), subsampling=int(rng.choice([0, 2])))
    return np.asarray(Image.open(file).convert("RGB"))


def _gaussian(picture: np.ndarray, sigma: float, rng: np.random.Generator) -> np.ndarray:
    radius = sigma * min(picture.shape[:2]) / 480
    return np.asarray(Image.fromarray(picture).filter(ImageFilter.GaussianBlur(radius)))


def _soft(picture: np.ndarray, factor: float, rng: np.random.Generator) -> np.ndarray:
    image = Image.fromarray(picture)
    small = image.resize([max(8, round(side / factor)) for side in image.size], Image.Resampling.BOX)
    return np.asarray(small.resize(image.size, Image.Resampling.BILINEAR))


def _motion(picture: np.ndarray, length: float, rng: np.random.Generator) -> np.ndarray:
    reach = length * min(picture.shape[:2]) / 480 / 2
    angle = rng.uniform(0, np.pi)
    image, total = Image.fromarray(picture), np.zeros(picture.shape, np.float32)
    steps = np.linspace(-reach, reach, int(np.clip(np.ceil(2 * reach), 2, 9)))
    for step in steps:
        shift = (1, 0, float(step * np.cos(angle)), 0, 1, float(step * np.sin(angle)))
        moved = image.transform(image.size, Image.Transform.AFFINE, shift, Image.Resampling.BILINEAR)
        total += np.asarray(moved, np.float32)
    blurred = np.rint(total / len(steps)).astype(np.uint8)
    margin = int(np.ceil(reach)) + 1
    kept = Image.fromarray(blurred[margin:-margin, margin:-margin])
    return np.asarray(kept.resize(image.size, Image.Resampling.BICUBIC))


def _noise(weights: tuple[float, float, float]) -> Callable[[np.ndarray, float, np.random.Generator], np.ndarray]:
    def add(picture: np.ndarray, sigma: float, rng: np.random.Generator) -> np.ndarray:
        planes = np.asarray(Image.fromarray(picture).convert("YCbCr"), np.float32)
        noise = rng.standard_normal(planes.shape, np.float32) * (sigma * np.array(weights, np.float32))
        noisy = np.clip(np.rint(planes + noise), 0, 255).astype(np.uint8)
        return np.asarray(Image.fromarray(noisy, "YCbCr").convert("RGB"))

    return add


MAKERS: dict[tuple[str, str], Callable[[np.ndarray, float, np.random.Generator], np.ndarray]] = {
    ("compression", "jpeg"): _jpeg,
    ("blur", "gaussian"): _gaussian,
    ("blur", "soft"): _soft,
    ("blur", "motion"): _motion,
    ("noise", "gaussian"): _noise((1.0, 0.8, 0.8)),
    ("noise", "grain"): _noise((1.0, 0.0, 0.0)),
    ("noise", "chroma"): _noise((0.0, 1.0, 1.0)),
}

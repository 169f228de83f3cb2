"""The degradations in one table: of each family and variant its strengths, what they leave, and where it can be seen.

Strengths are larger where the defect is worse and comparable within one family and variant.  Units:
blur gaussian/motion: radius in pixels at 480 lines; blur soft: factor of down- and upscaling;
low_resolution: 480 / lines of the file; noise: amplitude of ffmpeg's noise filter (0..100);
compression: crf or qscale of the codec; exposure: stops or the exponent; low_contrast: share of contrast lost;
color: chroma offset in code values, share of saturation lost or added, degrees of hue;
freeze: frozen seconds; low_frame_rate: 24 / frames per second that differ; disorder: window in frames or number
of jumps; shake: amplitude as a share of the height; corruption: damaged share of the picture (measured).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from training.data.build.references import Reference

Four = tuple[float, float, float, float]


@dataclass(frozen=True)
class Variant:
    """Four strengths for the ladders, and a stated rule: `keeps`, the share of the quality above 1 that is left at the
    strengths `at` (an opinion about how much each defect hurts). Without one, VMAF tells, or the size of the file."""

    levels: Four
    at: Four | None = None
    keeps: Four | None = None


VARIANTS = {
    ("blur", "gaussian"): Variant((0.7, 1.1, 1.7, 2.6)),
    ("blur", "soft"): Variant((1.6, 2.3, 3.3, 4.8)),
    ("blur", "motion"): Variant((0.8, 1.4, 2.4, 4.0)),
    ("low_resolution", "saved"): Variant((1.25, 1.7, 2.4, 3.3)),
    ("noise", "gaussian"): Variant((14, 26, 42, 66), (12, 22, 36, 60), (0.82, 0.62, 0.40, 0.18)),
    ("noise", "grain"): Variant((14, 26, 42, 66), (14, 26, 42, 66), (0.84, 0.64, 0.42, 0.20)),
    ("noise", "chroma"): Variant((28, 48, 72, 98), (24, 42, 66, 100), (0.85, 0.67, 0.44, 0.25)),
    ("compression", "x264"): Variant((28, 33, 38, 44)),
    ("compression", "x265"): Variant((28, 33, 38, 44)),
    ("compression", "vp9"): Variant((48, 54, 59, 63)),
    ("compression", "mpeg2"): Variant((8, 14, 22, 31)),
    ("compression", "mpeg4"): Variant((8, 13, 20, 31)),
    ("compression", "mjpeg"): Variant((10, 16, 23, 31)),
    ("underexposure", "stops"): Variant((1.5, 2.4, 3.4, 4.6), (1.3, 2.2, 3.2, 4.4), (0.83, 0.62, 0.38, 0.16)),
    ("underexposure", "gamma"): Variant((1.6, 2.3, 3.2, 4.4), (1.5, 2.1, 3.0, 4.2), (0.83, 0.62, 0.38, 0.18)),
    ("overexposure", "stops"): Variant((0.9, 1.4, 2.1, 3.1), (0.8, 1.3, 2.0, 3.0), (0.83, 0.63, 0.40, 0.18)),
    ("overexposure", "gamma"): Variant((1.7, 2.4, 3.5, 5.2), (1.6, 2.3, 3.4, 5.0), (0.83, 0.63, 0.42, 0.24)),
    ("low_contrast", "flat"): Variant((0.40, 0.56, 0.70, 0.83), (0.35, 0.52, 0.68, 0.82), (0.83, 0.64, 0.42, 0.20)),
    ("low_contrast", "haze"): Variant((0.34, 0.48, 0.62, 0.76), (0.30, 0.45, 0.60, 0.75), (0.83, 0.64, 0.42, 0.22)),
    ("color", "cast"): Variant((12, 20, 30, 43), (11, 19, 29, 42), (0.84, 0.65, 0.43, 0.26)),
    ("color", "desaturation"): Variant((0.55, 0.70, 0.85, 0.96), (0.50, 0.68, 0.83, 0.95), (0.86, 0.70, 0.55, 0.42)),
    ("color", "oversaturation"): Variant((0.8, 1.3, 2.1, 3.3), (0.7, 1.2, 2.0, 3.2), (0.85, 0.67, 0.45, 0.28)),
    ("color", "hue"): Variant((18, 31, 50, 82), (16, 28, 48, 80), (0.84, 0.66, 0.44, 0.26)),
    ("freeze", "single"): Variant((0.33, 0.55, 0.85, 1.2), (0.30, 0.50, 0.80, 1.20), (0.80, 0.62, 0.42, 0.20)),
    ("freeze", "repeated"): Variant((0.45, 0.70, 1.0, 1.3), (0.40, 0.70, 1.00, 1.30), (0.76, 0.57, 0.38, 0.18)),
    ("low_frame_rate", "duplicated"): Variant((2.0, 3.0, 4.8, 8.0), (2.0, 3.0, 5.0, 8.0), (0.84, 0.66, 0.42, 0.22)),
    ("low_frame_rate", "saved"): Variant((3.0, 4.0, 6.0, 8.0), (3.0, 4.2, 6.0, 8.0), (0.74, 0.56, 0.38, 0.22)),
    ("disorder", "shuffle"): Variant((3, 5, 9, 16), (2, 4, 8, 16), (0.76, 0.56, 0.34, 0.14)),
    ("disorder", "reverse"): Variant((4, 7, 13, 20), (3, 6, 12, 20), (0.78, 0.58, 0.38, 0.22)),
    ("disorder", "jumps"): Variant((1, 2, 4, 6), (1, 2, 4, 7), (0.80, 0.64, 0.42, 0.22)),
    ("shake", "hand"): Variant((0.010, 0.018, 0.030, 0.046), (0.008, 0.016, 0.028, 0.045), (0.84, 0.66, 0.43, 0.22)),
    ("shake", "jitter"): Variant((0.005, 0.010, 0.018, 0.030), (0.004, 0.009, 0.017, 0.030), (0.83, 0.62, 0.39, 0.18)),
    ("corruption", "bits"): Variant((0.02, 0.07, 0.18, 0.40), (0.01, 0.06, 0.18, 0.45), (0.82, 0.60, 0.34, 0.10)),
    ("corruption", "loss"): Variant((0.015, 0.04, 0.09, 0.18), (0.01, 0.04, 0.10, 0.25), (0.82, 0.60, 0.34, 0.10)),
}
VMAF_FAMILIES = ("compression", "blur")
INTEGER = {"compression", "disorder"}
TEMPORAL_FAMILIES = ("freeze", "low_frame_rate", "disorder")
TONE = ("underexposure", "overexposure", "low_contrast")
ORDER = (
    "underexposure",
    "overexposure",
    "low_contrast",
    "color",
    "blur",
    "noise",
    "shake",
    "freeze",
    "disorder",
    "low_frame_rate",
    "low_resolution",
    "compression",
    "corruption",
)
"""In which order a clip gets several of them: roughly as they come about."""
MIN_MOTION = 1.5
MIN_FPS = 20


def variants(family: str) -> list[str]:
    return [variant for name, variant in VARIANTS if name == family]


def families() -> list[str]:
    return list(dict.fromkeys(name for name, _ in VARIANTS))


def strength_at(family: str, variant: str, level: float) -> float:
    """Strength at a position on the family's scale: 0, 1, 2, 3 are its four levels, geometric in between."""
    levels = np.log(VARIANTS[family, variant].levels)
    if level > 3:
        value = levels[3] + (level - 3) * (levels[3] - levels[2])
    else:
        value = np.interp(level, range(4), levels)
    strength = float(np.exp(value))
    if family == "compression":
        strength = min(strength, {"x264": 51, "x265": 51, "vp9": 63}.get(variant, 31))
    return float(round(strength)) if family in INTEGER else round(strength, 4)


def eligible(family: str, reference: Reference) -> bool:
    """Whether the defect would be seen on this content: motion to break, light, contrast or color to lose."""
    steady = reference.facts.fps >= MIN_FPS
    lines = min(reference.facts.width, reference.facts.height)
    checks = {
        "underexposure": reference.luma >= 0.24,
        "overexposure": 0.26 <= reference.luma <= 0.75,
        "low_contrast": reference.spread >= 0.12,
        "color": reference.chroma >= 0.12,
        "shake": steady,
        "low_resolution": lines >= 480,
    }
    return steady and reference.motion >= MIN_MOTION if family in TEMPORAL_FAMILIES else checks.get(family, True)

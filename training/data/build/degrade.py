"""The degradations: family and variant -> ffmpeg filters, a codec, or a new order of frames."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from training.data.build.families import TEMPORAL_FAMILIES
from training.data.ffmpeg import INVISIBLE_X264, Facts

SWAY = np.array([0.5, 0.3, 0.2])
TWO_PASS = {
    "mpeg2": ("-c:v", "mpeg2video", "-g", "15", "-qmax", "60", "-qscale:v"),
    "mpeg4": ("-c:v", "mpeg4", "-g", "60", "-qscale:v"),
    "mjpeg": ("-c:v", "mjpeg", "-strict", "unofficial", "-qscale:v"),
}


@dataclass(frozen=True)
class Op:
    """One defect to apply; `seed_key` fixes its free choices (direction, position), shared along a ladder."""

    family: str
    variant: str
    strength: float
    seed_key: str


@dataclass(frozen=True)
class Step:
    """How to apply an Op: filters, the codec of the result and, before it, an optional lossy intermediate codec."""

    filters: str = ""
    codec: tuple[str, ...] = INVISIBLE_X264
    intermediate: tuple[str, ...] = field(default=())


def _luma(curve: str, chroma: float) -> str:
    tint = f"clip(128+{chroma:.4f}*(val-128),16,240)"
    return f"lutyuv=y='clip(16+219*({curve}),16,235)':u='{tint}':v='{tint}'"


def _blur(op: Op, facts: Facts, rng: np.random.Generator) -> str:
    scale = min(facts.width, facts.height) / 480
    if op.variant == "gaussian":
        return f"gblur=sigma={op.strength * scale:.3f}"
    if op.variant == "motion":
        return f"dblur=angle={rng.uniform(0, 180):.1f}:radius={op.strength * scale:.2f}"
    width, height = (max(16, round(side / op.strength / 2) * 2) for side in (facts.width, facts.height))
    return f"scale={width}:{height}:flags=area,scale={facts.width}:{facts.height}:flags=bilinear"


def _noise(op: Op, facts: Facts, rng: np.random.Generator) -> str:
    seed, amount = int(rng.integers(1, 100000)), min(100, round(op.strength))
    if op.variant == "gaussian":
        return f"noise=alls={amount}:allf=t:all_seed={seed}"
    if op.variant == "grain":
        return f"noise=c0s={amount}:c0f=t:c0_seed={seed}"
    return f"noise=c1s={amount}:c1f=t:c1_seed={seed}:c2s={amount}:c2f=t:c2_seed={seed + 1}"


def _tone(op: Op, facts: Facts, rng: np.random.Generator) -> str:
    s, v = op.strength, "clip((val-16)/219,0,1)"
    if op.family == "low_contrast":
        curve = f"0.5+{1 - s:.4f}*({v}-0.5)" if op.variant == "flat" else f"{1 - s:.4f}*{v}+{0.88 * s:.4f}"
        return _luma(curve, 1 - s)
    sign = -1 if op.family == "underexposure" else 1
    if op.variant == "stops":
        gain = 2 ** (sign * s / 2.2)
        return _luma(f"{gain:.4f}*{v}", gain)
    if sign < 0:
        return _luma(f"pow({v},{s:.4f})", 0.8)
    return _luma(f"1.2*pow({v},{1 / s:.4f})", 0.9)


def _color(op: Op, facts: Facts, rng: np.random.Generator) -> str:
    if op.variant == "cast":
        angle = rng.uniform(0, 2 * np.pi)
        du, dv = op.strength * np.cos(angle), op.strength * np.sin(angle)
        return f"lutyuv=u='clip(val+{du:.2f},16,240)':v='clip(val+{dv:.2f},16,240)'"
    if op.variant == "hue":
        return f"hue=h={op.strength * rng.choice([-1, 1]):.2f}"
    saturation = 1 - op.strength if op.variant == "desaturation" else 1 + op.strength
    return f"hue=s={saturation:.4f}"


@dataclass(frozen=True)
class Path2D:
    """Camera path of a shake: for x and y three rates (Hz) and phases; amplitude as a share of the height."""

    size: float
    rates: np.ndarray
    phases: np.ndarray

    def at(self, times: np.ndarray) -> np.ndarray:
        """Offsets (2, N) as a share of the height at times (N,) in seconds."""
        angles = 2 * np.pi * self.rates[..., None] * times + self.phases[..., None]
        return self.size * (SWAY[:, None] * np.sin(angles)).sum(1)


def shake_path(op: Op, rng: np.random.Generator) -> Path2D:
    """The path of a shake Op: slow for a hand, fast for jitter."""
    low, high = (2.0, 5.0) if op.variant == "hand" else (7.0, 11.5)
    drawn = [(rng.uniform(low, high, 3), rng.uniform(0, 2 * np.pi, 3)) for _ in range(2)]
    return Path2D(op.strength, np.stack([d[0] for d in drawn]), np.stack([d[1] for d in drawn]))


def _shake(op: Op, facts: Facts, rng: np.random.Generator) -> str:
    path = shake_path(op, rng)
    margin = int(np.ceil(op.strength * facts.height)) + 1

    def formula(axis: int) -> str:
        waves = "+".join(
            f"{w}*sin({2 * np.pi * f:.3f}*t+{p:.3f})"
            for w, f, p in zip(SWAY, path.rates[axis], path.phases[axis], strict=True)
        )
        return f"{margin}+{op.strength * facts.height:.3f}*({waves})"

    return (
        f"format=yuv444p,crop=w=iw-{2 * margin}:h=ih-{2 * margin}:x='{formula(0)}':y='{formula(1)}':exact=1,"
        f"scale={facts.width}:{facts.height}:flags=bicubic"
    )


def _low_resolution(op: Op, facts: Facts, rng: np.random.Generator) -> str:
    lines = 480 / op.strength
    ratio = min(1.0, lines / min(facts.width, facts.height))
    width, height = (max(16, round(side * ratio / 2) * 2) for side in (facts.width, facts.height))
    return f"scale={width}:{height}:flags=lanczos"


def frame_order(op: Op, facts: Facts, rng: np.random.Generator) -> np.ndarray:
    """Position on the new timeline -> source frame, (num_frames,) int64, for freeze, disorder and duplication."""
    n, order = facts.num_frames, np.arange(facts.num_frames)
    if op.family == "low_frame_rate":
        step = op.strength * facts.fps / 24
        return np.minimum((np.floor(order / step + 1e-6) * step).round().astype(int), order)
    if op.family == "freeze":
        count = 1 if op.variant == "single" else max(2, round(op.strength / 0.3))
        length = max(2, min(round(op.strength * facts.fps / count), (n - 6) // count))
        gap = (n - count * length) / (count + 1)
        shift = rng.uniform(-0.8, 0.8) * gap
        for i in range(count):
            start = int(np.clip(round(gap * (i + 1) + length * i + shift), 1, n - length))
            order[start : start + length] = start - 1
        return order
    window = int(op.strength)
    if op.variant == "jumps":
        back = max(3, round(0.3 * facts.fps))
        at = {round((i + 1) * n / (window + 1)) for i in range(window)}
        steps = [(-back if i in at else 1) for i in range(1, n)]
        return np.maximum(np.cumsum([0, *steps]), 0)
    for start in range(0, n, window):
        part = order[start : start + window]
        if op.variant == "reverse":
            order[start : start + window] = part[::-1] if (start // window) % 2 == 0 else part
        else:
            shuffled = rng.permutation(part)
            order[start : start + window] = shuffled[::-1] if np.array_equal(shuffled, part) else shuffled
    return order


_FILTERS = {
    "blur": _blur,
    "noise": _noise,
    "underexposure": _tone,
    "overexposure": _tone,
    "low_contrast": _tone,
    "color": _color,
    "shake": _shake,
    "low_resolution": _low_resolution,
}


def step_for(op: Op, facts: Facts, rng: np.random.Generator) -> Step:
    """The ffmpeg step of an Op on a clip with these facts (corruption has its own module)."""
    if op.family in _FILTERS:
        return Step(filters=_FILTERS[op.family](op, facts, rng))
    if op.family == "low_frame_rate" and op.variant == "saved":
        return Step(filters=f"fps={24 / op.strength:.3f}:round=near")
    if op.family in TEMPORAL_FAMILIES:
        return Step(filters="shuffleframes=" + "|".join(str(i) for i in frame_order(op, facts, rng)))
    quality = str(round(op.strength))
    if op.variant == "x264":
        return Step(codec=("-c:v", "libx264", "-preset", "veryfast", "-crf", quality))
    if op.variant == "x265":
        return Step(
            codec=(
                "-c:v",
                "libx265",
                "-preset",
                "ultrafast",
                "-tag:v",
                "hvc1",
                "-crf",
                quality,
                "-x265-params",
                "log-level=error:pools=1:frame-threads=1",
            )
        )
    if op.variant == "vp9":
        return Step(
            codec=(
                "-c:v",
                "libvpx-vp9",
                "-deadline",
                "realtime",
                "-cpu-used",
                "8",
                "-b:v",
                "0",
                "-crf",
                quality,
            )
        )
    return Step(intermediate=(*TWO_PASS[op.variant], quality))

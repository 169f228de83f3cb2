"""New defects on cached clips: a step of training may see a clip worse than it was built.

Only defects that look the same on small pictures as on the file are made here: those of single pixels (exposure,
contrast, color) and those of time (freeze, low frame rate, disorder, shake, and five of the six perturbations of the
temporal reward: a reversed clip is not worse by any rule of ours). Strengths are drawn between the levels of
training/data/build/families.py and labels follow training/data/build/labels.py, as for clips that are made as files.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

from vqathinker.video import PERTURBATIONS, frame_indices
from vqathinker.video.perturb import BLACK, unit

from ..data.build import labels
from ..data.build.degrade import Op, frame_order, shake_path
from ..data.build.families import MIN_FPS, TONE, eligible, strength_at, variants
from ..data.build.references import Reference
from ..data.ffmpeg import Facts
from .cache import Sample

PIXEL_FAMILIES = (*TONE, "color")
TIMES = ("freeze", "low_frame_rate", "disorder", "shake")
PAPER = ("shuffle", "local_shuffle", "jitter", "duplicate", "drop")
ONLINE_VARIANTS = {"low_frame_rate": ("duplicated",)}
"""A clip that is saved with fewer frames has other facts, so that variant is left to the builder."""
TOP_LEVEL = 3.2
CHROMA_RANGE = 255 / 224
"""Chroma of full-range pictures for a step of one code value of video range."""


@dataclass(frozen=True)
class Worse:
    """What is done to a clip: `tone` (None: nothing), the sampled frame that stands at each place (-1: black), the film
    (N, s, s) uint8 with both, and the manifest row with the labels that follow."""

    row: dict
    tone: PixelChange | None
    picks: tuple[int, ...]
    film: np.ndarray


@dataclass(frozen=True)
class PixelChange:
    """A change of single pixels: luma through a table (256,), chroma through turn (2, 2) and shift (2,)."""

    luma: np.ndarray
    turn: np.ndarray
    shift: np.ndarray

    def __call__(self, picture: np.ndarray) -> np.ndarray:
        """(H, W, 3) uint8 RGB -> the same with the change."""
        planes = np.array(Image.fromarray(picture).convert("YCbCr"))
        planes[..., 0] = self.luma[planes[..., 0]]
        chroma = (planes[..., 1:].astype(np.float32) - 128) @ self.turn.T + self.shift + 128
        planes[..., 1:] = np.clip(np.rint(chroma), 0, 255)
        return np.array(Image.fromarray(planes, "YCbCr").convert("RGB"))


def luma_curve(op: Op, v: np.ndarray) -> tuple[np.ndarray, float]:
    """Luma v in [0, 1] after an exposure or contrast defect, and the factor of chroma (degrade.py has the filters)."""
    s = op.strength
    if op.family == "low_contrast":
        return (0.5 + (1 - s) * (v - 0.5) if op.variant == "flat" else (1 - s) * v + 0.88 * s), 1 - s
    sign = -1 if op.family == "underexposure" else 1
    if op.variant == "stops":
        gain = 2 ** (sign * s / 2.2)
        return gain * v, gain
    return (v**s, 0.8) if sign < 0 else (1.2 * v ** (1 / s), 0.9)


def pixel_change_of(op: Op, rng: np.random.Generator) -> PixelChange:
    """The pixel change of an exposure, contrast or color Op."""
    v, turn, shift = np.linspace(0, 1, 256), np.eye(2), np.zeros(2)
    if op.family != "color":
        v, chroma = luma_curve(op, v)
        turn = turn * chroma
    elif op.variant == "cast":
        angle = rng.uniform(0, 2 * np.pi)
        shift = CHROMA_RANGE * op.strength * np.array([np.cos(angle), np.sin(angle)])
    elif op.variant == "hue":
        angle = np.radians(op.strength) * rng.choice([-1, 1])
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    else:
        turn = turn * (1 - op.strength if op.variant == "desaturation" else 1 + op.strength)
    table = np.rint(255 * np.clip(v, 0, 1)).astype(np.uint8)
    return PixelChange(table, turn.astype(np.float32), shift.astype(np.float32))


def draw_op(family: str, rng: np.random.Generator) -> Op:
    options = ONLINE_VARIANTS.get(family, variants(family))
    variant = options[int(rng.integers(len(options)))]
    return Op(family, variant, strength_at(family, variant, float(rng.uniform(0.0, TOP_LEVEL))), "")


def shaken(film: np.ndarray, op: Op, facts: dict, rng: np.random.Generator) -> np.ndarray:
    """Film (N, s, s) behind a window that sways along the Op's path and leaves out the border it needs."""
    aspect = facts["height"] / facts["width"]
    offsets = shake_path(op, rng).at(np.arange(len(film)) / facts["fps"]) * np.array([[aspect], [1.0]])
    zoom = 1 - 2 * op.strength * np.array([aspect, 1.0])
    matrix = torch.zeros(len(film), 2, 3)
    matrix[:, 0, 0], matrix[:, 1, 1] = float(zoom[0]), float(zoom[1])
    matrix[:, :, 2] = torch.from_numpy(2 * offsets.T).float()
    pictures = torch.from_numpy(film).float().unsqueeze(1)
    grid = F.affine_grid(matrix, list(pictures.shape), align_corners=False)
    shown = F.grid_sample(pictures, grid, padding_mode="border", align_corners=False)
    return shown.squeeze(1).round().to(torch.uint8).numpy()


def reordered(film: np.ndarray, order: np.ndarray) -> np.ndarray:
    """Film (N, s, s) in another order; BLACK gives a black frame."""
    shown = film[np.maximum(order, 0)]
    shown[order == BLACK] = 0
    return shown


def picked(order: np.ndarray, count: int) -> tuple[int, ...]:
    """Which of `count` evenly sampled frames is nearest to the one that the order shows at each sampled place."""
    indices = np.array(frame_indices(len(order), count))
    shown = order[indices]
    nearest = np.abs(indices[None] - shown[:, None]).argmin(1)
    return tuple(np.where(shown == BLACK, BLACK, nearest).tolist())


def longest_hold(order: np.ndarray) -> int:
    """Length of the longest run of one frame."""
    edges = np.flatnonzero(np.diff(order, prepend=-2, append=-2))
    return int(np.diff(edges).max())


def paper_order(mode: str, facts: dict, rng: np.random.Generator) -> tuple[np.ndarray, str, float]:
    """A perturbation of the temporal reward: its order (N,), the defect it amounts to, and the keep of that."""
    count = facts["num_frames"]
    order = PERTURBATIONS[mode](count, rng)
    if mode == "drop":
        return order, "corruption", labels.keep_from_strength("corruption", "loss", float(np.mean(order == BLACK)))
    if mode == "duplicate":
        seconds = longest_hold(order) / facts["fps"]
        return order, "freeze", labels.keep_from_strength("freeze", "single", seconds)
    window = {"shuffle": count, "local_shuffle": 4 * unit(count), "jitter": 2 * unit(count) + 1}[mode]
    return order, "disorder", labels.keep_from_strength("disorder", "shuffle", float(window))


def reference_of(row: dict, sample: Sample) -> Reference:
    """What decides whether a defect would be seen on this clip, measured on its cached frames."""
    middle = sample.frames[len(sample.frames) // 2][::4, ::4].astype(np.float32) / 255
    film = sample.film[::4].astype(np.float32) / 255
    step = np.abs(np.diff(sample.film.astype(np.int16), axis=0)).mean() if len(sample.film) > 1 else 0.0
    chroma = float(np.mean(middle.max(axis=2) - middle.min(axis=2)))
    return Reference("", Facts(**row["facts"]), float(film.mean()), float(film.std()), chroma, float(step))


def timed(sample: Sample, row: dict, family: str, rng: np.random.Generator, count: int):
    """Film, places of the sampled frames, defect and keep of a clip with a defect of time."""
    facts = row["facts"]
    if family in PAPER:
        order, name, keep = paper_order(family, facts, rng)
        return reordered(sample.film, order), picked(order, count), name, keep
    op = draw_op(family, rng)
    keep = labels.keep_from_strength(op.family, op.variant, op.strength)
    if family == "shake":
        return shaken(sample.film, op, facts, rng), tuple(range(count)), family, keep
    order = frame_order(op, Facts(**facts), rng)
    return reordered(sample.film, order), picked(order, count), family, keep


def worsen(row: dict, sample: Sample, tone_share: float, time_share: float, rng: np.random.Generator) -> Worse:
    """A degraded clip with perhaps one more defect of pixels and one more of time, unless it has one of that kind."""
    count = len(sample.frames)
    tone, picks, film = None, tuple(range(count)), sample.film
    names = {defect["name"] for defect in row["defects"]}
    wants_tone = rng.random() < tone_share and not names & set(PIXEL_FAMILIES)
    wants_time = rng.random() < time_share and not names & {*TIMES, "corruption"}
    if row["facts"]["fps"] < MIN_FPS or not (wants_tone or wants_time):
        return Worse(row, tone, picks, film)
    reference, added = reference_of(row, sample), []
    if wants_time:
        options = [name for name in (*TIMES, *PAPER) if eligible("disorder" if name in PAPER else name, reference)]
        if options:
            film, picks, name, keep = timed(sample, row, options[int(rng.integers(len(options)))], rng, count)
            added.append((name, keep))
    if wants_tone:
        tone, more = tone_for(reference, rng)
        film = tone.luma[film] if tone else film
        added += more
    return Worse(relabelled(row, added), tone, picks, film)


def tone_for(reference: Reference, rng: np.random.Generator) -> tuple[PixelChange | None, list[tuple[str, float]]]:
    """A change of pixels that would be seen and the defect it is, as (name, keep); or none of it."""
    options = [name for name in PIXEL_FAMILIES if eligible(name, reference)]
    if not options:
        return None, []
    op = draw_op(options[int(rng.integers(len(options)))], rng)
    return pixel_change_of(op, rng), [(op.family, labels.keep_from_strength(op.family, op.variant, op.strength))]


def relabelled(row: dict, added: list[tuple[str, float]]) -> dict:
    """The row of a sample that got more defects, given as (name, keep); its label is a pseudo-MOS from then on."""
    found = [(defect["name"], defect["severity"]) for defect in row["defects"]]
    found += [(name, labels.severity_from_keep(keep)) for name, keep in added]
    mos = labels.combine(row["mos"], [keep for _, keep in added])
    return row | {"kind": "pseudo", "mos": mos, "defects": labels.defect_list(found), "ladder": None}

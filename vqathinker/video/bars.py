"""Bars around a picture: letterbox, pillarbox, a small clip in a large frame."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

FLAT = 8
"""Levels by which a pixel of a bar may differ from its colour, after compression."""
MOSTLY = 0.99
"""Part of a line's pixels that must be flat."""
LEAST_SHARE, LEAST_KEPT = 0.02, 0.15
"""Of a side: the thinnest pair of bars; of the area: the smallest picture."""
EDGE, EDGE_SHARE = 16, 0.25
"""Levels and part of the pixels by which the first line of the picture differs from the bar."""
Box = tuple[int, int, int, int]


def find_bars(lumas: Sequence[np.ndarray]) -> Box | None:
    """(left, top, width, height), even numbers, of the picture between bars in lumas (H, W) uint8 of one film.

    A bar lies on two opposite sides, in one colour, flat in every frame, and ends in an edge; night sky does not.
    None where there are no bars, or nothing is left between them.
    """
    height, width = lumas[0].shape
    top, bottom = _pair(lumas)
    left, right = _pair([luma[top : height - bottom].T for luma in lumas])
    # A clip that was shrunk into a large frame: its upper and lower bars may only be told beside its own columns.
    if (left or right) and not (top or bottom):
        top, bottom = _pair([luma[:, left : width - right] for luma in lumas])
    if not (top or bottom or left or right):
        return None
    left, top = left + left % 2, top + top % 2
    box = (left, top, (width - right - left) // 2 * 2, (height - bottom - top) // 2 * 2)
    return box if box[2] * box[3] >= LEAST_KEPT * width * height else None


def _pair(lumas: Sequence[np.ndarray]) -> tuple[int, int]:
    """Lines of the bars at the beginning and at the end of the first axis, (0, 0) where they are not a pair."""
    colour = float(np.median([luma[0] for luma in lumas])), float(np.median([luma[-1] for luma in lumas]))
    if abs(colour[0] - colour[1]) > FLAT:
        return 0, 0
    if not all(_flat(luma[[0, -1]], colour[0]).all() for luma in lumas):  # most films end here, at little cost
        return 0, 0
    flat = np.stack([_flat(luma, colour[0]) for luma in lumas]).all(axis=0)
    if flat.all():
        return 0, 0
    first, last = int(np.argmin(flat)), int(np.argmin(flat[::-1]))
    thinnest = LEAST_SHARE * len(flat) / 2
    if first < thinnest or last < thinnest:
        return 0, 0
    return (first, last) if _edge(lumas, first, colour[0]) and _edge(lumas, -1 - last, colour[0]) else (0, 0)


def _flat(lines: np.ndarray, colour: float) -> np.ndarray:
    """Which lines (N, L) uint8 are all of one colour."""
    low, high = max(0, int(np.ceil(colour - FLAT))), min(255, int(colour + FLAT))
    return ((lines >= low) & (lines <= high)).mean(axis=1) >= MOSTLY


def _edge(lumas: Sequence[np.ndarray], line: int, colour: float) -> bool:
    """Whether the picture begins at once, in any frame: within two lines, as compression blurs the first one."""
    inward = line + (2 if line >= 0 else -2)
    return any((np.abs(luma[inward].astype(int) - colour) > EDGE).mean() > EDGE_SHARE for luma in lumas)

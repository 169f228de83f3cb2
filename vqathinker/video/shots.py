"""What not to look at: cuts inside a burst; empty pictures, titles and credits, where a film shows something else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

CUT_LEVELS, CUT_RATIO, CUT_COLOURS = 12.0, 2.0, 0.25
"""Two shots differ by at least this mean of luma, by so many times what changes within them, and in their histograms
by this share of the pixels: a fast pan or a jump after a freeze keeps its histogram."""
EMPTY_SPREAD = 16
"""Levels between nearly the darkest and nearly the brightest pixel of an empty picture."""
PAPER_LEVELS, PAPER_SHARE = 10, 0.75
INK_SHARE, INK_LEVELS = (0.004, 0.25), 80
STROKES = 0.04
"""A card with writing: most of it is one level, a little is far from it, and changes to it and back within few pixels
(edges for each pixel of ink), which objects before a plain sky or a lamp in the dark do not."""


class Look(NamedTuple):
    """What a whole picture tells of itself: it shows one level only; it is a title or credits."""

    empty: bool
    card: bool


def look_at(picture: np.ndarray) -> Look:
    """At a picture (H, W, 3) uint8."""
    return Look(is_empty(picture), is_card(picture))


def cut_in(burst: np.ndarray) -> int | None:
    """(T, S, S) uint8 luma of consecutive frames -> the place before which a new shot begins, None where none does."""
    flat = burst.reshape(len(burst), -1).astype(np.int16)
    steps = np.abs(np.diff(flat, axis=0)).mean(axis=1)
    if not len(steps) or steps.max() < CUT_LEVELS:
        return None
    place = int(steps.argmax()) + 1
    parts = flat[:place], flat[place:]
    within = max(_widest(part) for part in parts)
    across = min(float(np.abs(parts[1] - frame).mean(axis=1).min()) for frame in parts[0])
    if across < max(CUT_LEVELS, CUT_RATIO * within):
        return None
    before, behind = (np.histogram(part, 16, (0, 256))[0] / part.size for part in parts)
    return place if np.abs(before - behind).sum() / 2 >= CUT_COLOURS else None


def _widest(frames: np.ndarray) -> float:
    """The largest mean difference of two frames."""
    return max((float(np.abs(frames - frame).mean(axis=1).max()) for frame in frames), default=0.0)


def is_empty(picture: np.ndarray) -> bool:
    """Whether a picture (H, W, 3) or (S, S) shows one level only: black, mostly."""
    level = picture[::4, ::4, 1] if picture.ndim == 3 else picture
    low, high = np.percentile(level, (1, 99))
    return bool(high - low < EMPTY_SPREAD)


def is_card(picture: np.ndarray) -> bool:
    """Whether a picture (H, W, 3) is a title or credits: writing on a plain ground."""
    level = picture[::4, :, 1].astype(np.int16)
    paper = int(np.bincount(level.ravel(), minlength=256).argmax())
    distance = np.abs(level - paper)
    if (distance <= PAPER_LEVELS).mean() < PAPER_SHARE:
        return False
    ink = distance >= INK_LEVELS
    share = ink.mean()
    if not INK_SHARE[0] <= share <= INK_SHARE[1]:
        return False
    return bool(np.count_nonzero(ink[:, 1:] != ink[:, :-1]) / np.count_nonzero(ink) >= STROKES)


def useless(looks: Sequence[Look], bursts: np.ndarray | None) -> list[bool]:
    """Which sampled frames show nothing of the film: empty ones, and cards before the first and behind the last other
    frame. A single empty frame between others is a fault of the film, and stays."""
    empty = [look.empty for look in looks]
    if bursts is not None:
        empty = [nothing and all(map(is_empty, burst)) for nothing, burst in zip(empty, bursts, strict=True)]
    found = [nothing or look.card for nothing, look in zip(empty, looks, strict=True)]
    if all(found):
        return [False] * len(found)
    first, last = found.index(False), len(found) - 1 - found[::-1].index(False)
    return [empty[k] if first < k < last else found[k] for k in range(len(found))]


def elsewhere(indices: Sequence[int], bad: Sequence[bool]) -> list[int]:
    """For every bad one of sampled indices another frame: the middles of the widest gaps between the good ones, or
    beside the only good one."""
    good = sorted(i for i, is_bad in zip(indices, bad, strict=True) if not is_bad)
    limits = sorted(indices)
    found = []
    for _ in range(sum(bad)):
        known = sorted({*good, *found})
        gaps = [(b - a, a, b) for a, b in zip(known, known[1:], strict=False) if b - a > 1]
        if not gaps:  # one good frame: towards its neighbours, where the film may still be on
            around = [(b - a, a, b) for a, b in zip(limits, limits[1:], strict=False) if {a, b} & set(known)]
            gaps = [gap for gap in around if gap[0] > 1 and (gap[1] + gap[2]) // 2 not in known]
        if not gaps:
            break
        _, a, b = max(gaps, key=lambda gap: (gap[0], -gap[1]))
        found.append((a + b) // 2)
    return found

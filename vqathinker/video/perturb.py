"""The six temporal perturbations of the paper, on the timeline of a video rather than on its sampled frames.

Each is a function (num_frames, rng) -> (num_frames,) int64: the source frame shown at each position, -1 for a
black one. The official code (internvl_module.py:apply_temporal_perturbation) disorders the 6 or 12 sampled
frames; here the same is done to all frames, so that samples and bursts see one disorder. What the paper
counts in sampled frames is counted here in units of num_frames // 12 frames, at least one: up to 23 frames
the outcomes are the paper's, and on a long video a local shuffle or a jitter still moves what is sampled.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

BLACK = -1
UNITS_OF_CLIP = 12
Perturbation = Callable[[int, np.random.Generator], np.ndarray]


def unit(num_frames: int) -> int:
    """Frames that stand for one sampled frame of the paper."""
    return max(1, num_frames // UNITS_OF_CLIP)


def shuffle(num_frames: int, rng: np.random.Generator) -> np.ndarray:
    """All frames in a random order."""
    return rng.permutation(num_frames)


def local_shuffle(num_frames: int, rng: np.random.Generator, window: int = 4) -> np.ndarray:
    """A random order inside each window of `window` units; the windows keep their places."""
    width = window * unit(num_frames)
    parts = [rng.permutation(np.arange(k, min(k + width, num_frames))) for k in range(0, num_frames, width)]
    return np.concatenate(parts)


def reverse(num_frames: int, rng: np.random.Generator) -> np.ndarray:
    """The last frame first. Uses no random numbers."""
    return np.arange(num_frames)[::-1].copy()


def jitter(num_frames: int, rng: np.random.Generator) -> np.ndarray:
    """Each position shows a frame at most one unit away from its own."""
    reach = unit(num_frames)
    offsets = rng.integers(-reach, reach + 1, num_frames)
    return np.clip(np.arange(num_frames) + offsets, 0, num_frames - 1)


def duplicate(num_frames: int, rng: np.random.Generator) -> np.ndarray:
    """One to three units of frames are lost, and one frame is held for as long, anywhere in the video."""
    count = _some(num_frames, rng)
    kept = np.sort(rng.choice(num_frames, num_frames - count, replace=False))
    place, held = rng.integers(0, len(kept) + 1), rng.integers(0, num_frames)
    return np.insert(kept, place, np.full(count, held))


def drop(num_frames: int, rng: np.random.Generator) -> np.ndarray:
    """One to three units of frames, picked one by one, turn black."""
    shown = np.arange(num_frames)
    shown[rng.choice(num_frames, _some(num_frames, rng), replace=False)] = BLACK
    return shown


def _some(num_frames: int, rng: np.random.Generator) -> int:
    return min(int(rng.integers(1, 4)) * unit(num_frames), num_frames - 1)


PERTURBATIONS: dict[str, Perturbation] = {
    "shuffle": shuffle,
    "local_shuffle": local_shuffle,
    "reverse": reverse,
    "jitter": jitter,
    "duplicate": duplicate,
    "drop": drop,
}


def disorder(name: str, seed: int = 0) -> Callable[[int], np.ndarray]:
    """The timeline of a perturbation by its name, the same for every call with a number of frames and a seed.

    Raises ValueError for a name that is not in PERTURBATIONS.

    >>> disorder("reverse")(3)
    array([2, 1, 0])
    """
    if name not in PERTURBATIONS:
        raise ValueError(f"there is no perturbation {name!r}; choose one of {', '.join(PERTURBATIONS)}")
    return lambda num_frames: PERTURBATIONS[name](num_frames, np.random.default_rng(seed))

"""Rated pictures as clips: a camera that holds still, pans, zooms or is held in a hand over a picture, and cuts.

People rated these pictures and not their motion, so a picture keeps its MOS whichever way it is shown, and moving says
nothing about the score. A hand sways slower and less than the defect "shake" of training/data/build/degrade.py does.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

FPS, CAMERA_S = 30.0, 2.0
NUM_FRAMES = round(FPS * CAMERA_S)
HAND_HZ, HAND_SIZE = (0.3, 1.2), 0.006
"""Rates of a hand's sway, and its largest amplitude as a share of the picture."""
FILM_SIDE = 240
"""A film is cut from a picture of at most this shorter side: its frames are small."""


@dataclass(frozen=True)
class Camera:
    """boxes (N, 4): left, top, right and lower edge of each frame, as shares of the picture."""

    boxes: np.ndarray

    def __len__(self) -> int:
        return len(self.boxes)

    def shot(self, picture: Image.Image, index: int, size: int, filter: Image.Resampling) -> np.ndarray:
        """Frame `index` of the picture as (size, size, ...) uint8."""
        box = self.boxes[index] * np.tile(picture.size, 2)
        return np.asarray(picture.resize((size, size), filter, box=tuple(box)))


def cut_camera(rng: np.random.Generator) -> Camera:
    """Two shots of one picture, from opposite sides, with a cut somewhere between them."""
    half = Camera(moving_camera(rng).boxes * 0.62), Camera(1 - moving_camera(rng).boxes[:, [2, 3, 0, 1]] * 0.62)
    at = int(rng.integers(NUM_FRAMES // 6, NUM_FRAMES - NUM_FRAMES // 6))
    return Camera(np.concatenate([half[0].boxes[:at], half[1].boxes[at:]]))


def moving_camera(rng: np.random.Generator) -> Camera:
    """A pan, a zoom or both over the inner part of a picture, half of them held in a hand."""
    first, last = rng.uniform(0.76, 0.96, 2)
    if rng.random() < 0.5:
        last = first
    along = np.linspace(0, 1, NUM_FRAMES)
    side = first + (last - first) * along
    corners = rng.uniform(0, 1, (2, 2)) if rng.random() < 0.7 else np.tile(rng.uniform(0, 1, 2), (2, 1))
    start = (corners[0] + (corners[1] - corners[0]) * along[:, None]) * (1 - side[:, None])
    if rng.random() < 0.5:
        start = start + sway(rng)
    start = np.clip(start, 0, 1 - side[:, None])
    return Camera(np.concatenate([start, start + side[:, None]], axis=1))


def sway(rng: np.random.Generator) -> np.ndarray:
    """Offsets (N, 2) of a hand-held camera, as shares of the picture."""
    rates, phases = rng.uniform(*HAND_HZ, (3, 2)), rng.uniform(0, 2 * np.pi, (3, 2))
    times = np.arange(NUM_FRAMES)[:, None, None] / FPS
    waves = np.sin(2 * np.pi * rates * times + phases)
    return rng.uniform(0.2, 1.0) * HAND_SIZE * waves.mean(axis=1)


def film(picture: np.ndarray, camera: Camera, size: int) -> np.ndarray:
    """Luma of every frame, (N, size, size) uint8, of a picture (H, W, 3)."""
    luma = Image.fromarray(picture).convert("L")
    shrink = max(1, min(luma.size) // FILM_SIDE)
    luma = luma.reduce(shrink) if shrink > 1 else luma
    return np.stack([camera.shot(luma, index, size, Image.Resampling.BILINEAR) for index in range(len(camera))])

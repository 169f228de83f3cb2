"""Animated WebP and PNG, which are videos; GIF goes the way of films."""

from __future__ import annotations

import numpy as np
from PIL import Image

from vqathinker.errors import VideoError
from vqathinker.video.clock import BROWSER_INSTEAD_S, browser_steps, rate_of
from vqathinker.video.spec import Limits
from vqathinker.video.still import opaque, open_image
from vqathinker.video.transparency import TRANSPARENT


def is_animated(path: str, limits: Limits) -> bool:
    """Whether a picture moves. Raises VideoError on damage."""
    with open_image(path, limits) as image:
        return _count(image) > 1


class Animation:
    """The pictures of an animation and the times at which browsers show them."""

    def __init__(self, path: str, limits: Limits) -> None:
        self.path, self.limits = path, limits
        with open_image(path, limits) as image:
            self.width, self.height = image.size
            steps = browser_steps(np.array([_seconds(image, k) for k in range(_count(image))]))
        self.times = np.concatenate([[0.0], np.cumsum(steps[:-1])])
        self.duration_s = float(steps.sum())
        self.fps = rate_of(self.times, 0.0)["fps"]

    def read(self, wanted: list[int], emit) -> list[str]:
        """Call emit(i, (H, W, 3) uint8) for each wanted picture; what was done to them."""
        transparent = False
        with open_image(self.path, self.limits) as image:
            for i in wanted:
                image.seek(_first(image) + i)
                rgb, seen_through = opaque(image)
                transparent = transparent or seen_through
                emit(i, rgb)
        return [TRANSPARENT] if transparent else []


def _first(image: Image.Image) -> int:
    """A PNG may hold a picture for those who cannot play it, which is no part of the animation."""
    return int(bool(getattr(image, "default_image", False)))


def _count(image: Image.Image) -> int:
    return getattr(image, "n_frames", 1) - _first(image)


def _seconds(image: Image.Image, number: int) -> float:
    image.seek(_first(image) + number)
    image.load()
    duration = image.info.get("duration", BROWSER_INSTEAD_S * 1000)
    if not 0 <= duration < 1e9:
        raise VideoError("a picture of the animation is shown for no possible time.")
    return duration / 1000

"""Still images, which are rated as static clips, and the reduction of a picture to small luma."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from PIL import Image, ImageOps

from vqathinker.errors import VideoError
from vqathinker.video.bars import find_bars
from vqathinker.video.guard import check_pixels
from vqathinker.video.spec import Limits
from vqathinker.video.transparency import TRANSPARENT, composed

STILL_FORMATS = ("JPEG", "PNG", "WEBP", "BMP")
CROPPED = "bars cropped"


@contextmanager
def open_image(path: str, limits: Limits) -> Iterator[Image.Image]:
    """A picture or an animation of FORMATS. Raises VideoError on damage, inside the block, too, or a refused size."""
    name = os.path.basename(path)
    Image.MAX_IMAGE_PIXELS = None  # our own limits are checked below, before anything is decoded
    try:
        with Image.open(path, formats=STILL_FORMATS) as image:
            check_pixels(name, *image.size, limits)
            yield image
    except (OSError, ValueError, SyntaxError, EOFError):
        raise VideoError(f"{name} is damaged: it cannot be read as a picture.") from None


def read_image(path: str, limits: Limits, protocol: str = "default") -> tuple[np.ndarray, tuple[str, ...]]:
    """(H, W, 3) uint8 RGB, turned upright by its EXIF tag, and what else was done to it.

    Raises VideoError on damage or a refused size.
    """
    with open_image(path, limits) as image:
        image.load()
        upright = ImageOps.exif_transpose(image)
        if protocol == "released":
            return np.asarray(_eight_bits(upright).convert("RGB")), ()
        rgb, transparent = opaque(_eight_bits(upright))
    notes = [TRANSPARENT] if transparent else []
    box = find_bars([np.asarray(Image.fromarray(rgb).convert("L"))])
    if box is not None:
        left, top, width, height = box
        rgb, notes = np.ascontiguousarray(rgb[top : top + height, left : left + width]), [*notes, CROPPED]
    return rgb, tuple(notes)


def opaque(image: Image.Image) -> tuple[np.ndarray, bool]:
    """(H, W, 3) uint8 RGB, transparent parts composed on grey, and whether there are any."""
    if not image.has_transparency_data:
        return np.asarray(image.convert("RGB")), False
    rgba = np.asarray(image.convert("RGBA"))
    return composed(rgba), bool((rgba[..., 3] < 255).any())


def squash(frame: np.ndarray, size: int) -> np.ndarray:
    """Frame (H, W, 3) uint8 -> (size, size, 3) uint8, aspect ratio not kept (official dynamic_preprocess, one tile)."""
    return np.asarray(Image.fromarray(frame).resize((size, size), Image.Resampling.BICUBIC))


def small_luma(rgb: np.ndarray, size: int) -> np.ndarray:
    """(H, W, 3) uint8 RGB -> (size, size) uint8 luma, squashed, averaged over the area of each new pixel."""
    grey = Image.fromarray(np.ascontiguousarray(rgb)).convert("L")
    return np.asarray(grey.resize((size, size), Image.Resampling.BOX))


def _eight_bits(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I;16"):
        return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    return image

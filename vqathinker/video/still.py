"""Still images, which are rated as static clips, and the reduction of a picture to small luma."""

from __future__ import annotations

import os

import numpy as np
from PIL import Image, ImageOps

from vqathinker.errors import VideoError
from vqathinker.video.guard import check_pixels
from vqathinker.video.spec import Limits

FORMATS = ("JPEG", "PNG", "WEBP", "BMP")


def read_image(path: str, limits: Limits) -> np.ndarray:
    """(H, W, 3) uint8 RGB, turned upright by its EXIF tag. Raises VideoError on damage or a refused size."""
    name = os.path.basename(path)
    Image.MAX_IMAGE_PIXELS = None  # our own limits are checked below, before anything is decoded
    try:
        with Image.open(path, formats=FORMATS) as image:
            check_pixels(name, *image.size, limits)
            image.load()
            upright = ImageOps.exif_transpose(image)
            if upright.mode.startswith("I;16"):
                upright = Image.fromarray((np.asarray(upright) >> 8).astype(np.uint8))
            return np.asarray(upright.convert("RGB"))
    except (OSError, ValueError, SyntaxError, EOFError):
        raise VideoError(f"{name} is damaged: it cannot be read as a picture.") from None


def small_luma(rgb: np.ndarray, size: int) -> np.ndarray:
    """(H, W, 3) uint8 RGB -> (size, size) uint8 luma, squashed, averaged over the area of each new pixel."""
    grey = Image.fromarray(rgb).convert("L")
    return np.asarray(grey.resize((size, size), Image.Resampling.BOX))

"""Contents by the thousand for defects: rated pictures that people liked, filmed by a moving camera.

Clean clips with a free licence are few, and what is learned on a hundred scenes is half a knowledge of these scenes.
Each liked picture of the start becomes one clean clip with its own human MOS, and one that is degraded by the very
codecs and filters that degrade the others (`plan`), from that MOS down.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from training.common.metrics import LIKED
from training.data import ffmpeg
from training.data.build.sources import Content, draw_some
from training.data.camera import FPS, Camera
from training.data.reasoning import GOOD_MOS

MOST_LIKED = 900
LIKED_SIDES = (480, 480, 480, 640)
"""Sides in pixels; those of the pictures are 512."""


def liked_contents(pictures: list[dict], seed: int) -> list[Content]:
    """At most `MOST_LIKED` of the rated pictures of the start that people liked, given the manifest rows of all."""
    fit = [row for row in pictures if row["split"] == "train" and row["mos"] >= GOOD_MOS]
    return [_content(row) for row in draw_some(fit, MOST_LIKED, seed, LIKED)]


def _content(row: dict) -> Content:
    return Content(
        path=row["path"],
        group=LIKED,
        content=row["content"],
        split=row["split"],
        width=row["facts"]["width"],
        height=row["facts"]["height"],
        licence=row["licence"],
        redistributable=row["redistributable"],
        mos=row["mos"],
    )


def film_picture(picture: Path, camera: Camera, side: int, target: Path) -> None:
    """Encode what a camera sees of a picture, in frames of side x side pixels."""
    with Image.open(picture) as image:
        pixels = image.convert("RGB")
    shots = [camera.shot(pixels, index, side, Image.Resampling.LANCZOS) for index in range(len(camera))]
    ffmpeg.encode_frames(np.stack(shots), FPS, target)

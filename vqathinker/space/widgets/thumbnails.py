"""The sampled frames as small pictures with labels: what a live rating, a recorded one and a saved page show alike."""

from __future__ import annotations

import base64
import io
from dataclasses import asdict, dataclass

import numpy as np
from PIL import Image

from ...video import Clip, VideoInfo, disorder

THUMBNAIL_WIDTH = 176
STILL_LABEL = "still image"


@dataclass(frozen=True)
class Film:
    """Facts about a video in one line, and its sampled frames: (data address of a JPEG, label) each."""

    facts: str
    cells: tuple[tuple[str, str], ...]

    @property
    def is_still(self) -> bool:
        return [label for _, label in self.cells] == [STILL_LABEL]

    @staticmethod
    def of(clip: Clip) -> Film:
        """Frames with their times in seconds; a still image once."""
        info = clip.info
        size = f"{info.width} × {info.height}"
        if info.is_still:
            return Film(size, ((thumbnail(clip.frames[0], info), STILL_LABEL),))
        cells = [(thumbnail(frame, info), f"{time:.2f} s") for frame, time in zip(clip.frames, clip.times, strict=True)]
        return Film(f"{size}, {info.fps:.4g} frames a second, {info.duration_s:.1f} s", tuple(cells))

    @staticmethod
    def disordered(clip: Clip, perturbation: str, seed: int = 0) -> Film:
        """Frames of a clip that was loaded with the timeline `disorder(perturbation, seed)`, with their numbers."""
        count = clip.info.num_frames
        shown = disorder(perturbation, seed)(count)
        cells = [
            (thumbnail(frame, clip.info), "black" if shown[place] < 0 else f"frame {shown[place] + 1}")
            for frame, place in zip(clip.frames, clip.indices, strict=True)
        ]
        moved = np.mean(shown != np.arange(count))
        return Film(f"{moved:.0%} of {count} frames are not where they were", tuple(cells))

    def to_dict(self) -> dict:
        return asdict(self)

    @staticmethod
    def from_dict(values: dict) -> Film:
        return Film(values["facts"], tuple((source, label) for source, label in values["cells"]))


def thumbnail(frame: np.ndarray, info: VideoInfo) -> str:
    """A small JPEG of a frame (H, W, 3) uint8, which may be squashed, in the shape of its film, as a data address."""
    scale = min(1.0, THUMBNAIL_WIDTH / max(info.width, info.height))
    shape = max(1, round(info.width * scale)), max(1, round(info.height * scale))
    picture = Image.fromarray(frame).resize(shape, Image.Resampling.BILINEAR, reducing_gap=2.0)
    stream = io.BytesIO()
    picture.save(stream, "JPEG", quality=76, optimize=True)
    return data_address(stream.getvalue())


def data_address(content: bytes, kind: str = "image/jpeg") -> str:
    return f"data:{kind};base64," + base64.b64encode(content).decode()

"""What is asked of a video, what is known about it, and what is read from it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vqathinker.protocols import DEFAULT_PROTOCOL, PROTOCOLS


@dataclass(frozen=True)
class VideoSpec:
    """How many frames a clip has, how long and how large the bursts around them are, and the protocol: a file is shown
    as a player shows it, or, under "released", in the official pixels, with which published figures were made.

    `side`: frames are squashed to `side` x `side`, as a model sees them; 0 leaves them in the size that is shown.

    `burst_length` 0 means no bursts. A burst frame is luma, squashed to `burst_size` x `burst_size`.
    """

    frames: int = 6
    burst_length: int = 8
    burst_size: int = 96
    protocol: str = DEFAULT_PROTOCOL
    side: int = 0

    def __post_init__(self) -> None:
        if self.frames < 1:
            raise ValueError(f"frames must be at least 1, not {self.frames}")
        if self.burst_length < 0:
            raise ValueError(f"burst_length must be 0 (no bursts) or more, not {self.burst_length}")
        if self.burst_size < 1:
            raise ValueError(f"burst_size must be at least 1, not {self.burst_size}")
        if self.side < 0:
            raise ValueError(f"side must be 0 (as shown) or more, not {self.side}")
        if self.protocol not in PROTOCOLS:
            raise ValueError(f"there is no protocol {self.protocol!r}; choose one of {', '.join(PROTOCOLS)}")


@dataclass(frozen=True)
class Limits:
    """What a file may cost before it is refused. Sides and areas are in pixels, memory and files in bytes; boxes are
    the parts of an MP4, of which a live recording has two for each frame."""

    max_bytes: int = 512 * 1024**2
    max_side: int = 8192
    max_pixels: int = 50_000_000
    min_side: int = 8
    max_memory: int = 8 * 1024**3
    max_boxes: int = 500_000


@dataclass(frozen=True)
class VideoInfo:
    """A video as it is shown: upright size in pixels, frames per second, seconds. A still image has fps 0."""

    width: int
    height: int
    fps: float
    num_frames: int
    duration_s: float
    is_still: bool


@dataclass(frozen=True)
class Clip:
    """The part of a video that a model looks at.

    frames: (N, H, W, 3) uint8 RGB, upright, in the size that is shown, or squashed to the side that was asked for
        (read-only where all are one picture).
    indices: N positions on the timeline: by the official rule, moved off black frames, titles and credits.
    times: N seconds from the first frame, by the timestamps of the file.
    bursts: (N, T, S, S) uint8 luma of consecutive frames around each index, within one shot, or None.
    decoder: what decoded it: "decord", "pyav" or "pillow".
    notes: what was done to the file, or is unusual, in words: "tone-mapped from HDR (PQ)".
    """

    frames: np.ndarray
    indices: tuple[int, ...]
    times: tuple[float, ...]
    bursts: np.ndarray | None
    info: VideoInfo
    decoder: str = ""
    notes: tuple[str, ...] = ()

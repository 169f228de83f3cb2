"""What is known of a film before its frames are decoded."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vqathinker.video.picture import View
from vqathinker.video.spec import Limits


@dataclass(frozen=True)
class Index:
    """One entry per shown frame, in the order of showing.

    times: seconds from the first frame. pts: timestamps in units of the stream, None where the file has none
    that can be trusted. keys: sorted pts of the frames where decoding can start. view: how decoded pictures are
    shown. stream: the number of the film in the file, place: it is which of how many videos. edited: an edit list
    hides frames. open_gop: frames are shown before the key frame that they are stored behind. resized: the size of the
    picture changes. layered: frames may refer to frames that are marked as no reference. notes: what is unusual.
    """

    times: np.ndarray
    pts: np.ndarray | None
    keys: np.ndarray
    view: View
    stream: int
    place: tuple[int, int]
    fps: float
    duration_s: float
    codec: str
    container: str
    edited: bool
    open_gop: bool
    resized: bool
    layered: bool
    limits: Limits
    notes: tuple[str, ...] = ()

    @property
    def num_frames(self) -> int:
        return len(self.times)

    @property
    def upright(self) -> tuple[int, int]:
        """(width, height) as shown."""
        return self.view.upright

    @property
    def seekable(self) -> bool:
        return self.pts is not None and self.container != "gif"

"""Frames that are in memory already, as a clip."""

from __future__ import annotations

import numpy as np

from vqathinker.video.sample import burst_window, frame_indices
from vqathinker.video.spec import Clip, VideoInfo, VideoSpec
from vqathinker.video.still import small_luma


def clip_of_frames(frames: np.ndarray, spec: VideoSpec, fps: float = 25.0) -> Clip:
    """All N frames of a video at `fps`, (N, H, W, 3) uint8 RGB, sampled as those of a file are; one is a still image.

    They are shown as they are: nothing is cropped, tone-mapped or passed over. Raises ValueError for other arrays.
    """
    frames = np.asarray(frames)
    if frames.ndim != 4 or frames.shape[-1] != 3 or frames.dtype != np.uint8 or not frames.size:
        raise ValueError(f"frames must be (N, H, W, 3) uint8, not {frames.shape} {frames.dtype}")
    if not 0 < fps <= 1000:
        raise ValueError(f"fps must be between 0 and 1000, not {fps}")
    count, height, width, _ = frames.shape
    still = count == 1
    indices = frame_indices(count, spec.frames)
    return Clip(
        frames=frames[indices],
        indices=tuple(indices),
        times=tuple(0.0 if still else index / fps for index in indices),
        bursts=_bursts(frames, indices, spec),
        info=VideoInfo(width, height, 0.0 if still else fps, count, 0.0 if still else count / fps, still),
        decoder="memory",
    )


def _bursts(frames: np.ndarray, indices: list[int], spec: VideoSpec) -> np.ndarray | None:
    if not spec.burst_length:
        return None
    windows = [burst_window(index, spec.burst_length, len(frames)) for index in indices]
    small = {index: small_luma(frames[index], spec.burst_size) for index in sorted({i for w in windows for i in w})}
    return np.stack([np.stack([small[index] for index in window]) for window in windows])

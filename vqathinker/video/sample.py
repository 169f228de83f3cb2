"""Which frames of a video are looked at."""

from __future__ import annotations

import numpy as np


def frame_indices(
    num_frames: int, segments: int, fps: float = 30.0, bound: tuple[float, float] | None = None
) -> list[int]:
    """Indices of `segments` evenly spaced frames; `bound` is (start, end) in seconds.

    The rule of the official loader (test/single_infer.py:get_index), accidents included: a bound beyond the
    end of the video gives indices beyond its end, and an fps of 0 gives only frame 0. Without a bound they
    lie in [0, num_frames - 1].
    """
    if num_frames < 1 or segments < 1:
        raise ValueError(f"cannot take {segments} frames out of {num_frames}")
    start_s, end_s = bound if bound is not None else (-1e5, 1e5)
    start, end = max(0, round(start_s * fps)), min(round(end_s * fps), num_frames - 1)
    step = (end - start) / segments
    return [int(start + step / 2 + np.round(step * k)) for k in range(segments)]


def burst_window(index: int, length: int, num_frames: int) -> list[int]:
    """`length` consecutive positions from index - length // 2 on, shifted to stay in the video.

    A video shorter than the window is walked back and forth, so that it does not look frozen.
    """
    if num_frames < 1 or not 0 <= index < num_frames:
        raise ValueError(f"frame {index} does not exist in a video of {num_frames} frames")
    if num_frames >= length:
        first = min(max(index - length // 2, 0), num_frames - length)
        return list(range(first, first + length))
    period = max(1, 2 * (num_frames - 1))
    return [min(k % period, period - k % period) if num_frames > 1 else 0 for k in range(length)]

"""When frames are shown, by time stamps that may jump."""

from __future__ import annotations

import numpy as np

JUMP_S = 10.0
"""A longer step is a jump of the clock where a container's clock may jump: the threshold of the ffmpeg program, too."""
JUMPY = {"mpegts", "mpeg"}
"""Broadcast containers, which are cut and joined without a look at their clocks."""
BROWSER_LEAST_S, BROWSER_INSTEAD_S = 0.011, 0.1
"""Animations of shorter steps are shown at ten frames a second by every browser."""


def elapsed(stamps: np.ndarray, container: str, instead: float) -> np.ndarray:
    """Seconds of N frames in the order of showing -> (N,) seconds since the first one.

    Steps back and, where the container's clock may jump, long steps forward count as one of median length, or as
    `instead` where there is no other step.
    """
    steps = np.diff(stamps)
    wrong = (steps <= 0) | ((steps > JUMP_S) & (container in JUMPY))
    usual = float(np.median(steps[~wrong])) if not wrong.all() else instead
    steps = np.where(wrong, usual, steps)
    if container == "gif":
        steps = browser_steps(steps)
    return np.concatenate([[0.0], np.cumsum(steps)])


def browser_steps(steps: np.ndarray) -> np.ndarray:
    """Seconds between the pictures of an animation, as browsers play them."""
    return np.where(steps < BROWSER_LEAST_S, BROWSER_INSTEAD_S, steps)


def runs_back(decoding: list[int | None], container: str) -> bool:
    """Whether the clock of decoding times, in the order of the file, ever steps back: two films were joined."""
    if container not in JUMPY:
        return False
    known = [stamp for stamp in decoding if stamp is not None]
    return any(later < earlier for earlier, later in zip(known, known[1:], strict=False))


def rate_of(times: np.ndarray, declared: float) -> dict[str, float]:
    """fps and duration by the timestamps; the declared rate where it agrees, as it is free of rounding."""
    fps, span = declared, float(times[-1])
    if len(times) > 1 and span > 0:
        measured = (len(times) - 1) / span
        fps = declared if abs(declared / measured - 1) < 0.02 else measured
    return {"fps": fps, "duration_s": span + (1 / fps if fps else 0.0)}

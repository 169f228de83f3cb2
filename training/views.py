"""How a cached sample is shown to the model in one step: flips, pans over authentic pictures, stated sizes.

Authentic pictures (LIVE-Challenge) were all rated at 500 pixels and never moved. Left like that, the model would read
their size and stillness as a name of the data set; so a share of them is shown as a slow pan, and a share with the size
of a common video, neither of which their raters could have seen or minded.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from vqathinker.model.processing import clip_facts, normalise
from vqathinker.video import VideoInfo

from .cache import Sample
from .config import SftSettings

COMMON_SIZES = ((854, 480), (960, 540), (1280, 720), (1920, 1080), (480, 854), (720, 1280))
PAN_RATE, PAN_SECONDS = 30.0, 2.0


@dataclass(frozen=True)
class View:
    """One showing of a sample: whether its frames are flipped, its bursts (F, T, s, s), facts (4,), manifest row."""

    flipped: bool
    bursts: np.ndarray
    facts: np.ndarray
    row: dict


def random_view(row: dict, sample: Sample, settings: SftSettings, rng: np.random.Generator) -> View:
    """A training view; the row's facts follow what is shown, so that the words do too."""
    flipped = bool(rng.random() < 0.5)
    bursts, facts, stated = sample.bursts, sample.facts, dict(row["facts"])
    if sample.pan_bursts is not None:
        pans, resized = rng.random() < settings.pan_share, rng.random() < settings.resize_share
        if pans:
            bursts = sample.pan_bursts
            stated |= {"fps": PAN_RATE, "num_frames": int(PAN_RATE * PAN_SECONDS), "duration_s": PAN_SECONDS}
        if resized:
            width, height = COMMON_SIZES[rng.integers(len(COMMON_SIZES))]
            stated |= {"width": width, "height": height}
        if pans or resized:
            facts = clip_facts(VideoInfo(**stated, is_still=not pans)).numpy()
    if flipped:
        bursts = bursts[..., ::-1]
    return View(flipped, bursts, facts, row | {"facts": stated})


def plain_view(row: dict, sample: Sample) -> View:
    """The sample as it is, for validation."""
    return View(False, sample.bursts, sample.facts, row)


def motion_tensors(views: list[View]) -> tuple[torch.Tensor, torch.Tensor]:
    """Views -> motion_values (B, F, T, s, s) in [0, 1] and clip_facts (B, 4)."""
    bursts = np.stack([view.bursts for view in views])
    return torch.from_numpy(bursts).float().div_(255), torch.from_numpy(np.stack([view.facts for view in views]))


def picture_tensor(frames: list[np.ndarray], flipped: list[bool], mean: list[float], std: list[float]) -> torch.Tensor:
    """One frame (S, S, 3) uint8 of each sample -> (B, 1, 3, S, S), normalised."""
    shown = [frame[:, ::-1] if flip else frame for frame, flip in zip(frames, flipped, strict=True)]
    return normalise(np.stack(shown), mean, std).unsqueeze(1)

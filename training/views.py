"""How a cached sample is shown to the model in one step: flips, pans over pictures, stated sizes, new defects.

Authentic pictures (LIVE-Challenge) were all rated at 500 pixels and never moved. Left like that, the model would read
their size and stillness as a name of the data set; so a share of them is shown as a slow pan, and a share with the size
of a common video, neither of which their raters could have seen or minded. Degraded clips, and perhaps pictures that
people liked, are made worse in new ways (training/vary.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from vqathinker.model.processing import clip_facts
from vqathinker.video import VideoInfo
from vqathinker.video.perturb import BLACK

from .cache import PAN_RATE, PAN_SECONDS, Sample, bursts_of
from .config import SftSettings
from .vary import Tone, retouched, worsen

GOOD_MOS = 3.8
COMMON_SIZES = ((854, 480), (960, 540), (1280, 720), (1920, 1080), (480, 854), (720, 1280))


@dataclass(frozen=True)
class View:
    """One showing of a sample: the manifest row with labels and facts that follow it, whether it is mirrored, the
    cached frame at each sampled place (-1: black), the change of its pixels, its film (N, s, s), facts (4,)."""

    row: dict
    flipped: bool
    picks: tuple[int, ...]
    tone: Tone | None
    film: np.ndarray
    facts: np.ndarray

    def frame(self, sample: Sample, place: int) -> np.ndarray:
        """The frame (S, S, 3) uint8 at a sampled place."""
        if self.picks[place] == BLACK:
            return np.zeros_like(sample.frames[0])
        frame = sample.frames[self.picks[place]]
        frame = self.tone(frame) if self.tone else frame
        return frame[:, ::-1] if self.flipped else frame


def random_view(row: dict, sample: Sample, settings: SftSettings, rng: np.random.Generator) -> View:
    """A training view; the row's labels and facts follow what is shown, so that the words do too."""
    flipped = bool(rng.random() < 0.5)
    if row["kind"] == "pseudo":
        worse = worsen(row, sample, settings.tone_share, settings.time_share, rng)
        film = worse.film[..., ::-1] if flipped else worse.film
        return View(worse.row, flipped, worse.picks, worse.tone, film, sample.facts)
    film, facts, stated = sample.film, sample.facts, dict(row["facts"])
    if sample.pan is not None:
        pans, resized = rng.random() < settings.pan_share, rng.random() < settings.resize_share
        if pans:
            film = sample.pan
            stated |= {"fps": PAN_RATE, "num_frames": len(film), "duration_s": PAN_SECONDS}
        if resized:
            width, height = COMMON_SIZES[rng.integers(len(COMMON_SIZES))]
            stated |= {"width": width, "height": height}
        if pans or resized:
            facts = clip_facts(VideoInfo(**stated, is_still=not pans)).numpy()
    shown, tone = row | {"facts": stated}, None
    if sample.pan is not None and row["mos"] >= GOOD_MOS and rng.random() < settings.retouch_share:
        worse = retouched(shown, sample, film, rng)
        shown, tone, film = worse.row, worse.tone, worse.film
    film = film[..., ::-1] if flipped else film
    return View(shown, flipped, tuple(range(len(sample.frames))), tone, film, facts)


def plain_view(row: dict, sample: Sample) -> View:
    """The sample as it is, for validation."""
    return View(row, False, tuple(range(len(sample.frames))), None, sample.film, sample.facts)


def motion_tensors(views: list[View], settings: SftSettings) -> tuple[torch.Tensor, torch.Tensor]:
    """Views -> bursts (B, F, T, s, s) uint8, of which `motion_values` makes what the model takes, and facts (B, 4)."""
    frames, length = settings.model.frames, settings.model.burst_length
    bursts = np.stack([bursts_of(view.film, frames, length) for view in views])
    return torch.from_numpy(bursts), torch.from_numpy(np.stack([view.facts for view in views]))

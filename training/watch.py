"""What the frozen tower and motion encoder make of views, computed once and kept."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch

from vqathinker.model.modeling import VQAThinkerForConditionalGeneration
from vqathinker.model.processing import VQAThinkerProcessor, normalise

from .cache import Sample
from .config import SftSettings
from .views import View, motion_tensors


@dataclass(frozen=True)
class Seen:
    """One view: which pictures of the bank stand at its places (F,), burst moments (M,), facts (4,), and the manifest
    row with the labels of what was shown."""

    places: torch.Tensor
    moments: torch.Tensor
    facts: torch.Tensor
    row: dict


class Watcher:
    """Turns cached samples into what the frozen tower and motion encoder make of them.

    `bank` (pictures, tokens, D), half precision, holds the tokens of every picture that some view shows, once; it is
    allocated at the start, so that thousands of small tensors do not leave holes in memory.
    """

    def __init__(
        self,
        model: VQAThinkerForConditionalGeneration,
        processor: VQAThinkerProcessor,
        settings: SftSettings,
        capacity: int,
    ):
        self.body, self.processor, self.settings = model.model, processor, settings
        vision = model.config.vision_config
        self.bank = torch.empty(capacity + 1, vision.tokens_per_frame, vision.hidden_size, dtype=torch.half)
        self.used = 0
        size = settings.model.image_size
        self.black = self.store(np.zeros((1, size, size, 3), np.uint8))

    @torch.inference_mode()
    def store(self, frames: np.ndarray) -> torch.Tensor:
        """Look at frames (F, S, S, 3) uint8; their places (F,) in the bank."""
        pixels = normalise(frames, self.processor.image_mean, self.processor.image_std)[None]
        places = torch.arange(self.used, self.used + len(frames))
        with torch.autocast("cpu", dtype=torch.bfloat16):
            self.bank[places] = self.body.vision_tokens(pixels)[0].half()
        self.used += len(frames)
        return places

    @torch.inference_mode()
    def moments(self, view: View) -> torch.Tensor:
        return self.body.motion_encoder.burst_moments(motion_tensors([view], self.settings)[0])[0]

    def watch(self, sample: Sample, views: list[View]) -> list[Seen]:
        """One Seen for each view. A clip that keeps its pixels keeps its tokens, mirrored or not."""
        frames, still = self.settings.model.frames, len(sample.frames) == 1
        shown = np.concatenate([sample.frames, sample.frames[:, :, ::-1]]) if still else sample.frames
        own = torch.cat([self.store(shown), self.black])

        def places_of(view: View) -> torch.Tensor:
            if still:
                return own[int(view.flipped)].expand(frames)
            if view.tone is None:
                return own[list(view.picks)]
            return self.store(np.stack([view.frame(sample, place) for place in range(frames)]))

        return [Seen(places_of(v), self.moments(v), torch.from_numpy(v.facts.copy()), v.row) for v in views]

    def standardise(self, first: list[Seen], every: list[list[Seen]]) -> list[list[Seen]]:
        """Fit the scales of tokens and moments on the first views of the training samples; `every` view in them."""
        tokens, moments = self.body.vision_tower.standardise, self.body.motion_encoder.standardise
        tokens.fit(torch.cat([self.bank[seen.places[::3]].flatten(0, 1).float() for seen in first]))
        moments.fit(torch.stack([seen.moments for seen in first]))
        for start in range(0, self.used, 512):
            part = self.bank[start : min(start + 512, self.used)]
            part.copy_(tokens(part.float()))
        return [[replace(seen, moments=moments(seen.moments)) for seen in views] for views in every]

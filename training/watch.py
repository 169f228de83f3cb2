"""What the frozen tower and motion encoder make of views, computed once and kept."""

from __future__ import annotations

import hashlib
import json
import zlib
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from vqathinker.model.modeling import VQAThinkerForConditionalGeneration
from vqathinker.model.processing import VQAThinkerProcessor, normalise

from .cache import Sample, read_sample
from .config import SftSettings
from .state import save_atomically
from .views import View, motion_tensors, plain_view, random_view


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
        self.bank = torch.empty(capacity + 1, model.config.image_seq_length, model.config.token_size, dtype=torch.half)
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

    def state(self) -> dict:
        return {"bank": self.bank[: self.used].clone(), "used": self.used}

    def load_state(self, state: dict) -> None:
        self.used = state["used"]
        self.bank[: self.used] = state["bank"]


def watch_all(watcher: Watcher, rows: list[dict], cache: Path, path: Path) -> list[list[Seen]]:
    """Views of all rows, the first of each as it is; kept in `path`, and read from there when nothing changed that
    they depend on."""
    settings = watcher.settings
    mark = fingerprint(watcher, rows)
    if path.exists() and (state := torch.load(path, weights_only=True, mmap=True))["mark"] == mark:
        watcher.load_state(state)
        return [[Seen(**view) for view in views] for views in state["seen"]]
    seen = []
    for row in tqdm(rows, desc="features", mininterval=10):
        sample = read_sample(cache, row)
        rng = np.random.default_rng([settings.seed, 5, zlib.crc32(row["id"].encode())])
        more = settings.speak.views - 1 if row["split"] == "train" else 0
        views = [plain_view(row, sample), *(random_view(row, sample, settings, rng) for _ in range(more))]
        seen.append(watcher.watch(sample, views))
    kept = [[vars(view) for view in views] for views in seen]
    save_atomically(watcher.state() | {"mark": mark, "seen": kept}, path)
    return seen


def fingerprint(watcher: Watcher, rows: list[dict]) -> str:
    """Of weights, settings and samples."""
    digest = hashlib.sha256()
    for module in (watcher.body.vision_tower, watcher.body.motion_encoder):
        for key, tensor in module.state_dict().items():
            if not key.startswith("facts."):
                digest.update(key.encode() + tensor.numpy().tobytes())
    settings = asdict(watcher.settings)
    shown = {name: value for name, value in settings.items() if name not in ("see", "move", "speak")}
    text = json.dumps([shown, watcher.settings.speak.views, rows], sort_keys=True)
    return digest.hexdigest() + hashlib.sha256(text.encode()).hexdigest()

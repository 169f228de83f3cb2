"""What the frozen tower and motion encoder make of views, computed once and kept, some samples at a time."""

from __future__ import annotations

import hashlib
import json
import zlib
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from vqathinker.model.modeling import VQAThinkerForConditionalGeneration
from vqathinker.model.processing import VQAThinkerProcessor, motion_values, normalise

from .ahead import made_ahead
from .cache import Sample, read_sample
from .config import SftSettings
from .precision import quick_autocast
from .state import save_atomically
from .views import View, motion_tensors, plain_view, random_view

TOGETHER = 32
"""Pictures that the tower looks at in one pass."""
PART = 256
"""Samples whose views are kept in one file: what a run that is stopped loses at most."""


@dataclass(frozen=True)
class Seen:
    """One view: which pictures of the bank stand at its places (F,), burst moments (M,), facts (4,), and the manifest
    row with the labels of what was shown."""

    places: torch.Tensor
    moments: torch.Tensor
    facts: torch.Tensor
    row: dict


@dataclass(frozen=True)
class Views:
    """Views of one sample: their pictures (P, S, S, 3) uint8, each once; which of them stands at each place of a view
    (V, F), -1 for black; bursts (V, F, T, s, s) uint8, facts (V, 4) and rows."""

    pictures: torch.Tensor
    places: torch.Tensor
    bursts: torch.Tensor
    facts: torch.Tensor
    rows: list[dict]


def gathered(sample: Sample, views: list[View], settings: SftSettings) -> Views:
    """A clip that keeps its pixels keeps its pictures, mirrored or not; a still one has two, as it is and mirrored."""
    frames, still = settings.model.frames, len(sample.frames) == 1
    own = np.concatenate([sample.frames, sample.frames[:, :, ::-1]]) if still else sample.frames
    pictures, places, used = [own], [], len(own)
    for view in views:
        if view.tone is not None:
            shown = range(1 if still else frames)
            pictures.append(np.stack([view.frame(sample, place) for place in shown]))
            places.append([used + place for place in shown] * (frames if still else 1))
            used += len(shown)
        else:
            places.append([int(view.flipped)] * frames if still else list(view.picks))
    bursts, facts = motion_tensors(views, settings)
    pixels = torch.from_numpy(np.concatenate(pictures))
    return Views(pixels, torch.tensor(places), bursts, facts, [view.row for view in views])


class Watcher:
    """Turns views into what the frozen tower and motion encoder make of them.

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
        self.body, self.processor, self.settings, self.device = model.model, processor, settings, model.device
        shape = (capacity + 1, model.config.image_seq_length, model.config.token_size)
        self.bank = torch.empty(shape, dtype=torch.half, device=self.device)
        self.used = 0
        size = settings.model.image_size
        self.black = self.store(torch.zeros(1, size, size, 3, dtype=torch.uint8))

    @torch.inference_mode()
    def store(self, pictures: torch.Tensor) -> torch.Tensor:
        """Look at pictures (P, S, S, 3) uint8; their places (P,) in the bank."""
        places = torch.arange(self.used, self.used + len(pictures))
        for part, there in zip(pictures.split(TOGETHER), places.split(TOGETHER), strict=True):
            pixels = normalise(part.to(self.device), self.processor.image_mean, self.processor.image_std)[None]
            with quick_autocast(self.device):
                self.bank[there.to(self.device)] = self.body.vision_tokens(pixels)[0].half()
        self.used += len(pictures)
        return places

    @torch.inference_mode()
    def watch(self, views: Views) -> list[Seen]:
        """One Seen for each view."""
        stored = torch.cat([self.store(views.pictures), self.black])
        bursts = motion_values(views.bursts.to(self.device))
        moments = self.body.motion_encoder.burst_moments(bursts).cpu()
        parts = zip(stored[views.places], moments, views.facts, views.rows, strict=True)
        return [Seen(places.clone(), one.clone(), facts.clone(), row) for places, one, facts, row in parts]

    def restore(self, tokens: torch.Tensor) -> None:
        """Put tokens (pictures, tokens, D) that were stored before behind those of the bank."""
        self.bank[self.used : self.used + len(tokens)] = tokens
        self.used += len(tokens)


def watch_all(watcher: Watcher, rows: list[dict], cache: Path, folder: Path, workers: int = 0) -> list[list[Seen]]:
    """Views of all rows, the first of each as it is; kept in `folder`, and read from there when nothing changed that
    they depend on. A run that was stopped goes on behind the last whole file."""
    settings = watcher.settings
    mark, seen = fingerprint(watcher, rows), []

    def part() -> Path:
        return folder / f"{len(seen):06}.pt"

    while part().exists() and (state := torch.load(part(), weights_only=True, mmap=True))["mark"] == mark:
        watcher.restore(state["tokens"])
        seen += unpacked(state["seen"])

    def views_of(row: dict) -> Views:
        sample = read_sample(cache, row)
        rng = np.random.default_rng([settings.seed, 5, zlib.crc32(row["id"].encode())])
        more = settings.speak.views - 1 if row["split"] == "train" else 0
        views = [plain_view(row, sample), *(random_view(row, sample, settings, rng) for _ in range(more))]
        return gathered(sample, views, settings)

    made = made_ahead(views_of, rows[len(seen) :], workers)
    shown = iter(tqdm(made, initial=len(seen), total=len(rows), desc="features", mininterval=10))
    while len(seen) < len(rows):
        first = watcher.used
        new = [watcher.watch(views) for views in islice(shown, PART)]
        tokens = watcher.bank[first : watcher.used].to("cpu", copy=True)
        save_atomically({"mark": mark, "tokens": tokens, "seen": packed(new)}, part())
        seen += new
    return seen


def packed(seen: list[list[Seen]]) -> dict:
    """The views of all samples as a few large tensors: files of many small ones are slow."""
    flat = [view for views in seen for view in views]
    tensors = {name: torch.stack([getattr(view, name) for view in flat]) for name in ("places", "moments", "facts")}
    return tensors | {"rows": [view.row for view in flat], "counts": [len(views) for views in seen]}


def unpacked(state: dict) -> list[list[Seen]]:
    """What `packed` packed."""
    flat = iter([Seen(*parts) for parts in zip(*map(state.get, ("places", "moments", "facts", "rows")), strict=True)])
    return [list(islice(flat, count)) for count in state["counts"]]


def fingerprint(watcher: Watcher, rows: list[dict]) -> str:
    """Of weights, settings and samples."""
    digest = hashlib.sha256()
    for module in (watcher.body.vision_tower, watcher.body.motion_encoder):
        for key, tensor in module.state_dict().items():
            if not key.startswith("facts."):
                digest.update(key.encode() + tensor.cpu().numpy().tobytes())
    settings = asdict(watcher.settings)
    shown = {name: value for name, value in settings.items() if name not in ("see", "move", "speak")}
    text = json.dumps([shown, watcher.settings.speak.views, rows], sort_keys=True)
    return digest.hexdigest() + hashlib.sha256(text.encode()).hexdigest()

"""What the frozen tower and motion encoder make of views, computed once and kept, some samples at a time."""

from __future__ import annotations

import copy
import hashlib
import json
import zlib
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from vqathinker.model.modeling import VQAThinkerForConditionalGeneration, VQAThinkerModel
from vqathinker.model.processing import VQAThinkerProcessor, motion_values, normalise
from vqathinker.video.perturb import BLACK

from ..common.io import save_atomically
from ..common.precision import quick_autocast
from ..common.prefetch import made_ahead
from ..data.appearance import appearance
from .cache import Still, read_sample
from .config import STAGES, SftSettings
from .views import CLIP, SampleView, motion_tensors, plain_view, random_view

SEEN_AT_ONCE = 32
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


def mirrors_pictures(view: SampleView) -> bool:
    """Whether the tower sees the pictures of a view mirrored; those of a clip as it is are looked at once."""
    return view.flipped and view.key != CLIP


def with_appearance(view: SampleView) -> SampleView:
    """The view with words in its row for what its middle picture looks like."""
    middle = view.picture(view.pictures // 2)
    middle = middle[:, ::-1] if mirrors_pictures(view) else middle
    return replace(view, row=view.row | {"appearance": appearance(middle).to_dict()})


def gathered(views: list[SampleView], settings: SftSettings) -> Views:
    """The pictures of all views, those that several views show once; mirrored ones of a clip count as the same."""
    pictures, places, first, used = [], [], {}, 0
    for view in views:
        start = first.get(view.key)
        if start is None:
            start, own = used, [view.picture(number) for number in range(view.pictures)]
            pictures += [picture[:, ::-1] for picture in own] if mirrors_pictures(view) else own
            used += len(own)
            if view.key is not None:
                first[view.key] = start
        places.append([BLACK if place == BLACK else start + place for place in view.places])
    bursts, facts = motion_tensors(views, settings)
    pixels = torch.from_numpy(np.stack(pictures))
    return Views(pixels, torch.tensor(places), bursts, facts, [view.row for view in views])


def with_quick_tower(body: VQAThinkerModel) -> VQAThinkerModel:
    """The same model with a copy of its tower whose batch norms are folded: a fifth quicker, for looking only."""
    quick = copy.copy(body)
    tower = copy.deepcopy(body.vision_tower).eval().fold_batch_norm().to(memory_format=torch.channels_last)
    quick._modules = {**body._modules, "vision_tower": tower}
    return quick


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
        self.eyes = with_quick_tower(model.model)
        shape = (capacity + 1, model.config.image_seq_length, model.config.token_size)
        self.bank = torch.empty(shape, dtype=torch.half, device=self.device)
        self.used = 0
        size = settings.model.image_size
        self.black = self.store(torch.zeros(1, size, size, 3, dtype=torch.uint8))

    @torch.inference_mode()
    def store(self, pictures: torch.Tensor) -> torch.Tensor:
        """Look at pictures (P, S, S, 3) uint8; their places (P,) in the bank."""
        places = torch.arange(self.used, self.used + len(pictures))
        for part, there in zip(pictures.split(SEEN_AT_ONCE), places.split(SEEN_AT_ONCE), strict=True):
            pixels = normalise(part.to(self.device), self.processor.image_mean, self.processor.image_std)[None]
            with quick_autocast(self.device):
                self.bank[there.to(self.device)] = self.eyes.vision_tokens(pixels)[0].half()
        self.used += len(pictures)
        return places

    @torch.inference_mode()
    def watch(self, views: Views) -> list[Seen]:
        """One Seen for each view."""
        stored = torch.cat([self.store(views.pictures), self.black])
        taken = {"motion_values": motion_values(views.bursts.to(self.device)), "clip_facts": views.facts}
        moments = self.body.motion_encoder.frozen(taken)["burst_moments"].cpu()
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
    mark, seen = views_hash(watcher, rows), []

    def part() -> Path:
        return folder / f"{len(seen):06}.pt"

    while part().exists() and (state := torch.load(part(), weights_only=True, mmap=True))["mark"] == mark:
        watcher.restore(state["tokens"])
        seen += unpacked(state["seen"])

    def views_of(row: dict) -> Views:
        sample = read_sample(cache, row)
        rng = np.random.default_rng([settings.seed, 5, zlib.crc32(row["id"].encode())])
        wanted = settings.language.picture_views if isinstance(sample, Still) else settings.language.views
        more = wanted - 1 if row["split"] == "train" else 0
        views = [plain_view(row, sample, settings), *(random_view(row, sample, settings, rng) for _ in range(more))]
        return gathered([with_appearance(view) for view in views], settings)

    made = made_ahead(views_of, rows[len(seen) :], workers)
    shown = iter(tqdm(made, initial=len(seen), total=len(rows), desc="features", mininterval=10))
    while len(seen) < len(rows):
        first = watcher.used
        new = [watcher.watch(views) for views in islice(shown, PART)]
        tokens = watcher.bank[first : watcher.used].to("cpu", copy=True)
        save_atomically({"mark": mark, "tokens": tokens, "seen": packed_views(new)}, part())
        seen += new
    return seen


def packed_views(seen: list[list[Seen]]) -> dict:
    """The views of all samples as a few large tensors: files of many small ones are slow."""
    flat = [view for views in seen for view in views]
    tensors = {name: torch.stack([getattr(view, name) for view in flat]) for name in ("places", "moments", "facts")}
    return tensors | {"rows": [view.row for view in flat], "counts": [len(views) for views in seen]}


def unpacked(state: dict) -> list[list[Seen]]:
    """What `packed_views` packed."""
    flat = iter([Seen(*parts) for parts in zip(*map(state.get, ("places", "moments", "facts", "rows")), strict=True)])
    return [list(islice(flat, count)) for count in state["counts"]]


def views_hash(watcher: Watcher, rows: list[dict]) -> str:
    """Of weights, settings and samples."""
    digest = hashlib.sha256()
    for state in (watcher.body.vision_tower.state_dict(), watcher.body.motion_encoder.frozen_state()):
        for key, tensor in state.items():
            digest.update(key.encode() + tensor.cpu().numpy().tobytes())
    settings = asdict(watcher.settings)
    shown = {name: value for name, value in settings.items() if name not in STAGES}
    language = watcher.settings.language
    text = json.dumps([shown, language.views, language.picture_views, rows], sort_keys=True)
    return digest.hexdigest() + hashlib.sha256(text.encode()).hexdigest()

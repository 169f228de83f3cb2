"""Between seeing and speaking: the motion encoder learns motion, on bursts alone.

It is small, and what it has to tell apart (freezes, judder, disorder, shake, broken frames) does not depend on sharp
pictures, so it gets many more steps than the tower can afford, and most of the clips it sees are broken in a new way
(training/sft/augment.py). Pictures that people liked, filmed by a moving camera (training/data/camera.py), show it
thousands of contents that move as they should. Brightness is varied. Loss: binary cross-entropy on the severities of
the temporal defects, read by a throw-away head."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from vqathinker.model.modeling import VQAThinkerForConditionalGeneration
from vqathinker.model.processing import motion_values
from vqathinker.rating.defect_patterns import MOTION_DEFECTS
from vqathinker.rating.defects import DEFECTS

from ..common.prefetch import workers_for
from ..common.schedule import Stage, run_stage
from ..common.spread import spread
from ..data.reasoning import is_liked
from .cache import Sample, Still, read_sample
from .config import SftSettings
from .views import filmed, filmed_row, motion_tensors, plain_view, random_view
from .vision import HEAD_SIZE, severity_targets

MOTION_DEFECT_INDICES = tuple(DEFECTS.index(name) for name in MOTION_DEFECTS)


def gains(count: int, rng: np.random.Generator) -> torch.Tensor:
    """Factors (count,) that make clips up to 30% darker or brighter."""
    return torch.from_numpy(rng.uniform(0.7, 1.3, count)).float()


def varied(bursts: torch.Tensor, factors: torch.Tensor) -> torch.Tensor:
    """Bursts (B, F, T, s, s) in [0, 1], each clip as much brighter as its factor (B,) says."""
    return (bursts * factors.view(-1, 1, 1, 1, 1)).clamp_max(1)


@dataclass(frozen=True)
class Bursts:
    """Bursts (B, F, T, s, s) uint8, facts (B, 4), factors of brightness (B,), rows with the labels of what is shown."""

    values: torch.Tensor
    facts: torch.Tensor
    factors: torch.Tensor
    rows: list[dict]


class Mover:
    """Motion encoder, head and the films of the degraded clips."""

    def __init__(
        self,
        model: VQAThinkerForConditionalGeneration,
        rows: dict[str, list[dict]],
        cache: Path,
        settings: SftSettings,
    ):
        self.encoder, self.device = model.model.motion_encoder, model.device
        self.settings = replace(settings, time_share=settings.motion.time_share)
        self.head = nn.Sequential(
            nn.Linear(self.encoder.config.hidden_size, HEAD_SIZE),
            nn.GELU(),
            nn.Linear(HEAD_SIZE, len(MOTION_DEFECT_INDICES)),
        ).to(self.device)
        self.rows = {split: [row for row in part if row["kind"] == "pseudo"] for split, part in rows.items()}
        liked = [row for row in rows["train"] if is_liked(row)]
        self.rows["train"] += [filmed_row(row) for row in spread(liked, settings.motion.filmed)]
        self.cache, self.samples = cache, {}

    def sample(self, row: dict) -> Sample:
        """A sample with its film and small frames, read when it is first met and kept."""
        if row["id"] not in self.samples:
            whole = read_sample(self.cache, row)
            if isinstance(whole, Still):
                rng = np.random.default_rng([self.settings.seed, 6, zlib.crc32(row["id"].encode())])
                whole = filmed(row, whole, self.settings, rng)
            self.samples[row["id"]] = replace(whole, frames=whole.frames[:, ::8, ::8].copy())
        return self.samples[row["id"]]

    def prepare(self, rows: list[dict], rng: np.random.Generator | None) -> Bursts:
        """The samples as they are; with a generator, random views."""
        views = [
            random_view(row, self.sample(row), self.settings, rng)
            if rng
            else plain_view(row, self.sample(row), self.settings)
            for row in rows
        ]
        factors = gains(len(rows), rng) if rng else torch.ones(len(rows))
        return Bursts(*motion_tensors(views, self.settings), factors, [view.row for view in views])

    def logits(self, shown: Bursts) -> torch.Tensor:
        """(B, 5) logits of the temporal defects."""
        bursts, facts, factors = (part.to(self.device) for part in (shown.values, shown.facts, shown.factors))
        return self.head(self.encoder({"motion_values": varied(motion_values(bursts), factors), "clip_facts": facts}))

    def loss(self, shown: Bursts) -> tuple[torch.Tensor, dict]:
        targets = severity_targets(shown.rows)[:, MOTION_DEFECT_INDICES].to(self.device)
        return F.binary_cross_entropy_with_logits(self.logits(shown), targets), {}

    @torch.inference_mode()
    def evaluate(self) -> dict[str, float]:
        """F1 of each temporal defect on the validation samples."""
        rows = self.rows["val"]
        if not rows:
            return {}
        shown = (self.prepare(rows[i : i + 64], None) for i in range(0, len(rows), 64))
        named = torch.cat([self.logits(part) for part in shown]).cpu() > 0
        truth = severity_targets(rows)[:, MOTION_DEFECT_INDICES] > 0
        f1 = 2 * (truth & named).sum(0) / (truth.sum(0) + named.sum(0)).clamp_min(1)
        return {DEFECTS[index]: float(value) for index, value in zip(MOTION_DEFECT_INDICES, f1, strict=True)}


def train_to_move(
    model: VQAThinkerForConditionalGeneration,
    rows: dict[str, list[dict]],
    cache: Path,
    run: Path,
    settings: SftSettings,
    report: Callable[[str], None] = print,
    jobs: int = 2,
) -> None:
    """Train the motion encoder in place; `run` receives the log and the resume state."""
    torch.manual_seed(settings.seed)
    mover, motion = Mover(model, rows, cache, settings), settings.motion
    params = [*mover.encoder.parameters(), *mover.head.parameters()]
    stage = Stage(
        name="motion",
        number=2,
        rows=mover.rows["train"],
        lengths=motion,
        every=4,
        task=mover,
        modules={"encoder": mover.encoder, "head": mover.head},
        optimizers=[torch.optim.AdamW(params, motion.lr, weight_decay=motion.weight_decay)],
        evaluate=mover.evaluate,
    )
    run_stage(stage, run, settings.seed, report, workers_for(model.device, jobs))

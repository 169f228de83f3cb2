"""Between seeing and speaking: the motion encoder learns motion, on bursts alone.

It is small, and what it has to tell apart (freezes, judder, disorder, shake, broken frames) does not depend on sharp
pictures, so it gets many more steps than the tower can afford. Bursts are mirrored and their brightness is varied.
Loss: binary cross-entropy on the severities of the temporal defects, read by a throw-away head.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from vqathinker.model.modeling import VQAThinkerForConditionalGeneration
from vqathinker.rating.defects import DEFECTS

from .cache import Sample, read_sample
from .config import SftSettings
from .schedule import Stepper, epoch_order
from .see import HEAD_SIZE, severity_targets
from .state import append_jsonl

TEMPORAL = tuple(DEFECTS.index(name) for name in ("freeze", "low_frame_rate", "disorder", "shake", "corruption"))


def varied(bursts: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Bursts (F, T, s, s) uint8, perhaps mirrored, up to 30% darker or brighter."""
    shown = bursts[..., ::-1] if rng.random() < 0.5 else bursts
    return np.clip(shown * rng.uniform(0.7, 1.3), 0, 255).astype(np.uint8)


class Mover:
    """Motion encoder, head and the bursts of the pseudo-labelled samples."""

    def __init__(self, model: VQAThinkerForConditionalGeneration, rows: dict[str, list[dict]], cache: Path):
        self.encoder = model.model.motion_encoder
        self.head = nn.Sequential(
            nn.Linear(self.encoder.config.hidden_size, HEAD_SIZE), nn.GELU(), nn.Linear(HEAD_SIZE, len(TEMPORAL))
        )
        self.rows = {split: [row for row in part if row["kind"] == "pseudo"] for split, part in rows.items()}
        samples = {row["id"]: read_sample(cache, row) for part in self.rows.values() for row in part}
        self.samples = {key: Sample(s.frames[:0].copy(), s.bursts, s.facts, None) for key, s in samples.items()}

    def logits(self, rows: list[dict], rng: np.random.Generator | None) -> torch.Tensor:
        """(B, 5) logits of the temporal defects; with a generator, of varied bursts."""
        samples = [self.samples[row["id"]] for row in rows]
        bursts = np.stack([varied(s.bursts, rng) if rng else s.bursts for s in samples])
        facts = torch.from_numpy(np.stack([s.facts for s in samples]))
        return self.head(self.encoder(torch.from_numpy(bursts).float().div_(255), facts))

    @torch.inference_mode()
    def evaluate(self) -> dict[str, float]:
        """F1 of each temporal defect on the validation samples."""
        rows = self.rows["val"]
        if not rows:
            return {}
        named = torch.cat([self.logits(rows[i : i + 64], None) for i in range(0, len(rows), 64)]) > 0
        truth = severity_targets(rows)[:, TEMPORAL] > 0
        f1 = 2 * (truth & named).sum(0) / (truth.sum(0) + named.sum(0)).clamp_min(1)
        return {DEFECTS[index]: float(value) for index, value in zip(TEMPORAL, f1, strict=True)}


def train_to_move(
    model: VQAThinkerForConditionalGeneration,
    rows: dict[str, list[dict]],
    cache: Path,
    run: Path,
    settings: SftSettings,
    report: Callable[[str], None] = print,
) -> None:
    """Train the motion encoder in place; `run` receives the log and the resume state."""
    torch.manual_seed(settings.seed)
    mover, move = Mover(model, rows, cache), settings.move
    train = mover.rows["train"]
    steps = -(-len(train) // move.batch_size)
    params = [*mover.encoder.parameters(), *mover.head.parameters()]
    optimizer = torch.optim.AdamW(params, move.lr, weight_decay=move.weight_decay)
    modules = {"encoder": mover.encoder, "head": mover.head}
    stepper = Stepper(modules, optimizer, move.epochs * steps, move.warmup, run / "move.pt")
    for step in stepper.remaining():
        epoch, batch = divmod(step, steps)
        began = time.perf_counter()
        chosen = epoch_order(len(train), settings.seed + 2, epoch)[batch * move.batch_size :][: move.batch_size]
        shown = [train[i] for i in chosen]
        logits = mover.logits(shown, np.random.default_rng([settings.seed, 2, step]))
        loss = F.binary_cross_entropy_with_logits(logits, severity_targets(shown)[:, TEMPORAL])
        stepper.update(loss)
        row = {"stage": "move", "step": step + 1, "loss": loss.item(), "s": time.perf_counter() - began}
        last = batch == steps - 1
        if last and (epoch % 4 == 3 or epoch == move.epochs - 1):
            row |= {"validation": mover.evaluate()}
            stepper.save(step + 1)
        if last or step % 10 == 0:
            append_jsonl(run / "log.jsonl", row)
            report(str(row))

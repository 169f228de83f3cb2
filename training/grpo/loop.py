"""The loop of a GRPO run: its samples step by step, validation, logs and saves."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from accelerate.utils import gather_object
from torch import nn

from vqathinker.errors import VQAThinkerError

from ..common.atomic import whole
from ..common.schedule import warm_cosine
from ..data.datasets import Item
from ..policy.features import Decoded, Stored, stacked
from ..policy.policy import see
from .checkpoint import LOG, PROBES, log_row, resume, save_state
from .config import GrpoSettings
from .sampler import make_plan, twin_choices
from .step import Batch, Learner, train_step, writing
from .validate import Probes, Validation

SPARE = 50
"""Samples tried in the place of one that cannot be read, before the run gives up."""


@dataclass(frozen=True)
class Data:
    """Training samples, validation samples, and where their clips come from."""

    train: list[Item]
    validation: list[Item]
    source: Stored | Decoded


class Trainer:
    """A run: the plan of its samples, the loop, what it keeps."""

    def __init__(self, learner: Learner, data: Data, run: Path, jobs: int, report: Callable[[str], None] = print):
        settings = learner.settings
        self.learner, self.data, self.run, self.report = learner, data, run, report
        self.steps = settings.total_steps(len(data.train))
        groups = [item.group for item in data.train]
        contents = [item.content or item.id for item in data.train]
        self.plan = make_plan(
            groups, settings.weights, settings.videos, self.steps, settings.seed, contents, settings.siblings
        )
        self.validation = Validation(data.validation, data.source.apart(), learner.processor, settings)
        self.probes = Probes(self.validation, settings.probes)
        self.pool, self.ahead = ThreadPoolExecutor(jobs), ThreadPoolExecutor(1)
        self.tracker = start_tracker(settings, run) if learner.accelerator.is_main_process else None

    def note(self) -> dict:
        """What a state of this run depends on, as JSON gives it back."""
        return {
            "settings": self.learner.settings.to_dict(),
            "samples": digest([f"{item.id} {item.mos}" for item in self.data.train]),
            "start": self.learner.start_mark,
            "processes": self.learner.accelerator.num_processes,
        }

    def load(self, step: int) -> tuple[Batch, dict[str, str]]:
        """The samples of this process for a step, and those that could not be read so far, with the reasons.

        Another sample takes the place of one that cannot be read.
        """
        settings, accelerator = self.learner.settings, self.learner.accelerator
        count = settings.videos // accelerator.num_processes
        mine = slice(accelerator.process_index * count, (accelerator.process_index + 1) * count)
        choices = twin_choices(settings.twins, settings.videos, step, settings.seed)[mine]
        twins = choices if settings.perturbs else [None] * count
        loaded = list(self.pool.map(self._read, self.plan[step][mine].tolist(), twins))
        items = [item for item, _ in loaded]
        device = accelerator.device
        paired = [variants[1] for _, variants in loaded if variants[1] is not None]
        ordered = stacked([variants[0] for _, variants in loaded], device)
        has_twin = [variants[1] is not None for _, variants in loaded]
        batch = Batch(items, ordered, stacked(paired, device) if paired else None, has_twin)
        return batch, dict(self.data.source.bad)

    def _read(self, index: int, twin: int | None):
        for shift in range(SPARE):
            item = self.data.train[(index + shift) % len(self.data.train)]
            variants = self.data.source.variants(item, twin)
            if variants is not None:
                return item, variants
        reasons = "; ".join(sorted(set(self.data.source.bad.values()))[:3])
        raise VQAThinkerError(f"{SPARE} samples in a row cannot be read: {reasons}")

    def looked_at(self, batch: Batch) -> Batch:
        """Pixels replaced by what frozen parts make of them, so that no pass has to look again."""
        settings, model = self.learner.settings, self.learner.bare.model
        frozen = {"tower": not settings.trains_tower, "motion": not settings.trains_motion}
        with writing(self.learner):
            ordered = see(model, batch.ordered, **frozen)
            twins = batch.twins and see(model, batch.twins, **frozen)
        return replace(batch, ordered=ordered, twins=twins)

    def go(self) -> None:
        """All steps that are left."""
        settings, accelerator = self.learner.settings, self.learner.accelerator
        kept = resume(accelerator, self.run, self.note())
        if accelerator.is_main_process:
            with whole(self.run / "grpo.yaml") as partial:
                partial.write_text(settings.to_yaml())
        self.data.source.bad.update(kept.get("bad", {}))
        start = kept["step"]
        if start == 0:
            self.measure(0, {"step": 0})
        upcoming = self.ahead.submit(self.load, start) if start < self.steps else None
        for step in range(start, self.steps):
            batch, bad = upcoming.result()
            batch, bad = self.looked_at(batch), dict(gather_object(list(bad.items())))
            upcoming = self.ahead.submit(self.load, step + 1) if step + 1 < self.steps else None
            rate = settings.lr * rate_factor(settings, step, self.steps)
            for group in self.learner.optimizer.param_groups:
                group["lr"] = rate
            row = {"step": step + 1, "lr": rate, "skipped": len(bad)}
            row |= train_step(self.learner, batch, step)
            if (step + 1) % settings.save_every == 0 or step + 1 == self.steps:
                self.keep(step + 1, row, bad)
            else:
                self.tell(row)
        self.pool.shutdown()
        self.ahead.shutdown()

    def keep(self, step: int, row: dict, bad: dict[str, str]) -> None:
        """Validate, log, keep the probes, save; `bad` are the samples that could not be read."""
        self.measure(step, row)
        save_state(self.learner.accelerator, self.run, step, self.note() | {"bad": bad})

    def measure(self, step: int, row: dict) -> None:
        """Validate, log, keep the probes."""
        with writing(self.learner) as bare:
            if self.learner.accelerator.is_main_process:
                row |= {"validation": self.validation.measure(bare)}
                for probe in self.probes.rows(bare, step):
                    log_row(self.run, PROBES, probe)
        self.tell(row)

    def tell(self, row: dict) -> None:
        if not self.learner.accelerator.is_main_process:
            return
        log_row(self.run, LOG, row)
        self.report(short(row))
        if self.tracker:
            self.tracker({key: value for key, value in flat(row).items() if isinstance(value, int | float)})


def digest(lines: list[str]) -> str:
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def weights_digest(module: nn.Module) -> str:
    """A mark of the weights that a run starts from, by the beginning of every tensor."""
    heads = {key: value.detach().flatten()[:64].float().tolist() for key, value in module.named_parameters()}
    return digest([f"{key} {head}" for key, head in heads.items()])


def rate_factor(settings: GrpoSettings, step: int, steps: int) -> float:
    """Factor of the learning rate: a linear rise, then a cosine to 0, or constant."""
    if settings.schedule == "cosine":
        return warm_cosine(step, steps, settings.warmup)
    return min(1.0, (step + 1) / max(1, int(steps * settings.warmup)))


def flat(row: dict, prefix: str = "") -> dict:
    """Nested keys joined by a slash."""
    result = {}
    for key, value in row.items():
        result |= flat(value, f"{prefix}{key}/") if isinstance(value, dict) else {f"{prefix}{key}": value}
    return result


def short(row: dict) -> str:
    """One line for the screen."""
    shown = {key: value for key, value in flat(row).items() if not key.startswith("seconds") or key.endswith("total")}
    words = {key: f"{value:.4g}" if isinstance(value, float) else value for key, value in shown.items()}
    return " ".join(f"{key}={word}" for key, word in words.items())


def start_tracker(settings: GrpoSettings, run: Path) -> Callable[[dict], None] | None:
    """trackio's log function, when the settings ask for it and it is installed."""
    if not settings.trackio:
        return None
    try:
        import trackio
    except ImportError:
        print("trackio is not installed: metrics go to the log file only", file=sys.stderr)
        return None
    trackio.init(project=settings.trackio, name=run.name, config=settings.to_dict())
    return trackio.log

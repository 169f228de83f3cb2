"""The samples of a run, step by step: which clips each process shows, decoded ahead of the step that needs them."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from accelerate import Accelerator

from vqathinker.errors import VQAThinkerError

from ..data.datasets import Item
from ..policy.features import DecodedClips, StoredClips, stacked
from .config import GrpoSettings
from .sampler import plan_steps, twin_choices
from .step import Batch

SPARE_SAMPLES = 50
"""Samples tried in the place of one that cannot be read, before the run gives up."""


@dataclass(frozen=True)
class Data:
    """Training samples, validation samples, and where their clips come from."""

    train: list[Item]
    validation: list[Item]
    source: StoredClips | DecodedClips


class Samples:
    """The plan of a run of `steps`, and its batches, one step ahead. A context: its threads end with it."""

    def __init__(self, data: Data, settings: GrpoSettings, accelerator: Accelerator, steps: int, jobs: int):
        self.data, self.settings, self.accelerator, self.steps = data, settings, accelerator, steps
        groups = [item.group for item in data.train]
        contents = [item.content or item.id for item in data.train]
        self.plan = plan_steps(
            groups, settings.weights, settings.videos_per_step, steps, settings.seed, contents, settings.siblings
        )
        self.pool, self.ahead = ThreadPoolExecutor(jobs), ThreadPoolExecutor(1)
        self.upcoming: dict[int, Future] = {}

    def __enter__(self) -> Samples:
        return self

    def __exit__(self, *problem: object) -> None:
        for pool in (self.pool, self.ahead):
            pool.shutdown(cancel_futures=True)

    def batch(self, step: int) -> tuple[Batch, dict[str, str]]:
        """The samples of this process for a step, and those that could not be read so far, with the reasons."""
        return (self.upcoming.pop(step, None) or self.ahead.submit(self.load, step)).result()

    def prepare(self, step: int) -> None:
        """Begin to decode the samples of a step, if the run has it."""
        if step < self.steps:
            self.upcoming[step] = self.ahead.submit(self.load, step)

    def load(self, step: int) -> tuple[Batch, dict[str, str]]:
        """What `batch` gives; another sample takes the place of one that cannot be read."""
        settings, accelerator = self.settings, self.accelerator
        count = settings.videos_per_step // accelerator.num_processes
        mine = slice(accelerator.process_index * count, (accelerator.process_index + 1) * count)
        choices = twin_choices(settings.twins, settings.videos_per_step, step, settings.seed)[mine]
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
        for shift in range(SPARE_SAMPLES):
            item = self.data.train[(index + shift) % len(self.data.train)]
            variants = self.data.source.variants(item, twin)
            if variants is not None:
                return item, variants
        reasons = "; ".join(sorted(set(self.data.source.bad.values()))[:3])
        raise VQAThinkerError(f"{SPARE_SAMPLES} samples in a row cannot be read: {reasons}")

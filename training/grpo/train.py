"""GRPO: the model answers each video several times, and answers that earned more than their siblings become likelier.

    python -m training.grpo DATA_DIR BUILT_DIR RUN_DIR --config training/configs/tiny_grpo.yaml --start tiny --out OUT
    python -m training.grpo RUN_DIR --labels train.jsonl --videos VIDEOS_DIR --config … --start … --out …
    accelerate launch --config_file training/configs/accelerate/ddp.yaml -m training.grpo …

The first form reads the manifest that training.data.build wrote, the second any labels that training/data/datasets.py
reads, the official LSVQ file for one. Run again after a stop, it goes on where the last save left it.

Read `train` below, then step.py, then vqathinker/rewards/loss.py. For each step:
 1. videos_per_step clips, and of each moving one a twin whose timeline is perturbed (samples.py, ../policy/clips.py);
 2. num_generations sampled answers about each, from one vision pass and one prefill a clip (../policy/rollouts.py);
 3. the rewards of the registry over the clips of all processes (vqathinker/rewards), the temporal bonus from the twins;
 4. advantages in each group; the loss with its penalty for leaving the start; an update in which the answers about a
    clip share its prompt (../policy/policy.py).

Departures from the paper and its released code:
 - the rewards are the repaired ones; vqathinker/rewards/spec.py names each repair, `reward:` in the settings takes it
   back;
 - the ranking reward compares the clips of all processes, not those of one;
 - twins get answers and rewards, but are never trained on; their answers are written together with the others;
 - a prompt goes through the model once for all answers about it, not once for each;
 - an answer that reaches max_completion_length teaches nothing;
 - clips and what frozen parts make of them are stored, so that no step looks again;
 - the learning rate falls as a cosine, not as a line, and AdamW's second beta is 0.98;
 - every draw has a seed of its own: the texts depend neither on the number of processes nor on a stop in between.

RUN_DIR receives grpo.yaml with all settings, grpo_log.jsonl (TRL's names for its columns), probes.jsonl, the last two
states and, unless --features names another folder, what the frozen tower sees of the clips. It belongs to one run at a
time. OUT gets a model card without measurements, which training.report.card replaces.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import torch
from accelerate.utils import gather_object

from ..common.atomic import atomic_write
from ..common.io import locked
from ..common.schedule import warm_cosine
from ..common.start import load_start
from ..data.datasets import Item
from .card import named_start, plain_card
from .checkpoint import LOG, PROBES, log_row, resume, save_checkpoint, save_state
from .config import GrpoSettings
from .logs import log_line, start_tracker
from .sampler import limited_groups
from .samples import Data, Samples
from .setup import lines_digest, make_accelerator, make_data, make_learner
from .step import Batch, Learner, train_step, writing
from .validate import Probes, Validation


def run_grpo(
    items: Sequence[Item],
    held_out: Sequence[Item],
    run: Path,
    start: str,
    out: Path,
    settings: GrpoSettings,
    *,
    features: Path | None = None,
    jobs: int = 2,
    report: Callable[[str], None] = print,
) -> None:
    """The whole command of the module docstring, from a start to a checkpoint.

    Raises VQAThinkerError, ValueError or FloatingPointError.
    """
    accelerator = make_accelerator(settings)
    with locked(run) if accelerator.is_main_process else nullcontext():
        torch.manual_seed(settings.seed)
        loaded = load_start(start, any_family=True)
        learner, adapters = make_learner(loaded, settings, accelerator)
        data = make_data(
            limited_groups(items, settings.most), held_out, learner, start, features or run / "features", jobs
        )
        train(learner, data, run, jobs, report)
        card = plain_card(out.name, start, data.train, learner.settings, loaded.scorer)
        base, _ = named_start(start)
        save_checkpoint(accelerator, learner.policy, adapters, learner.processor, out, card, base)
        accelerator.end_training()


def train(learner: Learner, data: Data, run: Path, jobs: int, report: Callable[[str], None] = print) -> None:
    """All steps that are left of a run."""
    settings, accelerator = learner.settings, learner.accelerator
    steps = settings.total_steps(len(data.train))
    keeper = Keeper(learner, data, run, report)
    with Samples(data, settings, accelerator, steps, jobs) as samples:
        start = keeper.resume()
        if start == 0:
            keeper.measure(0, {"step": 0})
        samples.prepare(start)
        for step in range(start, steps):
            batch, bad = samples.batch(step)
            batch, bad = with_features(learner, batch), dict(gather_object(list(bad.items())))
            samples.prepare(step + 1)
            rate = settings.learning_rate * rate_factor(settings, step, steps)
            for group in learner.optimizer.param_groups:
                group["lr"] = rate
            row = {"step": step + 1, "learning_rate": rate, "skipped": len(bad)} | train_step(learner, batch, step)
            if (step + 1) % settings.save_steps == 0 or step + 1 == steps:
                keeper.measure(step + 1, row)
                keeper.save(step + 1, bad)
            else:
                keeper.tell(row)


def with_features(learner: Learner, batch: Batch) -> Batch:
    """Pixels replaced by what frozen parts make of them, so that no pass has to look again."""
    with writing(learner) as bare:
        ordered = bare.see(batch.ordered, **learner.frozen)
        twins = batch.twins and bare.see(batch.twins, **learner.frozen)
    return replace(batch, ordered=ordered, twins=twins)


def rate_factor(settings: GrpoSettings, step: int, steps: int) -> float:
    """Factor of the learning rate: a linear rise, then a cosine to 0, or constant."""
    if settings.lr_scheduler_type == "cosine":
        return warm_cosine(step, steps, settings.warmup_ratio)
    return min(1.0, (step + 1) / max(1, int(steps * settings.warmup_ratio)))


class Keeper:
    """What a run keeps in its folder, and tells: log, validations, probes, states."""

    def __init__(self, learner: Learner, data: Data, run: Path, report: Callable[[str], None]):
        self.learner, self.data, self.run, self.report = learner, data, run, report
        settings, self.main = learner.settings, learner.accelerator.is_main_process
        self.validation = Validation(data.validation, data.source.apart(), learner.processor, settings)
        self.probes = Probes(self.validation, settings.probes)
        self.tracker = start_tracker(settings, run) if self.main else None

    def note(self) -> dict:
        """What a state of this run depends on, as JSON gives it back."""
        return {
            "settings": self.learner.settings.to_dict(),
            "samples": lines_digest([f"{item.id} {item.mos}" for item in self.data.train]),
            "start": self.learner.start_mark,
            "processes": self.learner.accelerator.num_processes,
        }

    def resume(self) -> int:
        """Load the last state; how many steps it has done, 0 without one."""
        kept = resume(self.learner.accelerator, self.run, self.note())
        if self.main:
            with atomic_write(self.run / "grpo.yaml") as partial:
                partial.write_text(self.learner.settings.to_yaml())
        self.data.source.bad.update(kept.get("bad", {}))
        return kept["step"]

    def save(self, step: int, bad: dict[str, str]) -> None:
        """A state to resume from; `bad` are the samples that could not be read."""
        save_state(self.learner.accelerator, self.run, step, self.note() | {"bad": bad})

    def measure(self, step: int, row: dict) -> None:
        """Validate, keep the probes, and tell."""
        with writing(self.learner) as bare:
            if self.main:
                row |= {"validation": self.validation.measure(bare)}
                for probe in self.probes.rows(bare, step):
                    log_row(self.run, PROBES, probe)
        self.tell(row)

    def tell(self, row: dict) -> None:
        """A row of the log, on the screen and to the tracker too."""
        if not self.main:
            return
        log_row(self.run, LOG, row)
        self.report(log_line(row))
        if self.tracker:
            self.tracker(row)

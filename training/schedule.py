"""One optimiser step after another, resumable: order of data, learning rate and states follow from the step number."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from .state import append_jsonl, save_atomically


def epoch_order(count: int, seed: int, epoch: int) -> np.ndarray:
    """The order (count,) in which an epoch visits the samples."""
    return np.random.default_rng([seed, 7, epoch]).permutation(count)


def warm_cosine(step: int, total: int, warmup: float) -> float:
    """Factor of the learning rate: linear from 0 over the first `warmup` share of the steps, then a cosine to 0."""
    rise = max(1, int(total * warmup))
    if step < rise:
        return (step + 1) / rise
    return 0.5 * (1 + math.cos(math.pi * (step - rise) / max(1, total - rise)))


class Stepper:
    """Optimiser, schedule, gradient clipping and resume file of one stage."""

    def __init__(
        self, modules: dict[str, nn.Module], optimizer: torch.optim.Optimizer, total: int, warmup: float, path: Path
    ):
        self.modules, self.optimizer, self.total, self.path = modules, optimizer, total, path
        self.scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: warm_cosine(step, total, warmup))

    def remaining(self) -> Iterator[int]:
        """Step numbers still to do, after loading what an earlier run saved."""
        start = 0
        if self.path.exists():
            state = torch.load(self.path, weights_only=True)
            for name, module in self.modules.items():
                module.load_state_dict(state[name])
            self.optimizer.load_state_dict(state["optimizer"])
            self.scheduler.load_state_dict(state["scheduler"])
            torch.set_rng_state(state["random"])
            start = state["step"]
        return iter(range(start, self.total))

    def update(self, loss: torch.Tensor, max_norm: float = 1.0) -> None:
        """One step. Raises FloatingPointError, before anything is changed, when the loss is not finite."""
        if not torch.isfinite(loss):
            raise FloatingPointError(f"the loss is {loss.item()}; nothing was updated or saved since the last save")
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        params = [p for group in self.optimizer.param_groups for p in group["params"]]
        nn.utils.clip_grad_norm_(params, max_norm)
        self.optimizer.step()
        self.scheduler.step()

    def save(self, step: int) -> None:
        state = {name: module.state_dict() for name, module in self.modules.items()}
        state |= {
            "optimizer": self.optimizer.state_dict(),
            "scheduler": self.scheduler.state_dict(),
            "random": torch.get_rng_state(),
            "step": step,
        }
        save_atomically(state, self.path)


@dataclass(frozen=True)
class Stage:
    """One stage of the supervised start: its name and number (part of every random draw), the rows of an epoch, the
    modules that are trained and saved, loss and validation. `every`: epochs between two validations and saves."""

    name: str
    number: int
    rows: list[dict]
    batch_size: int
    epochs: int
    warmup: float
    every: int
    modules: dict[str, nn.Module]
    optimizer: torch.optim.Optimizer
    loss: Callable[[list[dict], np.random.Generator], tuple[torch.Tensor, dict]]
    evaluate: Callable[[], dict]

    @property
    def steps(self) -> int:
        """Steps of one epoch."""
        return -(-len(self.rows) // self.batch_size)


def run_stage(stage: Stage, run: Path, seed: int, report: Callable[[str], None] = print) -> None:
    """Train in place; `run` receives log.jsonl and the resume state <name>.pt. A finished stage returns at once."""
    total = stage.epochs * stage.steps
    stepper = Stepper(stage.modules, stage.optimizer, total, stage.warmup, run / f"{stage.name}.pt")
    for step in stepper.remaining():
        epoch, batch = divmod(step, stage.steps)
        began = time.perf_counter()
        order = epoch_order(len(stage.rows), seed + stage.number, epoch)
        chosen = order[batch * stage.batch_size : (batch + 1) * stage.batch_size]
        for module in stage.modules.values():
            module.train()
        loss, parts = stage.loss([stage.rows[i] for i in chosen], np.random.default_rng([seed, stage.number, step]))
        stepper.update(loss)
        row = {"stage": stage.name, "step": step + 1, "loss": loss.item(), **parts, "s": time.perf_counter() - began}
        last = batch == stage.steps - 1
        if last and ((epoch + 1) % stage.every == 0 or epoch == stage.epochs - 1):
            row |= {"validation": stage.evaluate()}
            stepper.save(step + 1)
        if last or step % 10 == 0:
            append_jsonl(run / "log.jsonl", row)
            report(str(row))

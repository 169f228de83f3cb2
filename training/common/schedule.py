"""One optimiser step after another, resumable: order of data, learning rate and states follow from the step number."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from torch import nn

from .io import append_jsonl, keep_rows, load_newest, save_atomically
from .prefetch import made_ahead


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
    """Optimisers, schedule, gradient clipping and resume file of one stage."""

    def __init__(
        self,
        modules: dict[str, nn.Module],
        optimizers: Sequence[torch.optim.Optimizer],
        total: int,
        warmup: float,
        path: Path,
    ):
        self.modules, self.optimizers, self.total, self.path = modules, optimizers, total, path
        self.schedulers = [
            torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: warm_cosine(step, total, warmup))
            for optimizer in optimizers
        ]

    def remaining(self) -> range:
        """Step numbers still to do, after loading what an earlier run saved."""
        state = load_newest(self.path)
        if state is None:
            return range(self.total)
        try:
            self._restore(state)
        except (RuntimeError, KeyError, ValueError, TypeError) as error:
            reason = str(error).splitlines()[0]
            raise ValueError(f"{self.path} does not fit this model or these settings: {reason}") from None
        return range(state["step"], self.total)

    def update(self, loss: torch.Tensor, max_norm: float = 1.0) -> None:
        """One step. Raises FloatingPointError, before anything is changed, when the loss is not finite."""
        if not torch.isfinite(loss):
            raise FloatingPointError(f"the loss is {loss.item()}; nothing was updated or saved since the last save")
        for optimizer in self.optimizers:
            optimizer.zero_grad(set_to_none=True)
        loss.backward()
        params = [p for optimizer in self.optimizers for group in optimizer.param_groups for p in group["params"]]
        nn.utils.clip_grad_norm_(params, max_norm)
        for part in (*self.optimizers, *self.schedulers):
            part.step()

    def save(self, step: int) -> None:
        state = {name: module.state_dict() for name, module in self.modules.items()}
        state |= {name: [part.state_dict() for part in parts] for name, parts in self._moving().items()}
        state |= {"random": torch.get_rng_state(), "cuda_random": torch.cuda.get_rng_state_all(), "step": step}
        save_atomically(state, self.path)

    def _restore(self, state: dict) -> None:
        for name, module in self.modules.items():
            module.load_state_dict(state[name])
        for name, parts in self._moving().items():
            for part, saved in zip(parts, state[name], strict=True):
                part.load_state_dict(saved)
        torch.set_rng_state(state["random"])
        if torch.cuda.is_available() and state["cuda_random"]:
            torch.cuda.set_rng_state_all(state["cuda_random"])

    def _moving(self) -> dict[str, Sequence]:
        return {"optimizers": self.optimizers, "schedulers": self.schedulers}


class Lengths(Protocol):
    """Settings of a stage: samples of a step, epochs, and the share of the steps in which the rate rises."""

    batch_size: int
    epochs: int
    warmup: float


class Task(Protocol):
    """What a stage learns: what a step takes of its rows, on the CPU, and the loss of that with its parts."""

    def prepare(self, rows: list[dict], rng: np.random.Generator) -> Any: ...

    def loss(self, prepared: Any) -> tuple[torch.Tensor, dict]: ...


@dataclass(frozen=True)
class Stage:
    """One stage of the supervised start: its name and number (part of every random draw), the rows of an epoch, the
    modules that are trained and saved, their optimisers, and validation. `every`: epochs between two validations and
    saves; `after_step`: what is done after each update."""

    name: str
    number: int
    rows: list[dict]
    lengths: Lengths
    every: int
    task: Task
    modules: dict[str, nn.Module]
    optimizers: Sequence[torch.optim.Optimizer]
    evaluate: Callable[[], dict]
    after_step: Callable[[], None] = lambda: None

    @property
    def steps(self) -> int:
        """Steps of one epoch."""
        return -(-len(self.rows) // self.lengths.batch_size)


def run_stage(stage: Stage, run: Path, seed: int, report: Callable[[str], None] = print, workers: int = 0) -> None:
    """Train in place; `run` receives log.jsonl and the resume state <name>.pt, with the one before it. A finished stage
    returns at once; rows that an earlier run logged after its last save are removed.

    `workers`: processes that prepare steps ahead; they change nothing but the time."""
    size, epochs = stage.lengths.batch_size, stage.lengths.epochs
    total = epochs * stage.steps
    stepper = Stepper(stage.modules, stage.optimizers, total, stage.lengths.warmup, run / f"{stage.name}.pt")

    def prepare(step: int) -> Any:
        epoch, batch = divmod(step, stage.steps)
        order = epoch_order(len(stage.rows), seed + stage.number, epoch)
        chosen = order[batch * size : (batch + 1) * size]
        return stage.task.prepare([stage.rows[i] for i in chosen], np.random.default_rng([seed, stage.number, step]))

    remaining = stepper.remaining()
    keep_rows(run / "log.jsonl", lambda row: row["stage"] != stage.name or row["step"] <= remaining.start)
    began = time.perf_counter()
    for step, prepared in zip(remaining, made_ahead(prepare, remaining, workers), strict=True):
        for module in stage.modules.values():
            module.train()
        loss, parts = stage.task.loss(prepared)
        stepper.update(loss)
        stage.after_step()
        row = {"stage": stage.name, "step": step + 1, "loss": loss.item(), **parts, "s": time.perf_counter() - began}
        epoch, batch = divmod(step, stage.steps)
        last = batch == stage.steps - 1
        kept = last and ((epoch + 1) % stage.every == 0 or epoch == epochs - 1)
        if kept:
            row |= {"validation": stage.evaluate()}
        if last or step % 10 == 0:
            append_jsonl(run / "log.jsonl", row)
            report(str(row))
        if kept:  # after the row: of a kill between the two, a row too many is removed, one too few would stay away
            stepper.save(step + 1)
        began = time.perf_counter()

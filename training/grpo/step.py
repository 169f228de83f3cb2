"""One step of GRPO, top to bottom: answers, rewards, advantages, updates.

train_step      the whole of it, on every process
roll_out        1. answers about the clips and about their perturbed twins
score           2. rewards over the clips of all processes, and what each answer is worth among its siblings
reference_logps 3. what the model at the start of the run thought of these answers
update          4. gradient steps on the loss of loss.py
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
import torch
from accelerate import Accelerator
from accelerate.utils import gather_object

from vqathinker.model.processing import VQAThinkerProcessor
from vqathinker.rewards import advantages, score_with_twins
from vqathinker.rewards.loss import grpo_loss, loss_size

from ..data.datasets import Item
from ..policy.features import joined, part
from ..policy.policy import Inputs, Policy, ReferencePolicy
from ..policy.rollouts import Rollouts, answer_seeds, answers_to, video_seed
from ..policy.unshard import full_parameters
from .config import GrpoSettings
from .logs import reward_metrics


@dataclass(frozen=True)
class Batch:
    """The videos of one process in one step: `ordered` holds all of them, `twins` those that have a twin."""

    items: list[Item]
    ordered: Inputs
    twins: Inputs | None
    has_twin: list[bool]


@dataclass
class Learner:
    """What takes part in a step. `frozen`: which of what sees stays as it is (`frozen_parts`). `start_mark` is that of
    the weights at the start, `features_hash` that of what the frozen parts see, empty where it is not kept."""

    accelerator: Accelerator
    policy: Policy
    reference: ReferencePolicy | None
    optimizer: torch.optim.Optimizer
    processor: VQAThinkerProcessor
    settings: GrpoSettings
    frozen: dict[str, bool] = field(default_factory=dict)
    start_mark: str = ""
    features_hash: dict = field(default_factory=dict)

    def autocast(self) -> torch.autocast:
        """bfloat16 where the settings want it, under every engine: accelerate's own is off under DeepSpeed."""
        return torch.autocast(self.accelerator.device.type, torch.bfloat16, enabled=self.settings.bf16)

    @property
    def bare(self) -> Policy:
        return self.accelerator.unwrap_model(self.policy)


def train_step(learner: Learner, batch: Batch, step: int) -> dict:
    """One step on the batch of this process; the row of the log, the same on every process."""
    first = learner.accelerator.process_index * len(batch.items)
    clock = Stopwatch()
    rollouts, twins = roll_out(learner, batch, step, first)
    share = clock.lap() / (len(batch.items) + sum(batch.has_twin))
    seconds = {"rollout": share * len(batch.items), "perturbed": share * sum(batch.has_twin)}
    advantage, earned = score(learner, batch, rollouts, twins, step)
    clock.lap()
    reference = reference_logps(learner, batch, rollouts)
    seconds["reference"] = clock.lap()
    measured = update(learner, batch, rollouts, advantage[first : first + len(batch.items)], reference, step)
    seconds["update"] = clock.lap()
    return measured | earned | {"seconds": seconds | {"total": clock.total()}}


def roll_out(learner: Learner, batch: Batch, step: int, first: int) -> tuple[Rollouts, Rollouts | None]:
    """Answers about the videos of a process and about their twins, written together. `first` is the place of the first
    video among those of all processes: the seeds, and so the texts, do not depend on the number of processes."""
    settings = learner.settings
    count, paired = len(batch.items), [k for k, has in enumerate(batch.has_twin) if has]
    seeds = [video_seed(settings.seed, 31, step, first + k) for k in range(count)]
    seeds += [video_seed(settings.seed, 32, step, first + k) for k in paired]
    shown = batch.ordered if batch.twins is None else joined(batch.ordered, batch.twins)
    with writing(learner) as bare:
        rollouts = answers_to(
            bare.model,
            learner.processor,
            bare.prompts(shown, settings.rollout_batch),
            answer_seeds(seeds, settings.num_generations),
            settings.num_generations,
            max_new_tokens=settings.max_completion_length,
            temperature=settings.temperature,
        )
    if batch.twins is None:
        return rollouts, None
    return rollout_rows(rollouts, slice(0, count)), rollout_rows(rollouts, slice(count, None))


def score(
    learner: Learner, batch: Batch, rollouts: Rollouts, twins: Rollouts | None, step: int
) -> tuple[torch.Tensor, dict]:
    """Advantages (B, G) of the answers about the videos of all processes, and the figures of the log. The ranking
    reward compares all these videos, the temporal one each with its twin; twins are never trained on."""
    settings = learner.settings
    about_twins = iter([] if twins is None else twins.texts)
    own = [
        (texts, next(about_twins) if has and twins is not None else None, item.mos, lengths, cut)
        for texts, has, item, lengths, cut in zip(
            rollouts.texts, batch.has_twin, batch.items, rollouts.lengths.tolist(), rollouts.cut.tolist(), strict=True
        )
    ]
    texts, twin_texts, mos, lengths, cut = zip(*gather_object(own), strict=True)
    rng = np.random.default_rng([settings.seed, 33, step])
    scored = score_with_twins(texts, twin_texts, mos, settings.reward, rng)
    answers = {"completions/mean_length": float(np.mean(lengths)), "completions/clipped_ratio": float(np.mean(cut))}
    return advantages(scored.table.total, scale=settings.scale_rewards), reward_metrics(scored) | answers


def reference_logps(learner: Learner, batch: Batch, rollouts: Rollouts) -> list[torch.Tensor] | None:
    """Log-probabilities (b, G, T) of the answers under the reference, micro batch by micro batch."""
    if learner.reference is None or not learner.settings.beta:
        return None
    micro = learner.settings.micro_batch
    bounds = [(start, start + micro) for start in range(0, len(batch.items), micro)]
    with learner.autocast():
        return [learner.reference(part(batch.ordered, *b), rollout_rows(rollouts, slice(*b)).ids) for b in bounds]


def update(
    learner: Learner, batch: Batch, rollouts: Rollouts, advantage: torch.Tensor, reference: list | None, step: int
) -> dict[str, float]:
    """Updates of the policy from one batch of answers (B, G, T) with advantages (B, G); sums and means over processes.

    Raises FloatingPointError before the weights are touched when loss or gradient are not finite; a gradient under
    DeepSpeed, whose backward pass takes the step, before they are saved. Where it tells no norm, there is None.
    """
    settings, accelerator, old = learner.settings, learner.accelerator, {}
    micro = settings.micro_batch
    starts = range(0, len(batch.items), micro)
    size = loss_size(rollouts.mask.flatten(0, 1), settings.loss_type, settings.max_completion_length)
    size = float(accelerator.reduce(torch.tensor(size, device=accelerator.device)))
    sums = torch.zeros(5, device=accelerator.device)
    for _ in range(settings.num_iterations):
        for index, start in enumerate(starts):
            chosen = slice(start, start + micro)
            answers = rollout_rows(rollouts, chosen)
            mask = answers.mask.flatten(0, 1)
            with accelerator.accumulate(learner.policy):
                logps = learner.policy(part(batch.ordered, start, start + micro), answers.ids).flatten(0, 1)
                before = old.setdefault(index, logps.detach())
                loss, parts = grpo_loss(
                    logps,
                    before,
                    None if reference is None else reference[index].flatten(0, 1),
                    advantage[chosen].flatten().to(logps.device),
                    mask,
                    0.0 if reference is None else settings.beta,
                    loss_type=settings.loss_type,
                    epsilon=settings.epsilon,
                    epsilon_high=settings.epsilon_high,
                    size=size,
                )
                check_finite(loss.detach(), "loss", step)
                # accelerate divides by the micro batches, and processes are averaged: `size` did both already.
                accelerator.backward(loss * accelerator.gradient_accumulation_steps * accelerator.num_processes)
                tokens = mask.sum()
                sums += torch.stack([loss.detach(), parts.kl, parts.clip_ratio * tokens, tokens, tokens.new_zeros(())])
                if accelerator.sync_gradients:
                    norm = clip_gradient(learner, step)
                    sums[4] += norm / accelerator.num_processes
                learner.optimizer.step()
                learner.optimizer.zero_grad()
    loss, kl, clipped, tokens, norm = accelerator.reduce(sums).tolist()
    inner = settings.num_iterations
    return {
        "loss": loss / inner,
        "kl": kl / inner if reference is not None else None,
        "clip_ratio": clipped / max(tokens, 1.0),
        "grad_norm": norm / inner if math.isfinite(norm) else None,
    }


def clip_gradient(learner: Learner, step: int) -> float:
    """The norm of the gradient before it is clipped, NaN where the engine does not tell it. Raises FloatingPointError
    when it is not finite."""
    limit = learner.settings.max_grad_norm or float("inf")
    norm = learner.accelerator.clip_grad_norm_(learner.policy.parameters(), limit)
    if norm is None:  # DeepSpeed clips on its own, and not every stage of it knows the norm
        return math.nan
    check_finite(norm, "gradient", step)
    return float(norm)


def check_finite(value: torch.Tensor | float, name: str, step: int) -> None:
    if not np.isfinite(float(value)):
        raise FloatingPointError(
            f"step {step}: the {name} is {float(value)}; training stops here, and what was saved before stays as it is"
        )


@contextmanager
def writing(learner: Learner) -> Iterator[Policy]:
    """The policy in one piece and in eval mode, for writing; sharded weights are put together as long as it lasts."""
    with torch.no_grad(), full_parameters(learner.policy), learner.autocast():
        yield learner.bare


def rollout_rows(rollouts: Rollouts, chosen: slice) -> Rollouts:
    """Rollouts of some neighbouring videos, no longer than the longest of their answers."""
    lengths = rollouts.lengths[chosen]
    return Rollouts(
        rollouts.texts[chosen], rollouts.ids[chosen][..., : int(lengths.max())], lengths, rollouts.cut[chosen]
    )


class Stopwatch:
    """Seconds since the last lap, and since the start."""

    def __init__(self, now: Callable[[], float] = time.perf_counter):
        self.now = now
        self.start = self.last = now()

    def lap(self) -> float:
        before, self.last = self.last, self.now()
        return self.last - before

    def total(self) -> float:
        return self.now() - self.start

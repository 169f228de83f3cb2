"""Supervised learning: answers that somebody wrote about videos become likelier, in the prompt of the model itself.

    python -m training.imitation answers.jsonl --videos VIDEOS --start visualquality-r1@FOLDER --out OUT

Adapters in the language model learn; all else stays as it is. The loss is the mean negative log-probability of the
tokens of an answer, its end included, from the same policy that GRPO trains (../policy). A run holds no state: one that
is stopped begins again. The supervised start of the bundled model, which trains all of its parts, is training.sft.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from accelerate import Accelerator

from vqathinker.answer import well_formed
from vqathinker.errors import VQAThinkerError
from vqathinker.model.loading import LoadedModel
from vqathinker.rewards import parse_answer

from ..common.schedule import warm_cosine
from ..common.start import load_start
from ..data.datasets import Item
from ..grpo.card import named_start
from ..grpo.checkpoint import save_checkpoint
from ..policy.families import LEARNS, clips_for, policy_of
from ..policy.features import DecodedClips, stacked
from ..policy.lora import LoraSettings
from ..policy.policy import Policy, add_adapters
from ..policy.rollouts import end_token

WARMUP, LARGEST_NORM = 0.05, 1.0


@dataclass(frozen=True)
class Demonstration:
    """A video, and an answer about it."""

    path: Path
    text: str


@dataclass(frozen=True)
class ImitationSettings:
    """Updates, answers in each, the highest learning rate, the adapters, and the seed of the order. Raises ValueError
    for numbers that are none."""

    steps: int
    per_step: int
    learning_rate: float
    lora: LoraSettings
    seed: int = 0

    def __post_init__(self) -> None:
        if min(self.steps, self.per_step, self.lora.rank, self.lora.alpha) < 1 or not self.learning_rate > 0:
            raise ValueError("steps, answers in a step, learning rate, rank and alpha must be above 0")

    def order(self, count: int) -> Iterator[int]:
        """Places of examples without end: all of them in a new order, again and again."""
        rng = np.random.default_rng(self.seed)
        while True:
            yield from rng.permutation(count).tolist()


def read_examples(path: Path, videos: Path) -> list[Demonstration]:
    """The lines of a file. Raises ValueError that names the line which is no answer, or has no score."""
    examples = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            example = Demonstration(videos / row["video"], row["text"])
        except (ValueError, KeyError, TypeError):
            raise ValueError(f'{path}, line {number} is no {{"video": …, "text": …}}') from None
        if not isinstance(example.text, str) or not well_formed(example.text) or parse_answer(example.text) is None:
            raise ValueError(f"{path}, line {number}: the text must be <think>…</think><answer>…</answer> with a score")
        if not example.path.is_file():
            raise ValueError(f"{path}, line {number}: there is no file {example.path}")
        examples.append(example)
    if not examples:
        raise ValueError(f"{path} holds no answers")
    return examples


def imitate(
    examples: Sequence[Demonstration],
    start: str,
    out: Path,
    plan: ImitationSettings,
    report: Callable[[str], None] = print,
) -> list[float]:
    """The whole command of the module docstring; returns the loss of every step. Raises VQAThinkerError."""
    accelerator = Accelerator()
    torch.manual_seed(plan.seed)
    loaded = load_start(start, any_family=True)
    policy = policy_of(loaded, 1.0, False)
    adapters = add_adapters(loaded.model, (LEARNS,), plan.lora)
    policy.to(accelerator.device)
    trained = [parameter for parameter in loaded.model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(trained, plan.learning_rate, weight_decay=0.0)
    source, order, losses = clips_for(loaded.processor, 0, 0), plan.order(len(examples)), []
    for step in range(plan.steps):
        for group in optimizer.param_groups:
            group["lr"] = plan.learning_rate * warm_cosine(step, plan.steps, WARMUP)
        chosen = [examples[next(order)] for _ in range(plan.per_step)]
        losses.append(sum(learn(policy, loaded, source, one, plan.per_step) for one in chosen))
        if not np.isfinite(losses[-1]):
            raise FloatingPointError(f"step {step + 1}: the loss is {losses[-1]}; nothing is written")
        torch.nn.utils.clip_grad_norm_(trained, LARGEST_NORM)
        optimizer.step()
        optimizer.zero_grad()
        report(f"step={step + 1} loss={losses[-1]:.4f}")
    save_checkpoint(accelerator, policy, adapters, loaded.processor, out, base=named_start(start)[0])
    return losses


def learn(policy: Policy, loaded: LoadedModel, source: DecodedClips, example: Demonstration, share: int) -> float:
    """Gradients of one answer's part of the loss, and its value. Raises VQAThinkerError for a video that cannot be
    read."""
    shown = source.variants(Item(example.path.name, example.path, 0.0), None)
    if shown is None:
        raise VQAThinkerError("; ".join(source.bad.values()))
    device = next(policy.parameters()).device
    with torch.no_grad():
        inputs = policy.see(stacked([shown[0]], device))
    ids = loaded.processor.tokenizer(example.text, add_special_tokens=False)["input_ids"]
    answer = torch.tensor([[[*ids, end_token(loaded.processor)]]], device=device)
    loss = -policy(inputs, answer).mean() / share
    loss.backward()
    return float(loss.detach())

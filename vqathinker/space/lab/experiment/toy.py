"""A policy small enough to be seen whole: what it would answer to each video, as probabilities. Imports torch.

An answer has two tokens: the form that it is written in, and its score, one of 41 bins a tenth wide. Both are drawn
from a softmax. Nothing else is a toy: rewards, advantages and loss are those of `vqathinker.rewards`, as in training.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from ....answer import compose
from ....rewards import format_ok
from .numbers import decimals_written, position
from .state import HIGHEST, LOWEST

SCORE_STEP = 0.1
SCORE_GRID = torch.linspace(LOWEST, HIGHEST, round((HIGHEST - LOWEST) / SCORE_STEP) + 1, dtype=torch.float64)
LEAST_START_SPREAD = 0.35
"""The least spread of a start, so that an answer that nobody gave yet can still be drawn."""
CENTRES, CENTRE_REACH = torch.linspace(LOWEST, HIGHEST, 17, dtype=torch.float64), 0.3
"""Scores that lie near each other share parameters, as 3.4 and 3.5 share tokens."""


@dataclass(frozen=True)
class Form:
    """A way to write an answer: its name, its share at the start, and the text of a score."""

    name: str
    share: float
    text: Callable[[float], str]
    has_score: bool = True


THOUGHT = "Seen."
FORMS = (
    Form("thought, two decimals", 0.55, lambda score: compose(THOUGHT, f"{score:.2f}")),
    Form("no thought", 0.2, lambda score: f"<answer>{score:.2f}</answer>"),
    Form("one decimal", 0.15, lambda score: compose(THOUGHT, f"{score:.1f}")),
    Form("a word", 0.1, lambda score: compose(THOUGHT, "fair"), has_score=False),
)


def token_of(text: str) -> tuple[int, int]:
    """The form and the bin of an answer that stands in the lab; the middle bin where it has no score."""
    value = position(text)
    if value is None or not LOWEST <= value <= HIGHEST:
        return 3, len(SCORE_GRID) // 2
    form = 1 if not format_ok(text) else 2 if decimals_written(text) < 2 else 0
    return form, round((value - LOWEST) / SCORE_STEP)


class ToyPolicy(nn.Module):
    """Probabilities of forms, and of scores for each of B videos, in order and shuffled.

    ordered, shuffled: mean and standard deviation (B, 2) of the scores that are answered at the start. What is learned
    about a video is what its frames show in any order (`still`), and what only their order shows (`motion`).
    """

    def __init__(self, ordered: torch.Tensor, shuffled: torch.Tensor):
        super().__init__()
        videos, reach = len(ordered), (SCORE_GRID[:, None] - CENTRES) / CENTRE_REACH
        self.register_buffer("basis", (-(reach**2) / 2).exp())
        self.register_buffer("start", torch.stack([_bell_logits(ordered), _bell_logits(shuffled)]))
        self.register_buffer("forms_at_start", torch.tensor([form.share for form in FORMS]).double().log())
        self.still = nn.Parameter(torch.zeros(videos, len(CENTRES), dtype=torch.float64))
        self.motion = nn.Parameter(torch.zeros(videos, len(CENTRES), dtype=torch.float64))
        self.form = nn.Parameter(torch.zeros(len(FORMS), dtype=torch.float64))

    def form_logps(self) -> torch.Tensor:
        """(F,)"""
        return (self.forms_at_start + self.form).log_softmax(-1)

    def score_logps(self, *, in_order: bool = True) -> torch.Tensor:
        """(B, 41)"""
        learned = self.still + self.motion if in_order else self.still
        return (self.start[0 if in_order else 1] + learned @ self.basis.T).log_softmax(-1)

    def forward(self, inputs: dict[str, torch.Tensor], answers: torch.Tensor) -> torch.Tensor:
        """Log-probabilities (b, G, 2) of answers (b, G, 2) to the videos `inputs["video"]` (b,), in order."""
        forms = self.form_logps()[answers[..., 0]]
        scores = self.score_logps()[inputs["video"]].gather(1, answers[..., 1])
        return torch.stack([forms, scores], -1)

    def sample(self, group: int, rng: np.random.Generator, *, in_order: bool) -> torch.Tensor:
        """Tokens (B, G, 2) of sampled answers."""
        with torch.no_grad():
            forms, scores = self.form_logps().exp().numpy(), self.score_logps(in_order=in_order).exp().numpy()
        drawn = [
            np.stack(
                [
                    rng.choice(len(FORMS), group, p=_sums_to_1(forms)),
                    rng.choice(len(SCORE_GRID), group, p=_sums_to_1(p)),
                ],
                -1,
            )
            for p in scores
        ]
        return torch.from_numpy(np.stack(drawn))


def written_out(tokens: torch.Tensor, rng: np.random.Generator) -> list[list[str]]:
    """The texts [B][G] of tokens (B, G, 2): a score from anywhere in its bin."""
    inside = SCORE_GRID[tokens[..., 1]].numpy() + rng.uniform(-SCORE_STEP / 2, SCORE_STEP / 2, tuple(tokens.shape[:2]))
    inside = np.clip(inside, LOWEST, HIGHEST)
    return [
        [FORMS[form].text(score) for form, score in zip(forms, scores, strict=True)]
        for forms, scores in zip(tokens[..., 0].tolist(), inside.tolist(), strict=True)
    ]


def token_mask(tokens: torch.Tensor) -> torch.Tensor:
    """The mask (B, G, 2) of tokens that were written: an answer in words has no score."""
    has_score = torch.tensor([form.has_score for form in FORMS])[tokens[..., 0]]
    return torch.stack([torch.ones_like(has_score), has_score], -1).double()


def _bell_logits(moments: torch.Tensor) -> torch.Tensor:
    mean, deviation = moments[:, :1], moments[:, 1:].clamp(min=LEAST_START_SPREAD)
    return -(((SCORE_GRID - mean) / deviation) ** 2) / 2


def _sums_to_1(probabilities: np.ndarray) -> np.ndarray:
    return probabilities / probabilities.sum()

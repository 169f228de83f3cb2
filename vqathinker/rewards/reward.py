"""What a reward is: a name, a title, a weight, how it scores answers, and how it explains what they earned."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import torch

from .notation import num, plain
from .parse import Answer, read_answer
from .spec import DEFAULT_SPEC, RewardSpec


@dataclass(frozen=True)
class Answers:
    """G completions about each of B videos, as every reward sees them. Made by `read_answers`.

    texts[B][G] is what was written, mos (B,) what people said, read[B][G] the number in each answer with its decimals.
    scores (B, G) are the numbers that count, NaN where there is none, decimals (B, G) how many of theirs count; the
    tensors are float64. rng is what the released code's random scores are drawn from.
    """

    texts: Sequence[Sequence[str]]
    mos: torch.Tensor
    read: list[list[Answer]]
    scores: torch.Tensor
    decimals: torch.Tensor
    spec: RewardSpec
    rng: np.random.Generator

    def standing(self) -> torch.Tensor:
        """The scores (B, G), and in the place of each unreadable one what the released code draws, where that is not
        repaired: an integer from 1 to 5, anew with every call, as it draws anew for each reward."""
        if self.spec.unreadable_is_lowest:
            return self.scores
        drawn = torch.from_numpy(self.rng.integers(1, 6, tuple(self.scores.shape)).astype(np.float64))
        return torch.where(self.scores.isnan(), drawn, self.scores)

    def explain(self, i: int, j: int) -> list[str]:
        """Which number was read in answer j about video i."""
        found, spec = self.read[i][j], self.spec
        if found.value is None:
            return ["no number to read" + ("" if spec.unreadable_is_lowest else "; a random score takes its place")]
        if self.scores[i, j].isnan():
            return [f"{plain(found.value)} is off the scale from {spec.lowest:g} to {spec.highest:g}: unreadable"]
        text = found.within.strip()[:60]
        return [f"“{text}” is read as {plain(found.value)}; decimals that count: {found.decimals}"]


def read_answers(
    texts: Sequence[Sequence[str]],
    mos: Sequence[float],
    spec: RewardSpec = DEFAULT_SPEC,
    rng: np.random.Generator | None = None,
) -> Answers:
    """What was written, read once for all rewards; without rng, random scores are those of seed 0.

    Raises ValueError for groups of unequal size, no groups at all, a MOS missing or not a finite number.
    """
    target = _check(texts, mos)
    read = [[read_answer(text, spec) for text in group] for group in texts]
    scores = _table(read, lambda answer: math.nan if answer.value is None else answer.value)
    if spec.off_scale_is_unreadable:
        scores = torch.where((scores < spec.lowest) | (scores > spec.highest), torch.nan, scores)
    decimals = _table(read, lambda answer: answer.decimals)
    return Answers(texts, target, read, scores, decimals, spec, rng or np.random.default_rng(0))


@dataclass(frozen=True)
class Trace:
    """What a reward computed: `reward` (B, G) float32, before its weight and before the temporal bonus.

    A reward with more to show has a trace of its own, a subclass that holds every number that led to `reward`.
    """

    answers: Answers
    reward: torch.Tensor


@dataclass(frozen=True)
class Gate:
    """What a reward needs for the temporal bonus: `compared` (B, G) above `threshold`."""

    compared: torch.Tensor
    threshold: float


Explain = Callable[[Trace, int, int, Sequence[str]], list[str]]


def explain_value(trace: Trace, i: int, j: int, names: Sequence[str]) -> list[str]:
    """The reward and nothing else: for a reward that explains no more."""
    return [num(trace.reward[i, j])]


@dataclass(frozen=True)
class Reward:
    """One reward, whole: whatever scores, logs, serves or shows rewards goes through `registry.REWARDS`.

    name        what logs, tables and settings call it, a Python identifier
    title       what a page calls it
    score       scores answers: `score(answers)` gives a Trace with rewards (B, G) float32; higher is better
    explain     `explain(trace, i, j, names)`: how answer j about video i came to its reward, as lines (notation.py);
                names[i] is what video i is called
    about       one sentence for who meets it for the first time; {coarse_factor} and the like stand for the spec's
    weight      its weight in the total, unless the spec says otherwise (`RewardSpec.weight`)
    gate        what the temporal bonus asks of it; None: it gets no bonus
    digits      decimals that a table shows

    >>> def score(answers):
    ...     words = [[float(len(text.split())) for text in group] for group in answers.texts]
    ...     return Trace(answers, torch.tensor(words).clamp(max=40) / 40)
    >>> length = Reward("length", "Length", score, about="Does it say enough?")
    >>> length.score(read_answers([["<think>Sharp, steady.</think> <answer>3.42</answer>"]], [3.0])).reward
    tensor([[0.0750]])
    """

    name: str
    title: str
    score: Callable[[Answers], Trace]
    explain: Explain = explain_value
    about: str = ""
    weight: float = 1.0
    gate: Callable[[Trace], Gate] | None = None
    digits: int = 3

    def __post_init__(self) -> None:
        if not self.name.isidentifier():
            raise ValueError(f"the name of a reward must be an identifier, not {self.name!r}")
        if not math.isfinite(self.weight) or self.weight < 0:
            raise ValueError(f"the weight of {self.name} must be a number from 0 up, not {self.weight}")

    def weight_in(self, spec: RewardSpec) -> float:
        """Its weight in the total under a spec."""
        return spec.weight(self.name, self.weight)

    def sentence(self, spec: RewardSpec = DEFAULT_SPEC) -> str:
        """`about` with the constants of a spec."""
        return self.about.format(**{name: plain(x) for name, x in asdict(spec).items() if not isinstance(x, Mapping)})


def _table(answers: list[list[Answer]], read: Callable[[Answer], float]) -> torch.Tensor:
    return torch.tensor([[read(answer) for answer in group] for group in answers], dtype=torch.float64)


def _check(texts: Sequence[Sequence[str]], mos: Sequence[float]) -> torch.Tensor:
    if any(isinstance(group, str) or not all(isinstance(text, str) for text in group) for group in texts):
        raise ValueError("Rewards need texts[B][G]: a list of completions, as strings, for each video.")
    sizes = sorted({len(group) for group in texts})
    if len(sizes) != 1 or sizes == [0]:
        raise ValueError(f"Rewards need groups of one size, at least one completion each; the sizes are {sizes}.")
    if len(mos) != len(texts):
        raise ValueError(f"Rewards need one MOS for each video: {len(texts)} groups, but {len(mos)} MOS.")
    for i, value in enumerate(mos):
        try:
            known = math.isfinite(value)
        except TypeError:
            known = False
        if not known:
            raise ValueError(f"The MOS of video {i} is not a finite number: {value!r}.")
    return torch.tensor([float(value) for value in mos], dtype=torch.float64)

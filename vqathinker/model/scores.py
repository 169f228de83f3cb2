"""Every answer that a model could have written after its reasoning, with its probability."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from .generation import Prompt
from .modeling import VQAThinkerForConditionalGeneration
from .token_tree import TokenTree, tree_logits

UNIT_CHOICES, DIGIT_CHOICES = 5, 10
BRANCH = 2 + DIGIT_CHOICES
"""Nodes of one unit digit in the tree of answers: the unit, the point, ten tenths."""


@dataclass(frozen=True)
class ScoreTable:
    """Probabilities (5, 10, 10) of the answers 1.00 … 5.99, as the model would write them digit by digit."""

    probabilities: torch.Tensor

    @property
    def values(self) -> torch.Tensor:
        units, tenths, hundredths = torch.meshgrid(
            torch.arange(1.0, 6.0), torch.arange(10) / 10, torch.arange(10) / 100, indexing="ij"
        )
        return (units + tenths + hundredths).clamp_max(5.0)

    @property
    def expected(self) -> float:
        """Probability-weighted answer, in [1, 5]."""
        return float((self.probabilities * self.values).sum())

    @property
    def least_risk(self) -> float:
        """The answer of least expected squared error (minimum Bayes risk), as it is written: with two decimals."""
        return round(self.expected, 2)

    @property
    def variance(self) -> float:
        """Variance of the answer."""
        return float((self.probabilities * (self.values - self.expected).square()).sum())


@dataclass(frozen=True)
class AnswerPrefix:
    """Token ids of an answer up to its number: what stands `before` a word that is left open, the `words` that could
    stand there, what follows `after` any of them. Without words there is only `before`."""

    before: tuple[int, ...]
    words: tuple[int, ...] = ()
    after: tuple[int, ...] = ()

    @property
    def endings(self) -> list[tuple[int, ...]]:
        """What may follow `before`, up to the number."""
        return [(word, *self.after) for word in self.words] or [()]


def score_tables(
    model: VQAThinkerForConditionalGeneration,
    prompt: Prompt,
    openings: Sequence[AnswerPrefix],
    digits: Sequence[int],
    point: int,
) -> list[ScoreTable]:
    """What the model would answer about each of the B videos of a prompt after its opening, in one pass: over all its
    words, each with its probability.

    `digits` are the ids of "0" … "9", `point` the id of ".". All that may follow the prompt is a tree: the text, its
    endings, below each of them the 5 x 12 tokens of the beginnings "u.t".
    """
    branches = [
        _branches((last, *opening.before), opening.endings, digits, point)
        for last, opening in zip(prompt.input_ids[:, -1].tolist(), openings, strict=True)
    ]
    first = min(each.text_end for each in branches)  # a text of hundreds of words by a vocabulary of 150,000
    logits = tree_logits(model, prompt, [each.tree for each in branches], point, first)
    branches = [each.after(first) for each in branches]
    return [_read(*each, digits) for each in zip(logits, branches, openings, strict=True)]


@dataclass(frozen=True)
class _Branches:
    """A tree of answers: where its text ends, where each ending does, and where the answers after each begin."""

    tree: TokenTree
    text_end: int
    ends: list[int]
    answers: list[int]

    def after(self, first: int) -> _Branches:
        """The same where nodes are counted from `first`."""
        ends, answers = ([node - first for node in nodes] for nodes in (self.ends, self.answers))
        return _Branches(self.tree, self.text_end - first, ends, answers)


def _branches(text: Sequence[int], endings: Sequence[Sequence[int]], digits: Sequence[int], point: int) -> _Branches:
    """The tree of `score_tables` for one video."""
    tree, ends, answers = TokenTree(text), [], []
    for ending in endings:
        end = len(text) - 1
        for token in ending:
            end = tree.grow(token, end)
        ends.append(end)
        answers.append(len(tree.tokens))
        for unit in digits[1 : UNIT_CHOICES + 1]:
            dot = tree.grow(point, tree.grow(unit, end))
            for tenth in digits:
                tree.grow(tenth, dot)
    return _Branches(tree, len(text) - 1, ends, answers)


def _read(logits: torch.Tensor, branches: _Branches, opening: AnswerPrefix, digits: Sequence[int]) -> ScoreTable:
    """The table of one video from the logits (N, V) at the nodes of its tree."""
    weights = logits[branches.text_end, list(opening.words)].softmax(-1) if opening.words else logits.new_ones(1)
    logits = logits[:, list(digits)]
    units = logits[branches.ends][:, 1 : UNIT_CHOICES + 1].softmax(-1)
    below = torch.stack([logits[start : start + UNIT_CHOICES * BRANCH] for start in branches.answers])
    below = below.unflatten(1, (UNIT_CHOICES, BRANCH)).softmax(-1)
    tables = units[:, :, None, None] * below[:, :, 1, :, None] * below[:, :, 2:]
    return ScoreTable((weights[:, None, None, None] * tables).sum(0).cpu())

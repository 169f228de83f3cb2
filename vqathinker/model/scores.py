"""Every answer that a model could have written after its reasoning, with its probability."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer

from .generation import Prompt
from .modeling import VQAThinkerForConditionalGeneration

UNITS, DIGITS = 5, 10
BRANCH = 2 + DIGITS
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
class Opening:
    """Token ids of an answer up to its number: what stands `before` a word that is left open, the `words` that could
    stand there, what follows `after` any of them. Without words there is only `before`."""

    before: tuple[int, ...]
    words: tuple[int, ...] = ()
    after: tuple[int, ...] = ()

    @property
    def endings(self) -> list[tuple[int, ...]]:
        """What may follow `before`, up to the number."""
        return [(word, *self.after) for word in self.words] or [()]


def score_table(
    model: VQAThinkerForConditionalGeneration,
    prompt: Prompt,
    opening: Opening,
    digits: Sequence[int],
    point: int,
) -> ScoreTable:
    """What the model would answer about one video after an opening: over all its words, each with its probability.

    `digits` are the ids of "0" … "9", `point` the id of ".".
    """
    return score_tables(model, prompt, [opening], digits, point)[0]


@torch.inference_mode()
def score_tables(
    model: VQAThinkerForConditionalGeneration,
    prompt: Prompt,
    openings: Sequence[Opening],
    digits: Sequence[int],
    point: int,
) -> list[ScoreTable]:
    """`score_table` for the B videos of a prompt in one pass.

    All that may follow the prompt is a tree: the text, its endings, below each of them the 5 x 12 tokens of the
    beginnings "u.t". A mask shows every node its own ancestors only. So the cache of the prompt is copied once, not
    once for every answer.
    """
    ids, past = prompt.input_ids, prompt.input_ids.shape[1] - 1
    trees = [
        _tree((last, *opening.before), opening.endings, digits, point)
        for last, opening in zip(ids[:, -1].tolist(), openings, strict=True)
    ]
    size = max(len(tree.tokens) for tree in trees)
    tokens = torch.tensor([tree.tokens + [point] * (size - len(tree.tokens)) for tree in trees])
    depths = torch.tensor([tree.depths + [0] * (size - len(tree.tokens)) for tree in trees])
    logits = model(
        input_ids=tokens.to(ids.device),
        position_ids=(prompt.start + depths).to(ids.device),
        attention_mask=_tree_mask(past, trees, size, prompt.cache.layers[0].keys.dtype).to(ids.device),
        past_key_values=_continued(prompt.cache),
        use_cache=True,
    ).logits.float()
    return [_read(*each, digits) for each in zip(logits, trees, openings, strict=True)]


@dataclass(frozen=True)
class _Tree:
    """Tokens of a tree with their depths and parents (-1: the root); where the text ends, where each ending does, and
    where the answers after each begin."""

    tokens: list[int]
    depths: list[int]
    parents: list[int]
    text_end: int
    ends: list[int]
    answers: list[int]


def _tree(text: Sequence[int], endings: Sequence[Sequence[int]], digits: Sequence[int], point: int) -> _Tree:
    """The tree of `score_tables` for one video."""
    tokens, depths, parents = list(text), list(range(len(text))), list(range(-1, len(text) - 1))

    def grow(token: int, parent: int) -> int:
        tokens.append(token)
        depths.append(depths[parent] + 1)
        parents.append(parent)
        return len(tokens) - 1

    ends, answers = [], []
    for ending in endings:
        end = len(text) - 1
        for token in ending:
            end = grow(token, end)
        ends.append(end)
        answers.append(len(tokens))
        for unit in digits[1 : UNITS + 1]:
            dot = grow(point, grow(unit, end))
            for tenth in digits:
                grow(tenth, dot)
    return _Tree(tokens, depths, parents, len(text) - 1, ends, answers)


def _read(logits: torch.Tensor, tree: _Tree, opening: Opening, digits: Sequence[int]) -> ScoreTable:
    """The table of one video from the logits (N, V) at the nodes of its tree."""
    weights = logits[tree.text_end, list(opening.words)].softmax(-1) if opening.words else logits.new_ones(1)
    logits = logits[:, list(digits)]
    units = logits[tree.ends][:, 1 : UNITS + 1].softmax(-1)
    below = torch.stack([logits[start : start + UNITS * BRANCH] for start in tree.answers])
    below = below.unflatten(1, (UNITS, BRANCH)).softmax(-1)
    tables = units[:, :, None, None] * below[:, :, 1, :, None] * below[:, :, 2:]
    return ScoreTable((weights[:, None, None, None] * tables).sum(0).cpu())


def _continued(cache: DynamicCache) -> DynamicCache:
    """A cache that goes on from another one without changing it: plain layers put what is new into a copy."""
    continued = DynamicCache()
    for layer in cache.layers:
        plain = DynamicLayer()
        plain.lazy_initialization(layer.keys, layer.values)
        plain.keys, plain.values = layer.keys, layer.values
        continued.layers.append(plain)
    return continued


def _tree_mask(past: int, trees: Sequence[_Tree], size: int, dtype: torch.dtype) -> torch.Tensor:
    """Additive attention mask (B, 1, size, past + size): every node sees the past, its ancestors and itself; what fills
    up a tree sees the past."""
    seen = np.zeros((len(trees), size, size), dtype=bool)
    for own, tree in zip(seen, trees, strict=True):
        for node, parent in enumerate(tree.parents):
            if parent >= 0:
                own[node] = own[parent]
            own[node, node] = True
    mask = torch.zeros(len(trees), 1, size, past + size, dtype=dtype)
    mask[:, 0, :, past:].masked_fill_(~torch.from_numpy(seen), torch.finfo(dtype).min)
    return mask

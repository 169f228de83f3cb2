"""Every answer that a model could have written after its reasoning, with its probability."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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

    @property
    def best(self) -> float:
        """Most probable answer, in [1, 5]."""
        return float(self.values.flatten()[self.probabilities.argmax()])


def score_table(
    model: VQAThinkerForConditionalGeneration,
    prompt: Prompt,
    written: Sequence[int],
    digits: Sequence[int],
    point: int,
) -> ScoreTable:
    """What the model would answer about one video after `written`: the tokens from the prompt up to `<answer>`.

    `digits` are the ids of "0" … "9", `point` the id of ".".
    """
    return score_tables(model, prompt, [written], digits, point)[0]


@torch.inference_mode()
def score_tables(
    model: VQAThinkerForConditionalGeneration,
    prompt: Prompt,
    written: Sequence[Sequence[int]],
    digits: Sequence[int],
    point: int,
) -> list[ScoreTable]:
    """`score_table` for the B videos of a prompt in one pass, after the texts `written[b]`.

    The 5 x 12 tokens of all beginnings "u.t" hang below each text as a tree; a mask shows every node its text and its
    own ancestors only. So the cache of the prompt is copied once, not once for every answer.
    """
    ids, past = prompt.input_ids, prompt.input_ids.shape[1] - 1
    tails = [[row[-1].item(), *text] for row, text in zip(ids, written, strict=True)]
    lengths, longest = torch.tensor([len(tail) for tail in tails]), max(map(len, tails))
    tree = [digits[unit + 1] for unit in range(UNITS)]
    tree = [token for unit in tree for token in (unit, point, *digits)]
    tokens = torch.tensor([tail + [point] * (longest - len(tail)) + tree for tail in tails])
    depth = torch.tensor(([0, 1] + [2] * DIGITS) * UNITS)
    positions = torch.cat(
        [torch.arange(past, past + longest).expand(len(tails), -1), past + lengths[:, None] + depth], dim=1
    )
    logits = model(
        input_ids=tokens.to(ids.device),
        position_ids=positions.to(ids.device),
        attention_mask=_tree_mask(past, lengths, longest, prompt.cache.layers[0].keys.dtype).to(ids.device),
        past_key_values=_continued(prompt.cache),
        use_cache=True,
    ).logits.float()[..., list(digits)]
    units = logits[torch.arange(len(tails)), lengths - 1][:, 1 : UNITS + 1].softmax(-1)
    nodes = logits[:, longest:].unflatten(1, (UNITS, BRANCH)).softmax(-1)
    tables = units[:, :, None, None] * nodes[:, :, 1, :, None] * nodes[:, :, 2:]
    return [ScoreTable(table) for table in tables.cpu()]


def _continued(cache: DynamicCache) -> DynamicCache:
    """A cache that goes on from another one without changing it: plain layers put what is new into a copy."""
    continued = DynamicCache()
    for layer in cache.layers:
        plain = DynamicLayer()
        plain.lazy_initialization(layer.keys, layer.values)
        plain.keys, plain.values = layer.keys, layer.values
        continued.layers.append(plain)
    return continued


def _tree_mask(past: int, lengths: torch.Tensor, longest: int, dtype: torch.dtype) -> torch.Tensor:
    """Additive attention mask (B, 1, longest + 60, past + longest + 60) of `score_tables`."""
    branch = torch.eye(BRANCH, dtype=torch.bool)
    branch[:, 0] = True
    branch[2:, 1] = True
    nodes = torch.block_diag(*[branch] * UNITS).bool()
    size, width = longest + len(nodes), past + longest + len(nodes)
    seen = torch.zeros(len(lengths), size, width, dtype=torch.bool)
    seen[:, :, :past] = True
    seen[:, :longest, past : past + longest] = torch.ones(longest, longest, dtype=torch.bool).tril()
    seen[:, longest:, past : past + longest] = (torch.arange(longest) < lengths[:, None])[:, None]
    seen[:, longest:, past + longest :] = nodes
    return torch.zeros(seen.shape, dtype=dtype).masked_fill(~seen, torch.finfo(dtype).min)[:, None]

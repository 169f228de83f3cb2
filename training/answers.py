"""What a model answers about a batch of videos at once: greedy text, expected score, sampled texts.

The Rater answers one video at a time, in a stream; measuring thousands of answers needs them side by side. Same texts,
same numbers (tests/training/test_answers.py compares the two).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from vqathinker.model.generation import Prompt, ScoreTable, rollout_seeds, write, write_groups
from vqathinker.model.loading import LoadedModel
from vqathinker.rewards import format_ok, parse_answer

MAX_NEW_TOKENS = 160
ANSWER_OPEN = "<answer>"
UNITS, DIGITS = 5, 10
BRANCH = 2 + DIGITS
"""Nodes of one unit digit in the tree of answers: the unit, the point, ten tenths."""


@dataclass(frozen=True)
class Answer:
    """One greedy answer: its text, the score that the Rater reports for it, and the expected score."""

    text: str
    score: float
    expected: float


@dataclass(frozen=True)
class Sampled:
    """K sampled answers about one video: texts, and for each whether it was cut at the length limit."""

    texts: tuple[str, ...]
    cut: tuple[bool, ...]

    @property
    def scores(self) -> list[float | None]:
        """Readable scores, held to [1, 5] as in a `Rollout`; None where the text has none."""
        values = [parse_answer(text) for text in self.texts]
        return [None if value is None else min(max(value, 1.0), 5.0) for value in values]

    @property
    def well_formed(self) -> list[bool]:
        return [format_ok(text) for text in self.texts]


def answer(loaded: LoadedModel, prompt: Prompt, max_new_tokens: int = MAX_NEW_TOKENS) -> list[Answer]:
    """Greedy answers about the B videos of a prefilled prompt."""
    tokenizer = loaded.processor.tokenizer
    rows = write(loaded.model, prompt, max_new_tokens=max_new_tokens, eos_token_id=loaded.eos_token_id)
    texts = tokenizer.batch_decode(rows, skip_special_tokens=True)
    opened = [text[: text.rindex(ANSWER_OPEN)] if ANSWER_OPEN in text else text for text in texts]
    written = [tokenizer(text + ANSWER_OPEN, add_special_tokens=False)["input_ids"] for text in opened]
    digits = tokenizer.convert_tokens_to_ids(list("0123456789"))
    tables = score_tables(loaded.model, prompt, written, digits, tokenizer.convert_tokens_to_ids("."))
    found = [parse_answer(text) for text in texts]
    scores = [
        table.best if value is None or not 1 <= value <= 5 else value
        for value, table in zip(found, tables, strict=True)
    ]
    return [Answer(*item) for item in zip(texts, scores, (table.expected for table in tables), strict=True)]


def sample(
    loaded: LoadedModel, prompt: Prompt, count: int, seed: int = 0, max_new_tokens: int = MAX_NEW_TOKENS
) -> list[Sampled]:
    """`count` sampled answers about each of the B videos: those that the Rater gives for the same seed."""
    groups = write_groups(
        loaded.model,
        prompt,
        rollout_seeds(seed, count) * len(prompt.input_ids),
        max_new_tokens=max_new_tokens,
        eos_token_id=loaded.eos_token_id,
    )
    decode = loaded.processor.tokenizer.batch_decode
    return [
        Sampled(tuple(decode(rows, skip_special_tokens=True)), tuple(len(row) >= max_new_tokens for row in rows))
        for rows in groups
    ]


@torch.inference_mode()
def score_tables(
    model, prompt: Prompt, written: Sequence[Sequence[int]], digits: Sequence[int], point: int
) -> list[ScoreTable]:
    """`generation.score_table` for B videos in one pass: `written[b]` are the tokens from the prompt up to `<answer>`.

    The 5 x 12 tokens of all beginnings "u.t" hang below each text as a tree; a mask shows every node its text and its
    own ancestors only.
    """
    ids, cache = prompt.rows(1)
    past = ids.shape[1] - 1
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
        attention_mask=_tree_mask(past, lengths, longest, model.dtype).to(ids.device),
        past_key_values=cache,
        use_cache=True,
    ).logits.float()[..., list(digits)]
    units = logits[torch.arange(len(tails)), lengths - 1][:, 1 : UNITS + 1].softmax(-1)
    nodes = logits[:, longest:].unflatten(1, (UNITS, BRANCH)).softmax(-1)
    tables = units[:, :, None, None] * nodes[:, :, 1, :, None] * nodes[:, :, 2:]
    return [ScoreTable(table) for table in tables.cpu()]


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

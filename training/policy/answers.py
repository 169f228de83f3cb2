"""What a model answers about a batch of videos at once: greedy text, expected score, sampled texts.

The Rater answers one video at a time, in a stream; measuring thousands of answers needs them side by side. Same texts,
same numbers (tests/training/policy/test_answers.py compares the two).
"""

from __future__ import annotations

from dataclasses import dataclass

from vqathinker.model.generation import Prompt, rollout_seeds, write
from vqathinker.model.loading import LoadedModel
from vqathinker.model.scores import ScoreTable
from vqathinker.model.write_groups import write_groups
from vqathinker.rating.answers import greedy_score, possible_scores, settled
from vqathinker.rewards import format_ok, parse_answer
from vqathinker.scorers import AnswerForm

MAX_NEW_TOKENS = 160


@dataclass(frozen=True)
class GreedyAnswer:
    """One answer: text and score as the Rater reports them, the expected score, the greedy number, and the variance of
    the score."""

    text: str
    score: float
    expected: float
    greedy: float
    variance: float


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


def greedy_answers(loaded: LoadedModel, prompt: Prompt, max_new_tokens: int = MAX_NEW_TOKENS) -> list[GreedyAnswer]:
    """Answers about the B videos of a prefilled prompt: what was written greedily, with the score of least risk."""
    tokenizer = loaded.processor.tokenizer
    rows = write(loaded.model, prompt, max_new_tokens=max_new_tokens, eos_token_id=loaded.eos_token_id)
    texts = tokenizer.batch_decode(rows, skip_special_tokens=True)
    form = loaded.scorer.form
    return [_answer(*found, form) for found in zip(texts, possible_scores(loaded, prompt, texts, rows), strict=True)]


def _answer(text: str, table: ScoreTable, form: AnswerForm) -> GreedyAnswer:
    score = table.least_risk
    return GreedyAnswer(settled(text, score, form), score, table.expected, greedy_score(text, form), table.variance)


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

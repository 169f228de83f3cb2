"""Two ways to answer about the same videos: the released one, and this package's. For serving_speed.py."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from transformers import StoppingCriteria, StoppingCriteriaList

from vqathinker.model.ahead import Ahead
from vqathinker.model.loading import LoadedModel
from vqathinker.model.serving import Request, serve
from vqathinker.rating.answers import possible_scores
from vqathinker.rating.feed import Feed
from vqathinker.rating.many import DECODED_AHEAD, MOST_JOBS
from vqathinker.video import Clip, load_clip

Get = Callable[[int], Clip]


@dataclass(frozen=True)
class Task:
    """Videos by number, and the length at which each answer is cut."""

    get: Get
    lengths: Sequence[int]


def from_files(paths: Sequence[Path], loaded: LoadedModel) -> Get:
    return lambda number: load_clip(paths[number % len(paths)], loaded.processor.video_spec)


def from_memory(paths: Sequence[Path], loaded: LoadedModel) -> Get:
    clips = [load_clip(path, loaded.processor.video_spec) for path in paths]
    return lambda number: clips[number % len(clips)]


class EachItsLength(StoppingCriteria):
    """Ends row b after `lengths[b]` new tokens, as an end token would."""

    def __init__(self, lengths: Sequence[int], prompt: int):
        self.lengths, self.prompt = torch.tensor(list(lengths)), prompt

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor, **_) -> torch.Tensor:
        return (input_ids.shape[1] - self.prompt >= self.lengths).to(input_ids.device)


@torch.inference_mode()
def released(loaded: LoadedModel, task: Task, batch: int) -> list[list[int]]:
    """One padded batch after the other: decode its videos, then `generate` with the vision tower inside it."""
    answers: list[list[int]] = []
    for start in range(0, len(task.lengths), batch):
        lengths = task.lengths[start : start + batch]
        clips = [task.get(number) for number in range(start, start + len(lengths))]
        inputs = loaded.processor(clips).to(loaded.model.device)
        prompt = inputs["input_ids"].shape[1]
        written = loaded.model.generate(
            **inputs,
            do_sample=False,
            max_new_tokens=max(lengths),
            eos_token_id=loaded.eos_token_id,
            pad_token_id=loaded.eos_token_id,
            suppress_tokens=[loaded.model.config.image_token_id],
            stopping_criteria=StoppingCriteriaList([EachItsLength(lengths, prompt)]),
        )
        answers += [row[:length] for row, length in zip(written[:, prompt:].tolist(), lengths, strict=True)]
    return answers


def ours(loaded: LoadedModel, task: Task, batch: int) -> list[list[int]]:
    """As `Rater.rate_many` does it, with the probabilities of all scores, which the released way does not compute."""
    input_ids = tuple(loaded.processor.prompt_ids())

    def prepare(number: int) -> Request:
        video = loaded.processor.video_inputs([task.get(number)])
        return Request(number, input_ids, video, task.lengths[number])

    def conclude(row, prompt) -> tuple[list[int], float]:
        text = loaded.processor.tokenizer.decode(row.tokens, skip_special_tokens=True)
        return row.tokens, possible_scores(loaded, prompt, [text], [row.tokens])[0].expected

    jobs = min(MOST_JOBS, os.cpu_count() or 1)
    feed = Feed(range(len(task.lengths)), prepare, jobs, jobs + DECODED_AHEAD)
    try:
        with Ahead(feed, loaded.model) as source:
            served = dict(serve(loaded.model, source, conclude, batch=batch, eos_token_id=loaded.eos_token_id))
    finally:
        feed.close()
    return [served[number][0] for number in range(len(task.lengths))]


def timed(
    action: Callable, *arguments, clock: Callable[[], float] = time.perf_counter
) -> tuple[float, list[list[int]]]:
    """Seconds of a call by a clock, and what it returned; a GPU is waited for."""
    start = clock()
    result = action(*arguments)
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return clock() - start, result


def same(first: Sequence[Sequence[int]], second: Sequence[Sequence[int]], end: int) -> float:
    """Share of answers that are equal up to their end."""

    def cut(row: Sequence[int]) -> list[int]:
        return list(row[: row.index(end)] if end in row else row)

    return sum(cut(one) == cut(other) for one, other in zip(first, second, strict=True)) / len(first)

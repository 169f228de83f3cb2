"""Rating many videos: decoded ahead in their own processes, answered side by side, handed on in their order."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from ..errors import VideoError
from ..model.ahead import Ahead
from ..model.generation import Prompt
from ..model.loading import LoadedModel
from ..model.memory import videos_that_fit
from ..model.serving import Later, Refused, Request, RunningAnswer, serve
from ..video import Clip, Crew, load_clip
from .answers import check_shown, frames_of, make_rating, possible_scores, sampling
from .feed import Feed
from .rating import Frame, Rating, Rollout, Timings

logger = logging.getLogger(__name__)
K, T = TypeVar("K"), TypeVar("T")
Ask = Callable[[Clip], tuple[tuple[int, ...], dict]]
MOST_BATCH = {"cpu": 8, "cuda": 32}
"""Answers under way at a time, where nothing else is said and memory is enough."""
MOST_JOBS = 8
DECODED_AHEAD = 4
"""Decoded videos that wait for the model, beside those that are being decoded."""


@dataclass(frozen=True)
class BatchPlan:
    """How many answers are written at a time, and how many videos are decoded at a time."""

    batch: int
    jobs: int

    def __post_init__(self) -> None:
        if self.batch < 1 or self.jobs < 1:
            raise ValueError(f"batch and jobs must be at least 1, got {self.batch} and {self.jobs}")


def make_batch_plan(loaded: LoadedModel, batch: int | None = None, jobs: int | None = None) -> BatchPlan:
    """What was asked for; where nothing was, what the memory that is free and the processors allow."""
    device = loaded.model.device
    if batch is None:
        batch = videos_that_fit(loaded.sizes, loaded.precision, device, MOST_BATCH.get(device.type, 8))
    return BatchPlan(batch, min(MOST_JOBS, processors()) if jobs is None else jobs)


def processors() -> int:
    """Processors of this process: those it may use, shared with the processes launched beside it on this machine."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, usable // int(os.environ.get("LOCAL_WORLD_SIZE", "1")))


@dataclass(frozen=True)
class DecodedVideo:
    """A video on its way: its place among all, and what the rating says of it beside the answer."""

    number: int
    path: str | Path
    frames: tuple[Frame, ...]
    began: float
    decode_s: float
    notes: tuple[str, ...] = ()


def rate_many(
    loaded: LoadedModel,
    paths: Iterable[str | Path],
    plan: BatchPlan,
    *,
    max_new_tokens: int,
    rollouts: int = 0,
    seed: int = 0,
    turn: threading.Lock | None = None,
    report: Callable[[str], None] = lambda sentence: None,
) -> Iterator[Rating | VideoError]:
    """One rating for each path, in their order, or the error of a file that cannot be rated.

    `report` is told in a sentence when memory runs out and fewer are rated at a time; raises ModelError when one is
    still too much. The `total_s` of a rating runs from the start of its decoding, its waits included. Decoding
    processes go on with the next file, with one thread where as many decode at a time as there are processors.
    """
    ask = loaded.processor.asking()
    crew = Crew(threads=max(1, processors() // plan.jobs))

    def prepare(item: tuple[int, str | Path]) -> Request | Refused:
        decoded, asked = _decode(loaded, ask, *item, crew)
        if isinstance(asked, VideoError):
            return Refused(decoded, asked)
        return Request(decoded, *asked, max_new_tokens)

    def finish(row: RunningAnswer, prompt: Prompt) -> Rating | Later:
        rate = concluded(loaded, row, prompt)
        return Later(sampled(rate, prompt)) if rollouts else rate(())

    def sampled(rate: Callable[[tuple[Rollout, ...]], Rating], prompt: Prompt) -> Generator[None, None, Rating]:
        return rate((yield from sampling(loaded, prompt, max_new_tokens, rollouts, seed)))

    feed = Feed(enumerate(paths), prepare, plan.jobs, plan.jobs + DECODED_AHEAD)
    options = {"batch": plan.batch, "eos_token_id": loaded.eos_token_id, "turn": turn, "report": report}
    try:
        with Ahead(feed, loaded.model) as source:
            for _, result in in_order(serve(loaded.model, source, finish, **options)):
                yield result
    finally:
        feed.close()
        crew.close()


def in_order(served: Iterable[tuple[K, T]]) -> Iterator[tuple[K, T]]:
    """What was served, by the `number` of its keys: 0, 1, …, each held back until those before it are there."""
    held, number = {}, 0
    for key, result in served:
        held[key.number] = key, result
        while number in held:
            yield held.pop(number)
            number += 1


def _decode(
    loaded: LoadedModel, ask: Ask, number: int, path: str | Path, crew: Crew
) -> tuple[DecodedVideo, tuple[tuple[int, ...], dict] | VideoError]:
    """A video on its way with its prompt and tensors, or why it cannot be rated."""
    began, frames = time.perf_counter(), ()
    try:
        clip = load_clip(path, loaded.video_spec, crew=crew)
        check_shown(loaded, clip)
        frames, decode_s = frames_of(clip), time.perf_counter() - began
        return DecodedVideo(number, path, frames, began, decode_s, clip.notes), ask(clip)
    except VideoError as error:
        reason = error
    except Exception as error:  # one file must not end a run over thousands
        logger.debug("%s", path, exc_info=error)
        reason = VideoError(f"{Path(path).name} cannot be prepared: {type(error).__name__}: {error}")
    return DecodedVideo(number, path, frames, began, time.perf_counter() - began), reason


def concluded(loaded: LoadedModel, row: RunningAnswer, prompt: Prompt) -> Callable[[tuple[Rollout, ...]], Rating]:
    """The rating of a finished row whose key is a `DecodedVideo`, as soon as there are the sampled answers about it."""
    decoded, tokenizer = row.request.key, loaded.processor.tokenizer
    tokens = [token for token in row.tokens if token != loaded.eos_token_id]
    text = tokenizer.decode(tokens, skip_special_tokens=True)
    table = possible_scores(loaded, prompt, [text], [tokens])[0]

    def rate(sampled: tuple[Rollout, ...]) -> Rating:
        timings = Timings(
            decode_s=decoded.decode_s,
            encode_s=row.encoded - row.began,
            first_token_s=row.first_token - row.began,
            total_s=time.perf_counter() - decoded.began,
        )
        overview = row.request.video.get("overview")
        return make_rating(loaded, decoded.path, decoded.frames, text, table, sampled, timings, decoded.notes, overview)

    return rate

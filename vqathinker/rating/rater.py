"""The one object that the command line, Python users and the Space know."""

from __future__ import annotations

import queue
import re
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from transformers import BatchFeature, TextIteratorStreamer

from ..errors import ModelError
from ..model.generation import Prompt, ScoreTable, prefill, rollout_seeds, score_table, write
from ..model.loading import LoadedModel
from ..rewards import parse_answer
from ..video import Clip, load_clip
from .defects import parse_defects
from .rating import Comparison, Frame, Rating, Rollout, Timings

ANSWER_OPEN = "<answer>"
THINK = re.compile(r"<think>(.*?)(?:</think>|<answer>|$)", re.DOTALL)


@dataclass(frozen=True)
class Watched:
    """The clip is decoded: its frames can be shown."""

    clip: Clip


@dataclass(frozen=True)
class Wrote:
    """The answer so far."""

    text: str


@dataclass(frozen=True)
class Rated:
    """The end: the whole rating."""

    rating: Rating


Event = Watched | Wrote | Rated


class Rater:
    """Rates videos with one loaded model; calls from several threads decode side by side and take turns at it."""

    def __init__(self, loaded: LoadedModel, max_new_tokens: int = 160):
        self.loaded = loaded
        self.max_new_tokens = max_new_tokens
        self._model_turn = threading.Lock()

    @property
    def name(self) -> str:
        return self.loaded.name

    @property
    def precision(self) -> str:
        return self.loaded.precision

    def rate(self, path: str | Path, rollouts: int = 0, seed: int = 0) -> Rating:
        """Rate a video or a still image. `rollouts` more answers are sampled with `seed`; they do not move the score.

        Raises VideoError when the file cannot be rated.
        """
        for event in self.watch(path, rollouts, seed):
            if isinstance(event, Rated):
                return event.rating
        raise ModelError("the rating was cancelled")

    def stream(self, path: str | Path) -> Iterator[str]:
        """The growing text of the greedy answer; closing the iterator stops the model."""
        with_text = (event.text for event in self.watch(path) if isinstance(event, Wrote))
        yield from with_text

    def compare(self, first: str | Path, second: str | Path, rollouts: int = 8, seed: int = 0) -> Comparison:
        """Rate both and tell how probable it is that the first is better. Needs at least two rollouts."""
        if rollouts < 2:
            raise ValueError(f"a comparison needs at least 2 rollouts, got {rollouts}")
        return Comparison(self.rate(first, rollouts, seed), self.rate(second, rollouts, seed))

    def watch(
        self, path: str | Path, rollouts: int = 0, seed: int = 0, cancel: threading.Event | None = None
    ) -> Iterator[Event]:
        """All that happens while a video is rated: Watched once, Wrote as the text grows, Rated at the end.

        Setting `cancel` or closing the iterator stops the model within one token; no Rated follows then.
        """
        if rollouts < 0:
            raise ValueError(f"rollouts must not be negative, got {rollouts}")
        cancel = cancel or threading.Event()
        start = time.perf_counter()
        clip = load_clip(path, self.loaded.processor.video_spec)
        decoded = time.perf_counter()
        yield Watched(clip)
        if cancel.is_set():
            return
        with self._model_turn:
            began = time.perf_counter()
            prompt = prefill(self.loaded.model, self._inputs(clip))
            encoded, first_token = time.perf_counter(), None
            text = ""
            for text in self._stream(prompt, cancel):
                first_token = first_token or time.perf_counter()
                yield Wrote(text)
            if cancel.is_set():
                return
            table = self._score_table(prompt, text)
            sampled = self._rollouts(prompt, rollouts, seed)
        end = time.perf_counter()
        timings = Timings(decoded - start, encoded - began, (first_token or end) - began, end - start)
        yield Rated(self._rating(path, clip, text, table, sampled, timings))

    def _inputs(self, clip: Clip) -> BatchFeature:
        inputs = self.loaded.processor(clip)
        return inputs.to(self.loaded.model.device)

    def _stream(self, prompt: Prompt, cancel: threading.Event) -> Iterator[str]:
        tokenizer = self.loaded.processor.tokenizer
        streamer = TextIteratorStreamer(tokenizer, skip_prompt=True, skip_special_tokens=True)
        failure: queue.SimpleQueue[BaseException] = queue.SimpleQueue()

        def run() -> None:
            try:
                write(self.loaded.model, prompt, streamer=streamer, cancel=cancel, **self._limits)
            except BaseException as error:
                failure.put(error)
            finally:
                streamer.end()

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        text = ""
        try:
            for piece in streamer:
                if piece:
                    text += piece
                    yield text
        except BaseException:
            cancel.set()
            raise
        finally:
            thread.join()
        if not failure.empty():
            raise failure.get()

    @property
    def _limits(self) -> dict[str, int]:
        return {"max_new_tokens": self.max_new_tokens, "eos_token_id": self.loaded.eos_token_id}

    def _rollouts(self, prompt: Prompt, count: int, seed: int) -> tuple[Rollout, ...]:
        if not count:
            return ()
        rows = write(self.loaded.model, prompt, seeds=rollout_seeds(seed, count), **self._limits)
        texts = self.loaded.processor.tokenizer.batch_decode(rows, skip_special_tokens=True)
        return tuple(Rollout(text) for text in texts)

    @cached_property
    def _digits(self) -> list[int]:
        return self.loaded.processor.tokenizer.convert_tokens_to_ids(list("0123456789"))

    def _score_table(self, prompt: Prompt, text: str) -> ScoreTable:
        """What the model would answer where `text` opens its answer, or at its end when it never does."""
        tokenizer = self.loaded.processor.tokenizer
        opened = text[: text.rindex(ANSWER_OPEN)] if ANSWER_OPEN in text else text
        written = tokenizer(opened + ANSWER_OPEN, add_special_tokens=False)["input_ids"]
        point = tokenizer.convert_tokens_to_ids(".")
        return score_table(self.loaded.model, prompt, written, self._digits, point)

    def _rating(
        self,
        path: str | Path,
        clip: Clip,
        text: str,
        table: ScoreTable,
        rollouts: tuple[Rollout, ...],
        timings: Timings,
    ) -> Rating:
        thinking = THINK.search(text)
        thought = thinking.group(1).strip() if thinking else text.split(ANSWER_OPEN)[0].strip()
        answer = parse_answer(text)
        return Rating(
            file=Path(path).name,
            score=table.best if answer is None or not 1 <= answer <= 5 else answer,
            expected=table.expected,
            text=text,
            reasoning=thought,
            defects=parse_defects(thought),
            frames=tuple(Frame(index, t) for index, t in zip(clip.indices, clip.times, strict=True)),
            rollouts=rollouts,
            model=self.name,
            precision=self.precision,
            timings=timings,
        )

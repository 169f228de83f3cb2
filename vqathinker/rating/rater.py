"""The one object that the command line, Python users and the Space know."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import torch

from ..errors import ModelError, VideoError
from ..model.generation import Prompt, encode, prefill
from ..model.loading import LoadedModel
from ..model.memory import clear_memory_error
from ..protocols import RELEASED
from ..scorers import Scorer, cannot
from ..video import Clip, Crew, DecodeCancelled, disorder, load_clip
from ..video.windows import WindowSpec
from . import many
from .answers import check_shown, frames_of, make_rating, possible_scores, sample_answers, stream_answer
from .ask import Reply, can_ask, check_question, reply_in
from .events import Event, Rated, Replied, TimelineEvent, TimelineMade, Watched, Wrote
from .rating import Comparison, Rating, Timings
from .reading import read_windows
from .timeline import Timeline
from .words import before_judgement

logger = logging.getLogger(__name__)
KEEP_S = 5.0
"""How long a decoding process waits for the next file: to start one takes longer than to decode many a clip."""


@dataclass
class Draft:
    """An answer that is being written, what is shown of it, and when its parts were done (time.perf_counter). The
    closing judgement waits for the score, whose word it says. `overview` is that of the model's `Encoded`, where the
    novelty of the video is asked for."""

    prompt: Prompt | None = None
    overview: torch.Tensor | None = None
    tokens: list[int] = field(default_factory=list)
    text: str = ""
    shown: str = ""
    began: float = 0.0
    encoded: float = 0.0
    first_token: float = 0.0

    def timings(self, start: float, decoded: float) -> Timings:
        """Of the whole, which ends now."""
        end = time.perf_counter()
        return Timings(decoded - start, self.encoded - self.began, (self.first_token or end) - self.began, end - start)


class Rater:
    """Rates videos with one loaded model; calls from several threads decode side by side and take turns at it.

    A call inside a loop over a stream waits until the stream's answer is written to its end.
    """

    def __init__(self, loaded: LoadedModel, max_new_tokens: int = 160):
        self.loaded = loaded
        self.max_new_tokens = max_new_tokens
        self._model_turn = threading.Lock()
        self._crew = Crew(keep_s=KEEP_S)

    def close(self) -> None:
        """End the decoding process that waits for the next file now, not some seconds later. Ratings go on, each with
        a process of its own."""
        self._crew.close()

    @property
    def name(self) -> str:
        return self.loaded.name

    @property
    def precision(self) -> str:
        return self.loaded.precision

    @property
    def protocol(self) -> str:
        """How scores are read: "default", or "released" as in the published evaluation."""
        return self.loaded.protocol

    @property
    def scorer(self) -> Scorer:
        """Which of the known models it is, or is of the kind of, and what it can do."""
        return self.loaded.scorer

    @property
    def parameters(self) -> int:
        """How many numbers the model has."""
        return self.loaded.model.num_parameters()

    @property
    def note(self) -> str:
        """Why this precision, where it was left to be chosen."""
        return self.loaded.note

    def rate(self, path: str | Path | Clip, rollouts: int = 0, seed: int = 0, perturbation: str = "") -> Rating:
        """Rate a video or a still image. `rollouts` more answers are sampled with `seed`; they do not move the score.
        A Clip of this model's `video_spec` may stand in the place of its file, but not be perturbed.

        `perturbation` names one of `vqathinker.video.PERTURBATIONS`: the clip is shown in that disorder, drawn with
        `seed`. Raises VideoError when the file cannot be rated.
        """
        for event in self.watch(path, rollouts, seed, perturbation=perturbation):
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
        self,
        path: str | Path | Clip,
        rollouts: int = 0,
        seed: int = 0,
        cancel: threading.Event | None = None,
        perturbation: str = "",
    ) -> Iterator[Event]:
        """All that happens while a video is rated, as in `rate`: Watched once, Wrote as the text grows, Rated.

        Setting `cancel` stops decoding at once and the model within one token, and so does closing the iterator; no
        Rated follows then. The time for which the iterator is left alone after Watched counts in no timing.
        """
        if rollouts < 0:
            raise ValueError(f"rollouts must not be negative, got {rollouts}")
        if perturbation and isinstance(path, Clip):
            raise ValueError("a clip is perturbed as it is read from its file")
        cancel = cancel or threading.Event()
        timeline = disorder(perturbation, seed) if perturbation else None
        start = time.perf_counter()
        try:
            clip = path
            if not isinstance(path, Clip):
                clip = load_clip(path, self.loaded.video_spec, timeline=timeline, cancel=cancel, crew=self._crew)
        except DecodeCancelled:
            return
        check_shown(self.loaded, clip)
        decoded = time.perf_counter()
        yield Watched(clip)
        away = time.perf_counter() - decoded
        if cancel.is_set():
            return
        with clear_memory_error():
            draft = yield from self._write(clip, cancel)
            if cancel.is_set():
                return
            with self._model_turn:
                table = possible_scores(self.loaded, draft.prompt, [draft.text], [draft.tokens])[0]
                sampled = sample_answers(self.loaded, draft.prompt, self.max_new_tokens, rollouts, seed, cancel)
        if cancel.is_set():
            return
        timings = draft.timings(start + away, decoded + away)
        file = "" if path is clip else path
        answered = (frames_of(clip), draft.text, table, sampled, timings, clip.notes)
        rating = make_rating(self.loaded, file, *answered, draft.overview)
        if rating.text != draft.shown:
            yield Wrote(rating.text)
        yield Rated(rating)

    def rate_many(
        self,
        paths: Iterable[str | Path],
        rollouts: int = 0,
        seed: int = 0,
        *,
        batch: int | None = None,
        jobs: int | None = None,
        report: Callable[[str], None] = logger.warning,
    ) -> Iterator[Rating | VideoError]:
        """What `rate` says of each path, in their order, or the error of a file that cannot be rated.

        At most `batch` answers are written at a time while `jobs` videos are decoded; by default as many as fit.
        `report` is told when memory runs out and fewer go on. Raises ModelError when one video is still too much.
        """
        if rollouts < 0:
            raise ValueError(f"rollouts must not be negative, got {rollouts}")
        plan = many.make_batch_plan(self.loaded, batch, jobs)
        limits = {"max_new_tokens": self.max_new_tokens, "rollouts": rollouts, "seed": seed}
        return many.rate_many(self.loaded, paths, plan, turn=self._model_turn, report=report, **limits)

    def timeline(self, path: str | Path, window_s: float = 2.0, overlap: float = 0.5) -> Timeline:
        """Rate a film window by window, and place its faults: windows of `window_s` seconds within its shots, of which
        each shows `overlap` of the one before again. Long films: see `WindowSpec`.

        Raises VideoError for what cannot be shown, still pictures among it, and ValueError for impossible windows.
        """
        for event in self.timeline_events(path, window_s, overlap):
            if isinstance(event, TimelineMade):
                return event.timeline
        raise ModelError("the timeline was cancelled")

    def timeline_events(
        self,
        path: str | Path,
        window_s: float = 2.0,
        overlap: float = 0.5,
        cancel: threading.Event | None = None,
        *,
        batch: int | None = None,
        report: Callable[[str], None] = logger.warning,
    ) -> Iterator[TimelineEvent]:
        """All that happens meanwhile: Opened, WindowRated as windows are rated, in their order, and TimelineMade.

        Setting `cancel` ends it early, with the timeline of what was rated. At most `batch` windows at a time.
        """
        if reason := cannot(self.loaded.scorer, "timeline"):
            raise ModelError(reason)
        plan = many.make_batch_plan(self.loaded, batch, 1)
        limits = {"batch": plan.batch, "max_new_tokens": self.max_new_tokens, "turn": self._model_turn}
        cancel, spec = cancel or threading.Event(), WindowSpec(window_s, overlap)
        return read_windows(self.loaded, path, spec, cancel=cancel, report=report, **limits)

    @property
    def can_ask(self) -> bool:
        """Whether `ask` works: the tiny model only rates."""
        return can_ask(self.loaded)

    def ask(self, path: str | Path, question: str) -> Reply:
        """Ask anything about the quality of a video, in the prompt in which the model was trained to give scores.

        Raises VideoError, QuestionError, and ModelError for a model that cannot answer.
        """
        for event in self.watch_asked(path, question):
            if isinstance(event, Replied):
                return event.reply
        raise ModelError("the question was cancelled")

    def watch_asked(
        self, path: str | Path, question: str, cancel: threading.Event | None = None
    ) -> Iterator[Watched | Wrote | Replied]:
        """All that happens while a question is answered, as in `watch`: Watched, Wrote as the text grows, Replied."""
        question = check_question(self.loaded, question)
        cancel = cancel or threading.Event()
        start = time.perf_counter()
        try:
            clip = load_clip(path, self.loaded.video_spec, cancel=cancel, crew=self._crew)
        except DecodeCancelled:
            return
        decoded = time.perf_counter()
        yield Watched(clip)
        away = time.perf_counter() - decoded
        with clear_memory_error():
            draft = yield from self._write(clip, cancel, question)
        if cancel.is_set():
            return
        timings = draft.timings(start + away, decoded + away)
        answer, reasoning = reply_in(draft.text)
        parts = {"frames": frames_of(clip), "model": self.name, "precision": self.precision, "timings": timings}
        yield Replied(Reply(Path(path).name, question, answer, reasoning, draft.text, **parts))

    def _write(self, clip: Clip, cancel: threading.Event, question: str | None = None) -> Generator[Wrote, None, Draft]:
        """Wrote as the answer grows; returns all that is known of it at its end."""
        draft = Draft()

        def prepare() -> Prompt:
            draft.began = time.perf_counter()
            inputs = self.loaded.processor(clip, question=question).to(self.loaded.model.device)
            if self.loaded.novelty:
                inputs, draft.overview = encode(self.loaded.model, inputs)
            draft.prompt = prefill(self.loaded.model, inputs)
            draft.encoded = time.perf_counter()
            return draft.prompt

        limits = (self.max_new_tokens, cancel, self._model_turn, draft.tokens)
        for draft.text in stream_answer(self.loaded, prepare, *limits):
            draft.first_token = draft.first_token or time.perf_counter()
            shown = draft.text if question or self.loaded.protocol == RELEASED else before_judgement(draft.text)
            if shown != draft.shown:
                draft.shown = shown
                yield Wrote(shown)
        return draft

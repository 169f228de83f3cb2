"""The page's model: loaded in the background, asked by one visitor at a time in fair turns, stopped when they leave."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import gradio as gr

from ... import load_rater, precisions_of_both
from ...environment import on_zero_gpu
from ...errors import ModelError, VQAThinkerError
from ...rating.events import Rated, TimelineMade
from ...scorers import cannot, which
from ..settings import Settings
from .leavers import Leavers
from .line import Line, LineStage, Ticket
from .loader import Loader
from .metrics import Clock, Metrics
from .requests import Job
from .visitors import Visitor

if TYPE_CHECKING:  # the page is there before torch is
    from ...rating import Event, Rater, Rating, Timeline

TAG = re.compile(r"<[^>]*>")
PATIENCE_S = 0.3
"""How long a visitor who waits, and then leaves or stops, stays in the line."""
SLICE_S = 3.0
"""How long a timeline has the model while others are ready for it."""


@dataclass(frozen=True)
class Waiting:
    """So many visitors are before this one; 0 when that has come to an end."""

    ahead: int


class Model:
    """A Rater that is being loaded while the page is served already, and perhaps a second one to compare it with.

    Both have one line: at a time one of them works.
    """

    def __init__(self, settings: Settings):
        self.settings, self.metrics = settings, Metrics()
        self.line, self.leavers = Line(settings.bounds), Leavers()
        self.loader = Loader(self._load)
        self.beside = Loader(self._load_beside) if settings.beside_model else None
        self._rate = self._lend_gpu() if on_zero_gpu() else self._rate_here
        for loader in self._loaders:  # after `spaces`, which makes torch see the GPU that is to come
            if not (on_zero_gpu() and loader.attempt()):
                loader.start()
        self.metrics.gauge("vqathinker_model_ready", "1 when the model is loaded", lambda: self.ready)
        if self.beside:
            self.metrics.gauge("vqathinker_beside_model_ready", "1 when the second is", lambda: self.beside.ready)
        waiting = "Ratings that wait, for their decoding or for the model"
        self.metrics.gauge(
            "vqathinker_waiting", waiting, lambda: self.line.count(LineStage.WAITING, LineStage.PREPARED)
        )
        self.metrics.gauge("vqathinker_decoding", "Videos being decoded", lambda: self.line.count(LineStage.PREPARING))

    @property
    def ready(self) -> bool:
        return self.loader.ready

    @property
    def problem(self) -> str:
        """Why there is no model, "" while it is being loaded for the first time."""
        return self.loader.problem

    @property
    def complete(self) -> bool:
        """Whether all models that the page shall have are there."""
        return all(loader.ready for loader in self._loaders)

    def rater(self, beside: bool = False) -> Rater:
        """The Rater, or the second one, after waiting for it. Raises ModelError when it could not be loaded."""
        return self._loader(beside).rater()

    def cannot(self, ability: str) -> str:
        """That the model lacks an ability (`scorers.Abilities`), in a sentence, as far as its name tells; else ""."""
        try:
            scorer, _ = which(self.settings.model)
        except ModelError:
            scorer = None
        return cannot(scorer, ability) if scorer else ""

    @property
    def _loaders(self) -> list[Loader]:
        return [self.loader, self.beside] if self.beside else [self.loader]

    def _loader(self, beside: bool) -> Loader:
        if beside and self.beside is None:
            raise ModelError("this page has one model only")
        return self.beside if beside else self.loader

    def _load(self) -> Rater:
        """In a precision that leaves room for the second, where there is one that does."""
        precision = self.settings.precision
        if self.settings.beside_model:
            with suppress(VQAThinkerError):  # the second says so when it is loaded; the first works without it
                precision, _ = precisions_of_both(self.settings.model, self.settings.beside_model, precision)
        return load_rater(self.settings.model, precision)

    def _load_beside(self) -> Rater:
        """After the first, beside which it is checked again: what else takes memory may have changed."""
        first, names = self.rater(), (self.settings.model, self.settings.beside_model)
        _, precision = precisions_of_both(*names, self.settings.precision, first.precision)
        return load_rater(self.settings.beside_model, precision)

    def close(self, seconds: float = 2.0) -> None:
        """End all that is under way, and wait a little for it; a step of the model cannot be interrupted."""
        for loader in self._loaders:
            loader.close()
        self.leavers.close()
        end = time.monotonic() + seconds
        while self.line.count() and time.monotonic() < end:
            time.sleep(0.02)

    def watch(self, jobs: Sequence[Job], cancel: threading.Event, visitor: Visitor | None = None) -> Iterator:
        """Waiting while others are before, and the events of Rater.watch, job by job, each in a turn of its own.

        A clip is decoded before its turn. Setting `cancel` ends it early, and so does the visitor by leaving. Raises
        BusyError, VideoError and ModelError.
        """
        visitor, tickets = visitor or Visitor(), []

        def release() -> None:
            for ticket in tickets:
                self.line.leave(ticket)

        with self.leavers.watched(visitor.here, cancel, release):
            for job in jobs:
                with self.metrics.counted() as done:
                    tickets.append(self.line.join(visitor))
                    yield from self._watch(job, cancel, tickets[-1])
                    if cancel.is_set():
                        return
                    done()

    def rate(self, *jobs: Job, visitor: Visitor | None = None) -> list[Rating]:
        """The ratings of all jobs, fewer when the visitor has left. Raises BusyError, VideoError and ModelError."""
        events = list(self.watch(jobs, threading.Event(), visitor))
        return [event.rating for event in events if isinstance(event, Rated)]

    def timeline(self, job: Job, visitor: Visitor | None = None) -> Timeline | None:
        """The timeline of a job with a `window_s`, None when the visitor has left. Raises as `rate` does."""
        events = list(self.watch([job], threading.Event(), visitor))
        return events[-1].timeline if events and isinstance(events[-1], TimelineMade) else None

    def _watch(self, job: Job, cancel: threading.Event, ticket: Ticket) -> Iterator[Waiting | Event]:
        clock = Clock()
        try:
            self._loader(job.beside).rater(cancel)
            yield from self._wait(ticket, cancel)
            if cancel.is_set():
                return
            with closing(self._rate(job, cancel)) as events:
                if not on_zero_gpu():  # there, all of it happens on the GPU that is lent
                    yield from first(events)
                self.line.prepared(ticket)
                yield from self._wait(ticket, cancel)
                if cancel.is_set():
                    return
                self.metrics.waits.observe(clock.lap())
                yield from self._resting(events, ticket, cancel) if job.window_s else events
                self.metrics.turns.observe(clock.lap())
        finally:
            self.line.leave(ticket)

    def _resting(self, events: Iterator, ticket: Ticket, cancel: threading.Event) -> Iterator:
        """Events of a long piece of work, which lets others have the model between them every few seconds."""
        began = time.monotonic()
        for event in events:
            yield event
            if time.monotonic() - began > SLICE_S and self.line.count(LineStage.PREPARED):
                self.line.rest(ticket)
                yield from self._wait(ticket, cancel)
                began = time.monotonic()

    def _wait(self, ticket: Ticket, cancel: threading.Event) -> Iterator[Waiting]:
        """Until the holder of the ticket may go on, or gives up."""
        told = 0
        while (ahead := self.line.ahead(ticket, PATIENCE_S)) and not cancel.is_set():
            if ahead != told:
                yield Waiting(told := ahead)
        if told and not ahead:
            yield Waiting(0)

    def _rate_here(self, job: Job, cancel: threading.Event) -> Iterator[Event]:
        rater = self.rater(job.beside)
        if job.window_s:
            yield from rater.timeline_events(job.path, job.window_s, cancel=cancel)
            return
        if job.question:
            yield from rater.watch_asked(job.path, job.question, cancel)
            return
        yield from rater.watch(job.path, job.rollouts, job.seed, cancel, job.perturbation)

    def _lend_gpu(self) -> Callable[[Job, threading.Event], Iterator[Event]]:
        """ZeroGPU runs the call in another process: an Event cannot go there, leaving the page ends it instead."""
        import spaces

        @spaces.GPU(duration=lambda job: self.settings.gpu_duration(job.rollouts))
        def rate_on_gpu(job: Job) -> Iterator[Event | VQAThinkerError]:
            try:
                yield from self._rate_here(job, threading.Event())
            except VQAThinkerError as error:  # of what is raised there, only the name of its class arrives here
                yield error

        def rate(job: Job, cancel: threading.Event) -> Iterator[Event]:
            try:
                for event in rate_on_gpu(job):
                    if cancel.is_set():
                        return
                    if isinstance(event, VQAThinkerError):
                        raise event
                    yield event
            except gr.Error as error:  # ZeroGPU has no device, or the visitor no time left on one
                raise ModelError(TAG.sub("", error.message).strip()) from None

        return rate


def first(events: Iterator) -> Iterator:
    """The next event alone."""
    for event in events:
        yield event
        return

"""The page's model: loaded in the background, asked by one visitor at a time, stopped when a visitor says so."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING

import gradio as gr

from .. import load_rater
from ..errors import ModelError, VQAThinkerError
from .line import Line
from .settings import Settings, on_zero_gpu
from .wishes import Job

if TYPE_CHECKING:  # the page is there before torch is
    from ..rating import Event, Rater, Rating

TAG = re.compile(r"<[^>]*>")
PATIENCE_S = 0.3
"""How long a visitor who waits, and then leaves or stops, stays in the line."""


@dataclass(frozen=True)
class Waiting:
    """So many visitors are before this one."""

    ahead: int


class Model:
    """A Rater that is being loaded while the page is served already."""

    def __init__(self, settings: Settings):
        self.settings = settings
        self.line = Line()
        self._rater: Future[Rater] = Future()
        if on_zero_gpu():
            self._rate = self._lend_gpu()  # before torch looks for a GPU: `spaces` makes it see the one to come
            self._load()
        else:
            threading.Thread(target=self._load, name="load-model", daemon=True).start()
            self._rate = self._rate_here

    @property
    def ready(self) -> bool:
        return self._rater.done()

    def rater(self) -> Rater:
        """The Rater, after waiting for it. Raises ModelError when it could not be loaded."""
        return self._rater.result()

    def watch(self, jobs: Sequence[Job], cancel: threading.Event) -> Iterator[Waiting | Event]:
        """Waiting while others are before, then the events of Rater.watch, job by job, in one turn.

        Setting `cancel` ends it early. Raises VideoError and ModelError.
        """
        ticket, told = self.line.join(), 0
        try:
            while ahead := self.line.ahead(ticket, PATIENCE_S):
                if cancel.is_set():
                    return
                if ahead != told:
                    yield Waiting(told := ahead)
            for job in jobs:
                if cancel.is_set():
                    return
                yield from self._rate(job, cancel)
        finally:
            self.line.leave(ticket)

    def rate(self, *jobs: Job) -> list[Rating]:
        """The ratings of all jobs. Raises VideoError and ModelError."""
        self.rater()
        from ..rating import Rated  # not before the loading thread has imported all of it

        events = self.watch(jobs, threading.Event())
        return [event.rating for event in events if isinstance(event, Rated)]

    def _load(self) -> None:
        try:
            self._rater.set_result(load_rater(self.settings.model, self.settings.precision))
        except BaseException as error:
            self._rater.set_exception(error)

    def _rate_here(self, job: Job, cancel: threading.Event) -> Iterator[Event]:
        if job.question:
            yield from self.rater().watch_asked(job.path, job.question, cancel)
            return
        yield from self.rater().watch(job.path, job.rollouts, job.seed, cancel, job.perturbation)

    def _lend_gpu(self) -> Callable[[Job, threading.Event], Iterator[Event]]:
        """ZeroGPU runs the call in another process: an Event cannot go there, leaving the page ends it instead."""
        import spaces

        @spaces.GPU(duration=self.settings.gpu_duration)
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

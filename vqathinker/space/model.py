"""The page's model: loaded in the background, watched one video at a time, stopped when a visitor says so."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING

from .. import load_rater
from .settings import Settings, on_zero_gpu

if TYPE_CHECKING:  # the page is there before torch is
    from ..rating import Event, Rater


class Model:
    """A Rater that is being loaded while the page is served already."""

    def __init__(self, settings: Settings):
        self.settings = settings
        self._rater: Future[Rater] = Future()
        if on_zero_gpu():
            self._load()
            self._watch = self._lend_gpu()
        else:
            threading.Thread(target=self._load, name="load-model", daemon=True).start()
            self._watch = self._watch_here

    @property
    def ready(self) -> bool:
        return self._rater.done()

    def rater(self) -> Rater:
        """The Rater, after waiting for it. Raises ModelError when it could not be loaded."""
        return self._rater.result()

    def watch(self, path: str | Path, cancel: threading.Event) -> Iterator[Event]:
        """As Rater.watch; raises VideoError and ModelError."""
        yield from self._watch(str(path), cancel)

    def _load(self) -> None:
        try:
            self._rater.set_result(load_rater(self.settings.model, self.settings.precision))
        except BaseException as error:
            self._rater.set_exception(error)

    def _watch_here(self, path: str, cancel: threading.Event) -> Iterator[Event]:
        yield from self.rater().watch(path, cancel=cancel)

    def _lend_gpu(self):
        """ZeroGPU runs the call in another process: an Event cannot go there, leaving the page ends it instead."""
        import spaces

        @spaces.GPU(duration=self.settings.gpu_seconds)
        def watch_on_gpu(path: str) -> Iterator[Event]:
            yield from self.rater().watch(path)

        def watch(path: str, cancel: threading.Event) -> Iterator[Event]:
            for event in watch_on_gpu(path):
                if cancel.is_set():
                    return
                yield event

        return watch


class Jobs:
    """What each visitor has asked for last: an event that is set when it is no longer wanted.

    A page asks before it waits in the queue, so that Stop works while waiting, too. (Gradio's own `cancels` can lose
    the visitor's next request when Stop comes just as a rating begins.)
    """

    def __init__(self):
        self._lock = threading.Lock()
        self._wanted: dict[str, threading.Event] = {}

    def ask(self, visitor: str) -> None:
        """A new wish; what the visitor asked for before is stopped."""
        self.stop(visitor)
        with self._lock:
            self._wanted[visitor] = threading.Event()

    def wanted(self, visitor: str) -> threading.Event | None:
        """The event that stops the visitor's wish, None when there is none (any more)."""
        with self._lock:
            return self._wanted.get(visitor)

    def stop(self, visitor: str) -> None:
        with self._lock:
            event = self._wanted.pop(visitor, None)
        if event:
            event.set()

    def finish(self, visitor: str, event: threading.Event) -> None:
        event.set()
        with self._lock:
            if self._wanted.get(visitor) is event:
                del self._wanted[visitor]

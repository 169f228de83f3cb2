"""The page's model: loaded in the background, watched one video at a time, stopped when a visitor says so."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
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


@dataclass(frozen=True)
class Wish:
    """A file that a visitor wants to have rated, and what the page shows of it meanwhile."""

    path: str
    shown: dict[str, str]
    order: int = 0
    cancel: threading.Event = field(default_factory=threading.Event)


class Wishes:
    """The last wish of each visitor. A new one ends the one before.

    A page says its wish before it waits in the queue, so that Stop works while waiting, too, and so that who clicks
    quickly gets the last choice. (Gradio's own `cancels` can lose the visitor's next request when Stop comes just as a
    rating begins.)
    """

    def __init__(self):
        self._lock = threading.Lock()
        self._last: dict[str, Wish] = {}

    def say(self, visitor: str, path: str, shown: dict[str, str], order: int | None = None) -> bool:
        """`order` counts up within a page: a wish that a later one has overtaken on its way is not taken (False)."""
        with self._lock:
            before = self._last.get(visitor)
            latest = before.order if before else 0
            if order is not None and order < latest:
                return False
            self._end(visitor)
            self._last[visitor] = Wish(path, shown, latest if order is None else order)
            return True

    def repeat(self, visitor: str) -> None:
        """Wish for the last file again."""
        with self._lock:
            if wish := self._end(visitor):
                self._last[visitor] = Wish(wish.path, wish.shown, wish.order)

    def open(self, visitor: str) -> Wish | None:
        """What the visitor is waiting for: None when it was rated or stopped."""
        with self._lock:
            wish = self._last.get(visitor)
        return None if wish is None or wish.cancel.is_set() else wish

    def stop(self, visitor: str) -> None:
        with self._lock:
            self._end(visitor)

    def forget(self, visitor: str) -> None:
        """The visitor has left."""
        with self._lock:
            self._end(visitor)
            self._last.pop(visitor, None)

    def _end(self, visitor: str) -> Wish | None:
        wish = self._last.get(visitor)
        if wish:
            wish.cancel.set()
        return wish

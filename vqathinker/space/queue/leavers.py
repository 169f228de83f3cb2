"""Ends the work for visitors who have left: nobody else would notice while a video is decoded or a text is written."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

LEAVER_CHECK_S, RELEASE_S = 0.25, 5.0


@dataclass
class Work:
    """What is done for a visitor: `here` says whether they still wait, `release` gives up what it holds."""

    here: Callable[[], bool]
    cancel: threading.Event
    release: Callable[[], object]
    ended: float = 0.0

    def look(self) -> None:
        """End it when the visitor has left; take what it holds when it does not end by itself: a generator that nobody
        asks for more stands still."""
        if not self.here():
            self.cancel.set()
        if self.cancel.is_set():
            self.ended = self.ended or time.monotonic()
            if time.monotonic() - self.ended > RELEASE_S:
                self.release()


class Leavers:
    """Sets the event of a job as soon as its visitor is not there any more."""

    def __init__(self):
        self._known: dict[int, Work] = {}
        self._changed = threading.Condition()
        self._closed = False
        threading.Thread(target=self._look, name="leavers", daemon=True).start()

    @contextlib.contextmanager
    def watched(
        self, here: Callable[[], bool], cancel: threading.Event, release: Callable[[], object] = lambda: None
    ) -> Iterator[None]:
        """While inside, `cancel` is set when `here` says no, and at the end of the page. `release` is called when it
        has been set for some seconds and the work has not ended."""
        work = Work(here, cancel, release)
        with self._changed:
            self._known[id(work)] = work
            if self._closed:
                cancel.set()
            self._changed.notify()
        try:
            yield
        finally:
            with self._changed:
                del self._known[id(work)]

    def close(self) -> None:
        """End all work, and all that comes later."""
        with self._changed:
            self._closed = True
            for work in self._known.values():
                work.cancel.set()
            self._changed.notify()

    def _look(self) -> None:
        while not self._closed:
            with self._changed:
                self._changed.wait_for(lambda: self._known or self._closed)
                works = list(self._known.values())
            for work in works:
                work.look()
            with self._changed:
                self._changed.wait_for(lambda: self._closed, LEAVER_CHECK_S)

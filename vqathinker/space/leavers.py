"""Ends the work for visitors who have left: nobody else would notice while a video is decoded or a text is written."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator

LOOK_EVERY_S = 0.25


class Leavers:
    """Sets the event of a job as soon as its visitor is not there any more."""

    def __init__(self):
        self._jobs: dict[object, tuple[Callable[[], bool], threading.Event]] = {}
        self._changed = threading.Condition()
        self._closed = False
        threading.Thread(target=self._look, name="leavers", daemon=True).start()

    @contextlib.contextmanager
    def watched(self, here: Callable[[], bool], cancel: threading.Event) -> Iterator[None]:
        """While inside, `cancel` is set when `here` says no, and at the end of the page."""
        job = object()
        with self._changed:
            self._jobs[job] = here, cancel
            if self._closed:
                cancel.set()
            self._changed.notify()
        try:
            yield
        finally:
            with self._changed:
                del self._jobs[job]

    def close(self) -> None:
        """End all work, and all that comes later."""
        with self._changed:
            self._closed = True
            for _, cancel in self._jobs.values():
                cancel.set()
            self._changed.notify()

    def _look(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._jobs or self._closed)
                if self._closed:
                    return
                jobs = list(self._jobs.values())
            for here, cancel in jobs:
                if not here():
                    cancel.set()
            with self._changed:
                self._changed.wait_for(lambda: self._closed, LOOK_EVERY_S)

"""What a visitor has asked for last, so that a new wish, or Stop, ends the one before."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

MOST_ROLLOUTS = 32
"""Sampled answers of one job, whoever asks for it."""


@dataclass(frozen=True)
class Job:
    """One rating: which file, how many sampled answers, and in which disorder ("" for none) the clip is shown.

    With a `question`, that is answered instead; with a `window_s`, a timeline is made of windows of so many seconds.
    `beside`: by the page's second model.
    Raises ValueError for more answers than a job may have.
    """

    path: str
    rollouts: int = 0
    perturbation: str = ""
    seed: int = 0
    question: str = ""
    window_s: float = 0.0
    beside: bool = False

    def __post_init__(self) -> None:
        if type(self.rollouts) is not int or not 0 <= self.rollouts <= MOST_ROLLOUTS:
            raise ValueError(f"rollouts must be a whole number from 0 to {MOST_ROLLOUTS}, not {self.rollouts!r}")


@dataclass(frozen=True)
class Wish:
    """Jobs that a visitor wants to have done, and what the page shows of them meanwhile."""

    jobs: tuple[Job, ...]
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
        self._first: Wish | None = None

    def begin_with(self, job: Job, shown: dict[str, str]) -> None:
        """What the page shows before anybody has wished for anything: each visitor's last wish until then, and done."""
        self._first = Wish((job,), shown)
        self._first.cancel.set()

    def say(self, visitor: str, jobs: Sequence[Job], shown: dict[str, str], order: int | None = None) -> bool:
        """`order` counts up within a page: a wish that a later one has overtaken on its way is not taken (False)."""
        with self._lock:
            before = self._last.get(visitor)
            latest = before.order if before else 0
            if order is not None and order < latest:
                return False
            self._end(visitor)
            self._last[visitor] = Wish(tuple(jobs), shown, latest if order is None else order)
            return True

    def repeat(self, visitor: str, **changes) -> None:
        """Wish for the last files again, with the jobs' fields changed."""
        with self._lock:
            if wish := self._end(visitor) or self._first:
                jobs = tuple(replace(job, **changes) for job in wish.jobs)
                self._last[visitor] = Wish(jobs, wish.shown, wish.order)

    def open(self, visitor: str) -> Wish | None:
        """What the visitor is waiting for: None when it was done or stopped."""
        with self._lock:
            wish = self._last.get(visitor)
        return None if wish is None or wish.cancel.is_set() else wish

    def last_path(self, visitor: str) -> str | None:
        """The file of the last wish, done or not."""
        with self._lock:
            wish = self._last.get(visitor, self._first)
        return wish.jobs[0].path if wish else None

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

"""Work that is prepared in threads while the one who needs it is busy with what was ready before."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent import futures
from itertools import islice
from typing import Any

from ..model.ahead import take_ready


class Feed:
    """Runs `prepare` on items in `jobs` threads, `ahead` items before they are asked for, no more.

    Hands out whichever is ready; what `prepare` raises is raised by `take`.
    """

    def __init__(self, items: Iterable[Any], prepare: Callable[[Any], Any], jobs: int, ahead: int):
        self._items, self._prepare, self._ahead = iter(items), prepare, ahead
        self._pool = futures.ThreadPoolExecutor(jobs, thread_name_prefix="prepare")
        self._pending: list[futures.Future] = []
        self._fill()

    @property
    def open(self) -> bool:
        """Whether there is more to come."""
        return bool(self._pending)

    def take(self, count: int, wait: bool) -> list[Any]:
        """At most `count` prepared items, those that are ready now; where none is, `wait` for the first."""
        ready = take_ready(self._pending, count, wait)
        self._fill()
        return ready

    def close(self) -> None:
        """Start nothing more, and do not wait for what is under way."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _fill(self) -> None:
        for item in islice(self._items, self._ahead - len(self._pending)):
            self._pending.append(self._pool.submit(self._prepare, item))

"""The end of a page, by Ctrl-C or SIGTERM: quick, with nothing left behind, and without a traceback."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence

logger = logging.getLogger(__name__)
SIGNALS = (signal.SIGINT, signal.SIGTERM)
AT_MOST_S = 4.0
"""For an orderly end, after which the process is ended as it is."""


class Stop:
    """Hears the signals that end a page, while inside. For the main thread, around everything that may take long."""

    def __init__(self):
        self._asked = threading.Event()

    def __enter__(self) -> Stop:
        self._before = [signal.signal(one, self._hear) for one in SIGNALS]
        return self

    def __exit__(self, *exc_info) -> None:
        for one, handler in zip(SIGNALS, self._before, strict=True):
            signal.signal(one, handler)

    def wait(self) -> None:
        """Until a signal comes."""
        self._asked.wait()

    def _hear(self, number: int, frame: object) -> None:
        if self._asked.is_set():  # again: they mean it
            leave_at_once(128 + number)
        self._asked.set()


def end(steps: Sequence[Callable[[], object]], last: Callable[[], object], seconds: float = AT_MOST_S) -> None:
    """Do the steps, then `last`; when they take longer than `seconds`, do `last` and end the process at once."""

    def force() -> None:
        last()
        leave_at_once(0)

    timer = threading.Timer(seconds, force)
    timer.daemon = True
    timer.start()
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)  # of connections that are cut, it logs tracebacks
    logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
    for step in steps:
        try:
            step()
        except Exception as error:
            logger.warning("while ending: %r", error)
    last()
    timer.cancel()


def leave_at_once(code: int) -> None:
    """End the process without python's own end, which takes seconds with torch in memory, and crashes in a step of the
    model that cannot be interrupted."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)

"""Pictures are made of frames in a thread of their own, while the next frames are decoded."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from threading import Semaphore

import av

FRAMES_AHEAD = 2
"""Frames that wait at most: each holds as much memory as one in the decoder."""
Emit = Callable[[int, av.VideoFrame], None]


@contextmanager
def aside(emit: Emit) -> Iterator[Emit]:
    """An `emit` that returns before it is done, for any threads. The end waits for all, and raises what it raised."""
    room = Semaphore(FRAMES_AHEAD)
    pending: list[Future] = []

    def work(i: int, frame: av.VideoFrame) -> None:
        try:
            emit(i, frame)
        finally:
            room.release()

    def later(i: int, frame: av.VideoFrame) -> None:
        room.acquire()
        pending.append(pool.submit(work, i, frame))

    with ThreadPoolExecutor(1, thread_name_prefix="picture") as pool:
        yield later
        for future in pending:
            future.result()

"""Videos that are encoded while answers about others are written.

A step of writing is short and waits for itself: it leaves processors idle, and on a GPU most of its units. A thread
encodes the next videos meanwhile, a few of them, so that a row that ends is followed by one that only has to be
prefilled.
"""

from __future__ import annotations

from concurrent import futures
from contextlib import nullcontext
from typing import Any

import torch

from .memory import out_of_memory
from .modeling import VQAThinkerForConditionalGeneration
from .serving import Refused, Request, RequestSource, encoded

MOST_ENCODED = 2
"""Videos that are encoded, or being encoded, before anybody has asked for them."""


def take_ready(pending: list[futures.Future], count: int, wait: bool) -> list[Any]:
    """Take at most `count` results out of `pending`, those that are there now; where none is, `wait` for the first.
    What was raised in their place is raised here."""
    if wait and count:
        futures.wait(pending, return_when=futures.FIRST_COMPLETED)
    ready = [future for future in pending if future.done()][:count]
    pending[:] = [future for future in pending if future not in ready]
    return [future.result() for future in ready]


class Ahead:
    """A `RequestSource` of the requests of another one, their videos encoded. A context: its thread ends with it.

    Prompts with `position_ids` pass as they are: their pictures go through the model with them. So does a video for
    which memory ran out: who serves it knows what to do then.
    """

    def __init__(self, source: RequestSource, model: VQAThinkerForConditionalGeneration, most: int = MOST_ENCODED):
        self._source, self._model, self._most = source, model, most
        self._pool = futures.ThreadPoolExecutor(1, thread_name_prefix="encode")
        self._pending: list[futures.Future] = []
        on_gpu = model.device.type == "cuda"
        self._stream = torch.cuda.Stream(model.device) if on_gpu else None

    def __enter__(self) -> Ahead:
        return self

    def __exit__(self, *_) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    @property
    def open(self) -> bool:
        """Whether there is more to come."""
        return bool(self._pending) or self._source.open

    def take(self, count: int, wait: bool) -> list[Request | Refused]:
        """At most `count` that are encoded now; where none is, `wait` for the first."""
        self._fill(wait and count > 0)
        ready = take_ready(self._pending, count, wait)
        self._fill(False)
        return [self._handed_over(item) for item in ready]

    def _fill(self, wait: bool) -> None:
        room = self._most - len(self._pending)
        for item in self._source.take(room, wait and not self._pending) if room else ():
            self._pending.append(self._pool.submit(self._encoded, item))

    @torch.inference_mode()
    def _encoded(self, item: Request | Refused) -> Request | Refused:
        if isinstance(item, Refused) or "position_ids" in item.video:
            return item
        try:
            with torch.cuda.stream(self._stream) if self._stream else nullcontext():
                made = encoded(self._model, item)
            if self._stream:
                self._stream.synchronize()
        except (RuntimeError, MemoryError) as error:
            if not out_of_memory(error):
                raise
            return item
        return made

    def _handed_over(self, item: Request | Refused) -> Request | Refused:
        """On a GPU the memory of what was made in one stream is not to be given away while another one reads it."""
        if self._stream and isinstance(item, Request) and "video_features" in item.video:
            for tensor in item.video.values():
                tensor.record_stream(torch.cuda.current_stream(self._model.device))
        return item

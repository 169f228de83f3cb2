"""What the service counts, as Prometheus reads it."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

from ...errors import ModelError, VQAThinkerError
from .line import BusyError

SECONDS_BUCKETS = (0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600)
OUTCOMES = ("rated", "bad_input", "busy", "model", "left", "failed")


class Metrics:
    """Counters of one page, in a registry of their own; the process's memory is among them."""

    def __init__(self):
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.ratings = Counter(
            "vqathinker_ratings", "Ratings asked for, by how they ended", ["outcome"], registry=self.registry
        )
        for outcome in OUTCOMES:
            self.ratings.labels(outcome)
        self.waits = self._seconds("vqathinker_wait_seconds", "From the request to the model, decoding included")
        self.turns = self._seconds("vqathinker_turn_seconds", "How long a rating had the model")
        self.refused = Counter(
            "vqathinker_refused_requests", "Requests answered with an error status, by it", ["status"],
            registry=self.registry,
        )  # fmt: skip

    def gauge(self, name: str, text: str, value: Callable[[], float]) -> None:
        """A value that is looked up when it is asked for."""
        Gauge(name, text, registry=self.registry).set_function(value)

    def text(self) -> bytes:
        return generate_latest(self.registry)

    @contextlib.contextmanager
    def counted(self) -> Iterator[Callable[[], None]]:
        """Count one rating by how it ends; what is given is called when it is done. An end without it is a visitor who
        has left, or stopped."""
        outcome, done = "left", []
        try:
            yield lambda: done.append(True)
            outcome = "rated" if done else "left"
        except GeneratorExit:
            raise
        except BaseException as error:
            outcome = outcome_of(error)
            raise
        finally:
            self.ratings.labels(outcome).inc()

    def _seconds(self, name: str, text: str) -> Histogram:
        return Histogram(name, text, buckets=SECONDS_BUCKETS, registry=self.registry)


def outcome_of(error: BaseException) -> str:
    kinds = ((BusyError, "busy"), (ModelError, "model"), (VQAThinkerError, "bad_input"))
    return next((name for kind, name in kinds if isinstance(error, kind)), "failed")


class Clock:
    """Seconds since it was made, or last read."""

    def __init__(self):
        self._since = time.monotonic()

    def lap(self) -> float:
        now = time.monotonic()
        took, self._since = now - self._since, now
        return took

"""First come, first served: who waits for the model knows how many are before them."""

from __future__ import annotations

import threading


class Line:
    """A line of tickets; the first one has its turn until it leaves."""

    def __init__(self):
        self._tickets: list[object] = []
        self._moved = threading.Condition()

    def join(self) -> object:
        """A new ticket at the end."""
        with self._moved:
            self._tickets.append(ticket := object())
        return ticket

    def ahead(self, ticket: object, seconds: float = 0.0) -> int:
        """How many tickets are before this one; waits up to `seconds` for its turn, for which it is 0."""
        with self._moved:
            self._moved.wait_for(lambda: self._tickets[0] is ticket, seconds)
            return self._tickets.index(ticket)

    def leave(self, ticket: object) -> None:
        with self._moved:
            self._tickets.remove(ticket)
            self._moved.notify_all()

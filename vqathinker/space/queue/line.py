"""The line before the model: bounded, in fair turns, with the next ones decoding while one is rated.

Whose visitor has used least comes first, counted in seconds, addresses before sessions: somebody who asks for sixty
ratings at once has every other visitor's next rating between any two of theirs.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Hashable
from dataclasses import dataclass, field
from enum import Enum, auto

from ...errors import VQAThinkerError
from ..settings import Bounds
from .visitors import Visitor

USUAL_S, NEW_WEIGHT = 3.0, 0.2
"""How long a turn takes before any has been seen, and what the last one counts in the average."""


class BusyError(VQAThinkerError):
    """The line is full; the sentence says when to come again."""


class LineStage(Enum):
    WAITING, PREPARING, PREPARED, TURN, LEFT = (auto() for _ in range(5))


@dataclass(eq=False)
class Ticket:
    """A place in the line; `since` is when its stage began, `spent` the seconds that its holder has prepared."""

    visitor: Visitor
    stage: LineStage = LineStage.WAITING
    since: float = field(default_factory=lambda: time.monotonic())
    spent: float = 0.0

    @property
    def keys(self) -> tuple[Hashable, Hashable]:
        return self.visitor.address, (self.visitor.address, self.visitor.session)

    @property
    def allowed(self) -> bool:
        """To prepare, or, once prepared, to have the model."""
        return self.stage in (LineStage.PREPARING, LineStage.TURN)

    def move(self, stage: LineStage) -> float:
        """Go on to a stage; returns how long the one before took."""
        now = time.monotonic()
        took, self.stage, self.since = now - self.since, stage, now
        return took


class Line:
    """A line of tickets. The first ones may prepare (decode); the first that is prepared has the model until it leaves.

    A visitor prepares one at a time, so that one whose decoder hangs holds up nobody else.
    """

    def __init__(self, bounds: Bounds | None = None):
        self.bounds, self.turn_s = bounds or Bounds(), USUAL_S
        self._tickets: list[Ticket] = []
        self._order: list[Ticket] = []
        self._used: dict[Hashable, float] = {}
        self._moved = threading.Condition()

    def join(self, visitor: Visitor | None = None) -> Ticket:
        """A new ticket. Raises BusyError when the line is full, or full of this visitor's."""
        ticket = Ticket(visitor or Visitor())
        with self._moved:
            self._refuse_too_many(ticket)
            for level, key in enumerate(ticket.keys):  # who was away has saved up nothing
                self._used[key] = max(self._used.get(key, 0.0), self._least(ticket, level))
            self._tickets.append(ticket)
            self._arrange()
        return ticket

    def ahead(self, ticket: Ticket, seconds: float = 0.0) -> int:
        """How many tickets are before this one, 0 when its holder may go on; waits up to `seconds` for that."""
        with self._moved:
            self._moved.wait_for(lambda: ticket.allowed, seconds)
            if ticket.allowed or ticket.stage is LineStage.LEFT:
                return 0
            return max(1, self._order.index(ticket) + self._taken())

    def prepared(self, ticket: Ticket) -> None:
        """The holder is ready for the model."""
        with self._moved:
            if ticket.stage is LineStage.LEFT:
                return
            ticket.spent = ticket.move(LineStage.PREPARED)
            self._arrange()

    def rest(self, ticket: Ticket) -> None:
        """The holder, who is at a long piece of work, lets others have the model and stays prepared."""
        with self._moved:
            if ticket.stage is not LineStage.TURN:
                return
            took = ticket.move(LineStage.PREPARED)
            for key in ticket.keys:
                self._used[key] += took
            self._arrange()

    def leave(self, ticket: Ticket) -> None:
        """Give up the place, if it was not given up before; what was used is remembered while the visitor has others in
        the line."""
        with self._moved:
            if ticket.stage is LineStage.LEFT:
                return
            self._tickets.remove(ticket)
            worked, turn = ticket.allowed, ticket.stage is LineStage.TURN
            took = ticket.move(LineStage.LEFT)
            for key in ticket.keys:
                self._used[key] += ticket.spent + took * worked
            if turn:
                self.turn_s += NEW_WEIGHT * (took - self.turn_s)
            self._forget()
            self._arrange()

    def count(self, *stages: LineStage) -> int:
        """How many tickets are in one of these stages, or in the line at all."""
        with self._moved:
            return sum(not stages or ticket.stage in stages for ticket in self._tickets)

    def _refuse_too_many(self, ticket: Ticket) -> None:
        bounds, (address, session) = self.bounds, ticket.keys
        again = f"please try again in about {self._seconds(len(self._tickets))} s."
        if len(self._tickets) >= bounds.whole:
            raise BusyError(f"The page is busy, {len(self._tickets)} ratings are waiting: {again}")
        counts = Counter(key for other in self._tickets for key in other.keys)
        known = bool(ticket.visitor.address)
        if counts[session] >= bounds.session and any(session) or known and counts[address] >= bounds.address:
            mine = counts[session] if counts[session] >= bounds.session else counts[address]
            raise BusyError(f"{mine} of your ratings are waiting already: {again}")

    def _seconds(self, before: int) -> int:
        return max(1, round(before * self.turn_s))

    def _taken(self) -> int:
        return sum(ticket.stage is LineStage.TURN for ticket in self._tickets)

    def _least(self, ticket: Ticket, level: int) -> float:
        """The least that any address, or any session of this address, in the line has used."""
        rivals = [other for other in self._tickets if level == 0 or other.keys[0] == ticket.keys[0]]
        return min((self._used[other.keys[level]] for other in rivals), default=0.0)

    def _arrange(self) -> None:
        """Order who waits, give the model to the first who is prepared, and let the next ones prepare."""
        self._order = self._fair_order()
        if not self._taken():
            for ticket in self._order:
                if ticket.stage is LineStage.PREPARED:
                    ticket.move(LineStage.TURN)
                    self._order.remove(ticket)
                    break
        inside = [ticket for ticket in self._order if ticket.stage is not LineStage.WAITING]
        busy = {ticket.keys[1] for ticket in inside}
        for ticket in self._order:
            if len(inside) >= self.bounds.abreast:
                break
            if ticket.stage is LineStage.WAITING and (ticket.keys[1] not in busy or not any(ticket.keys[1])):
                ticket.move(LineStage.PREPARING)
                inside.append(ticket)
                busy.add(ticket.keys[1])
        self._moved.notify_all()

    def _fair_order(self) -> list[Ticket]:
        """Tickets that have not got the model, as they would be served if every turn took the usual time."""
        used = dict(self._used)
        left = [ticket for ticket in self._tickets if ticket.stage is not LineStage.TURN]
        for ticket in self._tickets:
            if ticket.stage is LineStage.TURN:
                self._charge(used, ticket)
        order = []
        while left:
            place = min(range(len(left)), key=lambda i: (*(used[key] for key in left[i].keys), i))
            order.append(ticket := left.pop(place))
            self._charge(used, ticket)
        return order

    def _charge(self, used: dict[Hashable, float], ticket: Ticket) -> None:
        for key in ticket.keys:
            used[key] += self.turn_s

    def _forget(self) -> None:
        """Drop what is known of visitors who are not in the line."""
        present = {key for ticket in self._tickets for key in ticket.keys}
        self._used = {key: used for key, used in self._used.items() if key in present}

"""The line before the model: fair turns, honest numbers, past who gives up or hangs, and no longer than allowed."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import pytest

from vqathinker.space.queue import line as queue_line
from vqathinker.space.queue.line import BusyError, Line, LineStage, Ticket
from vqathinker.space.queue.visitors import Visitor
from vqathinker.space.settings import Bounds


def take(line: Line, ticket: Ticket) -> bool:
    """Prepare if that is allowed; whether the model is there then."""
    if ticket.stage is LineStage.PREPARING:
        line.prepared(ticket)
    return ticket.stage is LineStage.TURN


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What the line takes for the time, [seconds]: a busy machine makes no turn longer than another."""
    now = [0.0]
    monkeypatch.setattr(queue_line, "time", SimpleNamespace(monotonic=lambda: now[0]))
    return now


def serve_all(line: Line, tickets: list[Ticket], clock: list[float]) -> list[str]:
    """The sessions in the order of their turns of a second each, when everybody prepares as soon as they may."""
    served = []
    while line.count():
        for ticket in list(line._order):
            take(line, ticket)
        [ticket] = (ticket for ticket in tickets if ticket.stage is LineStage.TURN)
        served.append(ticket.visitor.session)
        clock[0] += 1
        line.leave(ticket)
    return served


def test_who_comes_first_is_served_first_and_the_others_know_their_place():
    line = Line(Bounds(abreast=1))
    first, second, third = (line.join() for _ in range(3))
    assert [line.ahead(ticket) for ticket in (first, second, third)] == [0, 1, 2]
    line.leave(first)
    assert [line.ahead(ticket) for ticket in (second, third)] == [0, 1]


def test_who_gives_up_moves_the_others_on():
    line = Line(Bounds(abreast=1))
    tickets = [line.join() for _ in range(4)]
    line.leave(tickets[1])
    assert [line.ahead(ticket) for ticket in (tickets[0], *tickets[2:])] == [0, 1, 2]


def test_a_turn_comes_as_soon_as_the_one_before_leaves():
    line = Line()
    first, second = line.join(), line.join()
    assert take(line, first) and not take(line, second)
    places = []
    waiter = threading.Thread(target=lambda: places.append(line.ahead(second, seconds=30)))
    waiter.start()
    line.leave(first)
    waiter.join(10)
    assert places == [0]


def test_between_any_two_turns_of_one_who_floods_everybody_else_has_one(clock):
    line = Line()
    tickets = [line.join(Visitor("flood")) for _ in range(6)]
    tickets += [line.join(Visitor(name)) for name in "ab"]
    served = serve_all(line, tickets, clock)
    assert set(served[:3]) == {"flood", "a", "b"} and served[3:] == ["flood"] * 5


def test_an_address_with_many_sessions_has_no_more_turns_than_another(clock):
    line = Line()
    tickets = [line.join(Visitor(f"s{k}", "10.0.0.1")) for k in range(6)]
    tickets += [line.join(Visitor(name, "10.0.0.2")) for name in "ab"]
    served = serve_all(line, tickets, clock)
    assert max(served.index("a"), served.index("b")) <= 4


def test_a_visitor_prepares_one_at_a_time_and_all_together_a_few():
    line = Line(Bounds(abreast=2))
    flood = [line.join(Visitor("flood")) for _ in range(3)]
    assert [ticket.stage for ticket in flood] == [LineStage.PREPARING, LineStage.WAITING, LineStage.WAITING]
    other, third = line.join(Visitor("other")), line.join(Visitor("third"))
    assert other.stage is LineStage.PREPARING and third.stage is LineStage.WAITING


def test_who_is_prepared_first_goes_before_who_hangs_in_preparing():
    line = Line()
    hanging, quick = line.join(Visitor("hanging")), line.join(Visitor("quick"))
    assert take(line, quick) and line.ahead(hanging) == 0
    line.leave(quick)
    assert line.count() == 1


@pytest.mark.parametrize(
    ("bounds", "visitors", "told"),
    [
        (Bounds(whole=3), [Visitor(str(k), str(k)) for k in range(4)], "The page is busy, 3 ratings are waiting"),
        (Bounds(address=3), [Visitor(str(k), "10.0.0.1") for k in range(4)], "3 of your ratings are waiting already"),
        (Bounds(session=3), [Visitor("one", str(1))] * 4, "3 of your ratings are waiting already"),
    ],
)
def test_the_line_is_no_longer_than_allowed_and_says_when_to_come_again(bounds, visitors, told):
    line = Line(bounds)
    tickets = [line.join(visitor) for visitor in visitors[:3]]
    with pytest.raises(BusyError, match=f"{told}: please try again in about 9 s"):
        line.join(visitors[3])
    line.leave(tickets[0])
    line.join(visitors[3])


def test_nothing_is_remembered_of_who_has_left():
    line = Line()
    for number in range(50):
        line.leave(line.join(Visitor(str(number), str(number))))
    assert line._used == {} and line.count() == 0


def test_many_at_once_never_overlap_and_all_get_their_turn():
    line, inside, most, served = Line(), [], [], []

    def work(number: int) -> None:
        ticket = line.join()
        while line.ahead(ticket, seconds=1):
            pass
        line.prepared(ticket)
        while line.ahead(ticket, seconds=1):
            pass
        inside.append(number)
        most.append(len(inside))
        inside.remove(number)
        served.append(number)
        line.leave(ticket)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(served) == list(range(12)) and set(most) == {1}


def test_who_rests_lets_the_next_one_have_the_model_and_comes_back():
    line, a, b = Line(), Visitor("a"), Visitor("b")
    long, short = line.join(a), line.join(b)
    for ticket in (long, short):
        assert line.ahead(ticket) == 0
        line.prepared(ticket)
    assert line.ahead(long) == 0 and line.ahead(short) == 1
    line.rest(long)
    assert line.ahead(short) == 0 and line.ahead(long) == 1
    line.rest(long)  # who has not got it has nothing to give
    line.leave(short)
    assert line.ahead(long) == 0
    line.leave(long)
    assert line.count() == 0

"""The line before the model: in the order of coming, with honest numbers, and past who gives up."""

from __future__ import annotations

import threading

from vqathinker.space.line import Line


def test_who_comes_first_is_served_first_and_the_others_know_their_place():
    line = Line()
    first, second, third = (line.join() for _ in range(3))
    assert [line.ahead(ticket) for ticket in (first, second, third)] == [0, 1, 2]
    line.leave(first)
    assert [line.ahead(ticket) for ticket in (second, third)] == [0, 1]


def test_who_gives_up_moves_the_others_on():
    line = Line()
    tickets = [line.join() for _ in range(4)]
    line.leave(tickets[1])
    assert [line.ahead(ticket) for ticket in (tickets[0], *tickets[2:])] == [0, 1, 2]


def test_a_turn_comes_as_soon_as_the_one_before_leaves():
    line = Line()
    first, second = line.join(), line.join()
    places = []
    waiter = threading.Thread(target=lambda: places.append(line.ahead(second, seconds=30)))
    waiter.start()
    line.leave(first)
    waiter.join(10)
    assert places == [0]


def test_many_at_once_never_overlap_and_all_get_their_turn():
    line, inside, most, served = Line(), [], [], []

    def work(number: int) -> None:
        ticket = line.join()
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

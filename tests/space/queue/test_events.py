"""How a visitor's wish is done: to its end, with an error, stopped, or overtaken by another one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from vqathinker.errors import VideoError
from vqathinker.space.queue.events import granted
from vqathinker.space.queue.requests import Job, Wish, Wishes
from vqathinker.space.queue.visitors import Visitor

ME = Visitor("me")


@pytest.fixture
def wishes() -> Wishes:
    wishes = Wishes()
    wishes.say("me", [Job("a.mp4")], {})
    return wishes


def done(wishes: Wishes, work) -> list[list]:
    return list(granted(wishes, ME, work, lambda error: [str(error)], lambda: ["stopped"]))


def steps(wish: Wish) -> Iterator[list]:
    yield from (["first"], ["second"])


def test_work_that_ends_is_told_and_the_wish_is_over(wishes):
    assert done(wishes, steps) == [["first"], ["second"]]
    assert wishes.open("me") is None and done(wishes, steps) == []


def test_an_error_is_said(wishes):
    def fails(wish: Wish) -> Iterator[list]:
        yield ["first"]
        raise VideoError("a.mp4 is damaged")

    assert done(wishes, fails) == [["first"], ["a.mp4 is damaged"]] and wishes.open("me") is None


def stopped_by(wishes: Wishes, then, error: bool):
    def work(wish: Wish) -> Iterator[list]:
        yield ["first"]
        wishes.stop("me")
        then()
        if error:
            raise VideoError("the decoder was ended")

    return work


@pytest.mark.parametrize("error", [False, True])
def test_a_stop_is_said_and_what_it_broke_is_not(wishes, error):
    assert done(wishes, stopped_by(wishes, lambda: None, error)) == [["first"], ["stopped"]]


def test_nothing_is_said_of_a_wish_that_another_one_has_overtaken(wishes):
    other = stopped_by(wishes, lambda: wishes.say("me", [Job("b.mp4")], {}), error=False)
    assert done(wishes, other) == [["first"]]
    assert wishes.open("me").jobs == (Job("b.mp4"),)


def test_who_leaves_ends_it(wishes):
    running = granted(wishes, ME, steps, lambda error: [str(error)])
    assert next(running) == ["first"]
    running.close()
    assert wishes.open("me") is None

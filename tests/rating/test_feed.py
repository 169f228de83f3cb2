"""Items are prepared ahead, a few at a time, and whichever is ready is handed out."""

from __future__ import annotations

import threading
import time

import pytest

from vqathinker.rating.feed import Feed


def test_everything_comes_once_and_then_the_feed_is_closed():
    feed, taken = Feed(range(10), lambda item: item * item, jobs=3, ahead=4), []
    while feed.open:
        taken += feed.take(2, True)
    assert sorted(taken) == [item * item for item in range(10)]
    assert feed.take(5, True) == []
    feed.close()


def test_no_more_is_prepared_than_ahead():
    started = []
    feed = Feed(range(100), started.append, jobs=2, ahead=3)
    time.sleep(0.2)
    assert sorted(started) == [0, 1, 2]
    feed.take(1, True)
    time.sleep(0.2)
    assert sorted(started) == [0, 1, 2, 3]
    feed.close()


def test_one_who_has_no_room_gets_nothing_more_prepared():
    started = []
    feed = Feed(range(100), started.append, jobs=2, ahead=3)
    for _ in range(10):
        assert feed.take(0, False) == feed.take(0, True) == []
    time.sleep(0.2)
    assert sorted(started) == [0, 1, 2]
    feed.close()


def test_a_slow_item_does_not_hold_back_those_behind_it():
    go = threading.Event()

    def prepare(item: int) -> int:
        if item == 0:
            go.wait(10)
        return item

    feed = Feed(range(4), prepare, jobs=2, ahead=4)
    first = [item for _ in range(3) for item in feed.take(1, True)]
    assert sorted(first) == [1, 2, 3] and feed.take(1, False) == []
    go.set()
    assert feed.take(1, True) == [0] and not feed.open
    feed.close()


def test_what_a_thread_raises_is_raised_by_take():
    feed = Feed([0], lambda item: 1 // item, jobs=1, ahead=1)
    with pytest.raises(ZeroDivisionError):
        feed.take(1, True)
    feed.close()

"""The model in the background: tried again where it failed, with the reason known and logged."""

from __future__ import annotations

import logging
import threading
import time

import pytest

from vqathinker.errors import ModelError
from vqathinker.space.banner import banner
from vqathinker.space.queue.loader import OURS, Loader


def wait_until(holds) -> None:
    end = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_failed_load_is_logged_told_and_tried_again_until_it_works(caplog: pytest.LogCaptureFixture):
    network, rater, attempts = threading.Event(), object(), []

    def load():
        attempts.append(time.monotonic())
        if not network.is_set():
            raise ModelError("no network")
        return rater

    loader = Loader(load, pauses_s=(0.05, 0.2))
    with caplog.at_level(logging.WARNING):
        loader.start()
        with pytest.raises(ModelError, match="no network"):
            loader.rater()
        wait_until(lambda: len(attempts) >= 3)
    assert "the model cannot be loaded: no network" in caplog.text and "again in 0.05 s" in caplog.text
    assert attempts[2] - attempts[1] >= 0.2, "the pauses grow"
    assert loader.problem == "no network" and "no network" in banner(loader.problem) and not loader.ready
    network.set()
    wait_until(lambda: loader.ready)
    assert loader.rater() is rater and loader.problem == "" and banner(loader.problem) == ""


def test_an_error_of_ours_is_in_the_log_and_told_without_its_words(caplog: pytest.LogCaptureFixture):
    loader = Loader(lambda: {}["secret"])
    assert not loader.attempt()
    assert loader.problem == OURS and "KeyError" in caplog.text


def test_who_waits_for_the_first_attempt_can_leave_and_the_end_of_the_page_ends_the_wait():
    hold, cancel = threading.Event(), threading.Event()
    loader = Loader(hold.wait)
    loader.start()
    threading.Timer(0.1, cancel.set).start()
    with pytest.raises(ModelError, match="ended"):
        loader.rater(cancel)
    threading.Timer(0.1, loader.close).start()
    with pytest.raises(ModelError, match="ended"):
        loader.rater()
    hold.set()

"""Who asked for what: a visitor's new wish, or Stop, ends the one before, and nobody else's."""

from __future__ import annotations

import threading

import pytest

from tests import raters
from vqathinker.errors import ModelError, VideoError
from vqathinker.rating import Rated, Watched, Wrote
from vqathinker.space.model import Jobs, Model
from vqathinker.space.settings import Settings


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> Model:
    monkeypatch.setattr("vqathinker.space.model.load_rater", lambda *_: raters.tiny())
    return Model(Settings())


def test_a_new_wish_ends_the_one_before():
    jobs = Jobs()
    jobs.ask("anna")
    first = jobs.wanted("anna")
    jobs.ask("ben")
    jobs.ask("anna")
    assert first.is_set()
    assert not jobs.wanted("anna").is_set() and not jobs.wanted("ben").is_set()


def test_stop_ends_what_runs_and_what_waits():
    jobs = Jobs()
    jobs.ask("anna")
    running = jobs.wanted("anna")
    jobs.stop("anna")
    assert running.is_set() and jobs.wanted("anna") is None
    jobs.stop("anna")


def test_the_end_of_an_old_wish_leaves_the_new_one():
    jobs = Jobs()
    jobs.ask("anna")
    old = jobs.wanted("anna")
    jobs.ask("anna")
    jobs.finish("anna", old)
    assert jobs.wanted("anna") is not None
    jobs.finish("anna", jobs.wanted("anna"))
    assert jobs.wanted("anna") is None


def test_watching_goes_from_frames_over_words_to_the_rating(model: Model, clip):
    events = list(model.watch(clip("plain.mp4"), threading.Event()))
    assert isinstance(events[0], Watched) and isinstance(events[-1], Rated)
    assert len(events) > 4 and all(isinstance(event, Wrote) for event in events[1:-1])


def test_a_cancelled_watch_ends_early_and_the_next_one_is_whole(model: Model, clip):
    cancel = threading.Event()
    seen = []
    for event in model.watch(clip("plain.mp4"), cancel):
        seen.append(event)
        if isinstance(event, Wrote):
            cancel.set()
    assert not isinstance(seen[-1], Rated)
    assert isinstance(list(model.watch(clip("plain.mp4"), threading.Event()))[-1], Rated)


def test_a_bad_file_is_told(model: Model, clip):
    with pytest.raises(VideoError, match="text file"):
        list(model.watch(clip("text.mp4"), threading.Event()))


def test_a_model_that_cannot_be_loaded_is_told_at_every_call(clip):
    model = Model(Settings(model="no-such-model"))
    for _ in range(2):
        with pytest.raises(ModelError, match="no-such-model"):
            list(model.watch(clip("plain.mp4"), threading.Event()))


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("VQATHINKER_MODEL", "elsewhere")
    monkeypatch.setenv("VQATHINKER_PRECISION", "")
    settings = Settings.from_environment()
    assert (settings.model, settings.precision) == ("elsewhere", "auto")

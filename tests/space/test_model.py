"""Who asked for what: a visitor's new wish, or Stop, ends the one before, and nobody else's."""

from __future__ import annotations

import threading

import pytest

from tests import raters
from vqathinker.errors import ModelError, VideoError
from vqathinker.rating import Rated, Watched, Wrote
from vqathinker.space.model import Model, Wishes
from vqathinker.space.settings import Settings


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> Model:
    monkeypatch.setattr("vqathinker.space.model.load_rater", lambda *_: raters.tiny())
    return Model(Settings())


def test_a_new_wish_ends_the_one_before_and_nobody_elses():
    wishes = Wishes()
    wishes.say("anna", "a.mp4", {})
    first = wishes.open("anna")
    wishes.say("ben", "b.mp4", {})
    wishes.say("anna", "c.mp4", {})
    assert first.cancel.is_set()
    assert (wishes.open("anna").path, wishes.open("ben").path) == ("c.mp4", "b.mp4")


def test_a_click_that_was_overtaken_on_its_way_is_not_taken():
    wishes = Wishes()
    assert wishes.say("anna", "first.mp4", {}, 1)
    assert wishes.say("anna", "third.mp4", {}, 3)
    assert not wishes.say("anna", "second.mp4", {}, 2)
    assert wishes.open("anna").path == "third.mp4"
    assert wishes.say("anna", "upload.mp4", {})
    assert not wishes.say("anna", "second.mp4", {}, 2)
    assert wishes.say("anna", "fourth.mp4", {}, 4)


def test_stop_ends_what_runs_and_what_waits_and_it_can_be_repeated():
    wishes = Wishes()
    wishes.stop("anna")
    wishes.repeat("anna")
    assert wishes.open("anna") is None
    wishes.say("anna", "a.mp4", {"caption": "A"})
    running = wishes.open("anna")
    wishes.stop("anna")
    assert running.cancel.is_set() and wishes.open("anna") is None
    wishes.repeat("anna")
    again = wishes.open("anna")
    assert (again.path, again.shown) == ("a.mp4", {"caption": "A"}) and not again.cancel.is_set()


def test_who_has_left_leaves_nothing_running_and_nothing_behind():
    wishes = Wishes()
    wishes.say("anna", "a.mp4", {})
    running = wishes.open("anna")
    wishes.forget("anna")
    wishes.repeat("anna")
    assert running.cancel.is_set() and wishes.open("anna") is None


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

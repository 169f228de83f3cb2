"""The page's model: its events, one job after the other, stopped when asked, in the order of asking."""

from __future__ import annotations

import threading

import pytest

from tests import raters
from vqathinker.errors import ModelError, VideoError
from vqathinker.rating import Rated, Watched, Wrote
from vqathinker.space.model import Model, Waiting
from vqathinker.space.settings import Settings
from vqathinker.space.wishes import Job


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> Model:
    monkeypatch.setattr("vqathinker.space.model.load_rater", lambda *_: raters.tiny())
    return Model(Settings())


def test_watching_goes_from_frames_over_words_to_the_rating(model: Model, clip):
    events = list(model.watch([Job(str(clip("plain.mp4")))], threading.Event()))
    assert isinstance(events[0], Watched) and isinstance(events[-1], Rated)
    assert len(events) > 4 and all(isinstance(event, Wrote) for event in events[1:-1])


def test_a_cancelled_watch_ends_early_and_the_next_one_is_whole(model: Model, clip):
    cancel = threading.Event()
    seen = []
    for event in model.watch([Job(str(clip("plain.mp4")))], cancel):
        seen.append(event)
        if isinstance(event, Wrote):
            cancel.set()
    assert not isinstance(seen[-1], Rated)
    assert isinstance(list(model.watch([Job(str(clip("plain.mp4")))], threading.Event()))[-1], Rated)


def test_a_bad_file_is_told(model: Model, clip):
    with pytest.raises(VideoError, match="text file"):
        list(model.watch([Job(str(clip("text.mp4")))], threading.Event()))


def test_a_model_that_cannot_be_loaded_is_told_at_every_call(clip):
    model = Model(Settings(model="no-such-model"))
    for _ in range(2):
        with pytest.raises(ModelError, match="no-such-model"):
            list(model.watch([Job(str(clip("plain.mp4")))], threading.Event()))


def test_two_jobs_are_one_turn_and_the_next_visitor_is_told_to_wait(model: Model, clip):
    jobs = [Job(str(clip("plain.mp4")), rollouts=2), Job(str(clip("odd.mp4")))]
    both, other = (model.watch(jobs[:count], threading.Event()) for count in (2, 1))
    assert isinstance(next(both), Watched)
    assert next(other) == Waiting(1)
    events = list(both)
    assert sum(isinstance(event, Watched) for event in events) == 1
    assert [len(event.rating.rollouts) for event in events if isinstance(event, Rated)] == [2, 0]
    assert isinstance(next(other), Watched)
    other.close()


def test_who_stops_waiting_leaves_the_line(model: Model, clip):
    job, cancel = Job(str(clip("plain.mp4"))), threading.Event()
    running, waiting = model.watch([job], threading.Event()), model.watch([job], cancel)
    next(running)
    assert next(waiting) == Waiting(1)
    cancel.set()
    assert list(waiting) == []
    running.close()
    assert model.rate(job)[0].file == "plain.mp4"


def test_a_disordered_job_shows_other_frames(model: Model, clip):
    job = Job(str(clip("plain.mp4")))
    clips = [
        next(event.clip for event in model.watch([one], threading.Event()) if isinstance(event, Watched))
        for one in (job, Job(job.path, perturbation="reverse"))
    ]
    assert clips[0].indices == clips[1].indices
    assert (clips[0].frames != clips[1].frames).any()


def test_a_longer_claim_on_a_lent_gpu_for_more_answers():
    settings = Settings(gpu_seconds=30, gpu_seconds_each=5)
    assert settings.gpu_duration(Job("a.mp4")) == 30
    assert settings.gpu_duration(Job("a.mp4", rollouts=8)) == 70


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("VQATHINKER_MODEL", "elsewhere")
    monkeypatch.setenv("VQATHINKER_PRECISION", "")
    settings = Settings.from_environment()
    assert (settings.model, settings.precision) == ("elsewhere", "auto")

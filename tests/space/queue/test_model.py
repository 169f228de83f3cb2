"""The page's model: its events, one job after the other, stopped when asked, in the order of asking."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests import clips, raters
from tests.video.decoders import decoders
from vqathinker.errors import ModelError, VideoError, VQAThinkerError
from vqathinker.rating import Rated, Watched, Wrote
from vqathinker.space.queue.line import BusyError, LineStage
from vqathinker.space.queue.model import Model, Waiting
from vqathinker.space.queue.requests import Job
from vqathinker.space.queue.visitors import Visitor
from vqathinker.space.settings import Settings

PATIENCE_S = 180
"""For a machine that is busy with something else."""


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> Iterator[Model]:
    monkeypatch.setattr("vqathinker.space.queue.model.load_rater", lambda *_: raters.tiny())
    made = Model(Settings())
    made.rater()
    yield made
    made.close()


def stop_decoders() -> None:
    for process in decoders():
        process.send_signal(signal.SIGSTOP)


def wait_until(holds: Callable[[], object], seconds: float = PATIENCE_S) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.005)


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


def test_two_jobs_are_two_turns_of_one_visitor(model: Model, clip):
    jobs = [Job(str(clip("plain.mp4")), rollouts=2), Job(str(clip("odd.mp4")))]
    events = list(model.watch(jobs, threading.Event()))
    assert [len(event.rating.rollouts) for event in events if isinstance(event, Rated)] == [2, 0]
    assert model.line.count() == 0


def test_who_comes_second_has_their_clip_decoded_and_then_waits_for_the_model(model: Model, clip):
    job, cancel = Job(str(clip("plain.mp4"))), threading.Event()
    running, waiting = model.watch([job], threading.Event(), Visitor("a")), model.watch([job], cancel, Visitor("b"))
    assert isinstance(next(running), Watched) and isinstance(next(running), Wrote)
    assert isinstance(next(waiting), Watched)
    assert next(waiting) == Waiting(1)
    assert isinstance(list(running)[-1], Rated)
    assert next(waiting) == Waiting(0)
    assert isinstance(list(waiting)[-1], Rated)


def test_who_stops_waiting_leaves_the_line(model: Model, clip):
    job, cancel = Job(str(clip("plain.mp4"))), threading.Event()
    running, waiting = model.watch([job], threading.Event()), model.watch([job], cancel)
    next(running), next(running)
    assert [type(next(waiting)), next(waiting)] == [Watched, Waiting(1)]
    cancel.set()
    assert list(waiting) == []
    running.close()
    assert model.rate(job)[0].file == "plain.mp4"


def test_the_work_for_a_visitor_who_has_left_is_ended_at_every_stage(model: Model, clip):
    """While it is decoded by a process that hangs, and while answers are sampled, when no event comes."""
    gone = threading.Event()
    leaver = Visitor("leaver", here=lambda: not gone.is_set())
    for rollouts, stage in ((0, LineStage.PREPARING), (32, LineStage.TURN)):
        job = Job(str(clip("plain.mp4")), rollouts)
        gone.clear()
        with ThreadPoolExecutor(1) as pool:
            ratings = pool.submit(model.rate, job, visitor=leaver)
            wait_until(lambda stage=stage: model.line.count(stage))
            if stage is LineStage.PREPARING:
                stop_decoders()
            gone.set()
            assert ratings.result(PATIENCE_S) == []
    assert model.line.count() == 0
    wait_until(lambda: not decoders())
    assert model.metrics.ratings.labels("left")._value.get() == 2


def test_a_decoder_that_hangs_holds_up_nobody_else(model: Model, clip):
    gone = threading.Event()
    hanging = Visitor("hanging", here=lambda: not gone.is_set())
    with ThreadPoolExecutor(1) as pool:
        stuck = pool.submit(model.rate, Job(str(clip("plain.mp4"))), visitor=hanging)
        wait_until(decoders)
        stop_decoders()
        assert len(model.rate(Job(str(clip("odd.mp4"))), visitor=Visitor("other"))) == 1
        assert not stuck.done()
        gone.set()
        stuck.result(PATIENCE_S)


def test_a_generator_that_nobody_asks_for_more_holds_up_nobody(model: Model, clip):
    """What becomes of a page whose visitor has left while a rating was shown."""
    gone = threading.Event()
    leaver = Visitor("left", here=lambda: not gone.is_set())
    left = model.watch([Job(str(clip("plain.mp4")))], threading.Event(), leaver)
    assert isinstance(next(left), Watched) and isinstance(next(left), Wrote)
    gone.set()
    assert len(model.rate(Job(str(clip("odd.mp4"))), visitor=Visitor("next"))) == 1
    assert not any(isinstance(event, Rated) for event in left) and model.line.count() == 0


def test_a_full_line_is_told_with_the_time_to_come_again(model: Model, clip):
    tickets = [model.line.join(Visitor("one")) for _ in range(model.line.bounds.session)]
    with pytest.raises(BusyError, match="8 of your ratings are waiting already: please try again in about [0-9]+ s"):
        model.rate(Job(str(clip("plain.mp4"))), visitor=Visitor("one"))
    assert model.metrics.ratings.labels("busy")._value.get() == 1
    for ticket in tickets:
        model.line.leave(ticket)
    assert len(model.rate(Job(str(clip("plain.mp4"))), visitor=Visitor("one"))) == 1


def test_at_the_end_of_the_page_all_work_ends(model: Model, clip):
    with ThreadPoolExecutor(3) as pool:
        ratings = [pool.submit(model.rate, Job(str(clip("plain.mp4")), 32)) for _ in range(3)]
        wait_until(lambda: model.line.count(LineStage.TURN))
        model.close(seconds=PATIENCE_S)
        assert [rating.result(PATIENCE_S) for rating in ratings] == [[]] * 3
    assert model.rate(Job(str(clip("plain.mp4")))) == []


@pytest.mark.parametrize("count", [-1, 33, 3000, 1.5, True, "8"])
def test_a_job_has_a_bounded_number_of_answers_whoever_asks(count):
    with pytest.raises(ValueError, match="rollouts must be a whole number from 0 to 32"):
        Job("a.mp4", count)


def test_a_model_that_cannot_be_loaded_is_told_at_every_call(clip):
    model = Model(Settings(model="no-such-model"))
    for _ in range(2):
        with pytest.raises(ModelError, match="no-such-model"):
            list(model.watch([Job(str(clip("plain.mp4")))], threading.Event()))
    assert "no-such-model" in model.problem and not model.ready
    model.close()


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
    assert settings.gpu_duration(0) == 30
    assert settings.gpu_duration(8) == 70


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("VQATHINKER_MODEL", "elsewhere")
    monkeypatch.setenv("VQATHINKER_PRECISION", "")
    settings = Settings.from_environment()
    assert (settings.model, settings.precision) == ("elsewhere", "auto")


def test_a_limit_that_is_no_number_is_told_by_name(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("VQATHINKER_MOST_WAITING", "12")
    assert Settings.from_environment().bounds.whole == 12
    monkeypatch.setenv("VQATHINKER_MOST_WAITING", "many")
    told = "VQATHINKER_MOST_WAITING must be a whole number from 1 to 1000, not 'many'"
    with pytest.raises(VQAThinkerError, match=told):
        Settings.from_environment()


def test_a_timeline_lets_others_have_the_model_between_its_windows(model: Model, clip, tmp_path, monkeypatch):
    monkeypatch.setattr("vqathinker.space.queue.model.SLICE_S", 0.0)
    film = clips.encode(tmp_path / "film.mp4", clips.numbered_frames(100))
    long = model.watch([Job(str(film), window_s=1.0)], threading.Event(), Visitor("a"))
    events = [next(long), next(long)]
    done = ThreadPoolExecutor(1).submit(model.rate, Job(str(clip("plain.mp4"))), visitor=Visitor("b"))
    wait_until(lambda: model.line.count(LineStage.PREPARED) or done.done())
    for event in long:
        events.append(event)
    assert len(done.result(PATIENCE_S)) == 1
    assert any(isinstance(event, Waiting) for event in events)
    assert events[-1].timeline.windows[-1].end_s == 4 and model.line.count() == 0


def test_a_timeline_in_one_piece_is_that_of_the_rater(model: Model, tmp_path):
    film = clips.encode(tmp_path / "film.mp4", clips.numbered_frames(60))
    made = model.timeline(Job(str(film), window_s=1.0))
    assert made.to_dict() == raters.tiny().timeline(film, 1.0).to_dict()

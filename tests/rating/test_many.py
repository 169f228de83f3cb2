"""Many files side by side get the ratings that each gets alone, in their order."""

from __future__ import annotations

import threading
import time

import pytest
import torch

from tests.model.test_serving import CUDA_SAYS, Scarce, first_linear
from tests.model.tiny_models import make_model, make_processor
from vqathinker import ModelError, VideoError
from vqathinker.model.loading import LoadedModel
from vqathinker.rating import Rater
from vqathinker.rating.many import BatchPlan, make_batch_plan

NAMES = ["plain.mp4", "portrait.mp4", "text.mp4", "odd.mp4", "one_frame.mp4", "plain.mp4", "empty.mp4"]


@pytest.fixture(scope="module")
def rater():
    processor = make_processor()
    return Rater(LoadedModel(make_model(processor, seed=1), processor, "two-blocks", "fp32"), max_new_tokens=40)


@pytest.fixture(scope="module")
def paths(clip):
    return [clip(name) for name in NAMES]


@pytest.fixture(scope="module")
def alone(rater, paths):
    found = []
    for path in paths:
        try:
            found.append(rater.rate(path, rollouts=2, seed=3))
        except VideoError as error:
            found.append(error)
    return found


def assert_same(got, alone) -> None:
    assert len(got) == len(alone)
    for one, other in zip(got, alone, strict=True):
        if isinstance(other, VideoError):
            assert isinstance(one, VideoError) and str(one) == str(other)
            continue
        assert (one.file, one.text, one.score, one.frames) == (other.file, other.text, other.score, other.frames)
        assert (one.rollouts, one.defects, one.model) == (other.rollouts, other.defects, other.model)
        assert one.expected == pytest.approx(other.expected, abs=1e-4)
        assert 0 < one.timings.decode_s < one.timings.total_s and one.timings.encode_s < one.timings.first_token_s


@pytest.mark.parametrize(("batch", "jobs"), [(1, 1), (3, 2), (16, 2)])
def test_many_equal_one_by_one(rater, paths, alone, batch, jobs):
    assert_same(list(rater.rate_many(paths, rollouts=2, seed=3, batch=batch, jobs=jobs)), alone)
    assert isinstance(alone[2], VideoError) and isinstance(alone[6], VideoError)


def test_a_file_that_breaks_the_preparation_is_told_and_the_rest_is_rated(rater, paths, alone, monkeypatch):
    whole = rater.loaded.processor.video_inputs

    def breaks(clips):
        if clips[0].info.height > clips[0].info.width:
            raise IndexError("row 9 of 8")
        return whole(clips)

    monkeypatch.setattr(rater.loaded.processor, "video_inputs", breaks)
    first, second, third = rater.rate_many([paths[0], paths[1], paths[3]], batch=2, jobs=2)
    assert (first.text, third.text) == (alone[0].text, alone[3].text)
    assert isinstance(second, VideoError)
    assert str(second) == "portrait.mp4 cannot be prepared: IndexError: row 9 of 8"


def test_little_memory_is_told_and_changes_no_rating(rater, paths, alone):
    said = []

    def slow(*_) -> None:
        """Until more than two videos are decoded and under way."""
        if not said:
            time.sleep(0.05)

    hook = first_linear(rater.loaded.model).register_forward_pre_hook(slow)
    with Scarce(rater.loaded.model, 2, CUDA_SAYS):
        got = list(rater.rate_many(paths, rollouts=2, seed=3, batch=4, jobs=2, report=said.append))
    hook.remove()
    assert_same(got, alone)
    assert said and all(sentence.startswith("memory ran out with ") for sentence in said)


def test_a_single_rating_without_memory_is_one_sentence(rater, paths, alone):
    with Scarce(rater.loaded.model, 0, CUDA_SAYS):
        with pytest.raises(ModelError, match="not enough memory for even one video"):
            rater.rate(paths[0])
        with pytest.raises(ModelError, match="not enough memory for even one video"):
            list(rater.rate_many(paths, batch=2))
    assert rater.rate(paths[0]).text == alone[0].text


def test_a_run_that_is_left_early_frees_the_model_and_starts_nothing_more(rater, paths, alone):
    running = rater.rate_many(paths * 20, batch=2, jobs=1)
    assert next(running).text == alone[0].text
    assert rater.rate(paths[0]).text == alone[0].text
    running.close()
    for thread in threading.enumerate():
        if thread.name.startswith("prepare"):
            thread.join(20)
            assert not thread.is_alive()


def test_what_cannot_be_rated_is_told_before_the_next_that_can(rater, tmp_path, clip):
    def paths():
        yield from (tmp_path / f"missing{number}.mp4" for number in range(20))
        read_on.append(len(told))
        yield clip("plain.mp4")

    read_on, told = [], []
    for result in rater.rate_many(paths(), jobs=1):
        told.append(result)
    assert len(told) == 21 and all(isinstance(result, VideoError) for result in told[:20])
    assert read_on[0] > 5


def test_a_negative_number_of_rollouts_is_refused(rater):
    with pytest.raises(ValueError, match="must not be negative"):
        rater.rate_many([], rollouts=-1)


def test_no_files_are_no_ratings(rater):
    assert list(rater.rate_many([])) == []


def test_a_plan_follows_what_is_asked_and_else_the_machine(rater, monkeypatch):
    assert make_batch_plan(rater.loaded, 5, 3) == BatchPlan(5, 3)
    plan = make_batch_plan(rater.loaded)
    assert 1 <= plan.batch <= 8 and 1 <= plan.jobs <= 8
    monkeypatch.setattr("vqathinker.model.memory.free_bytes", lambda device: 0)
    assert make_batch_plan(rater.loaded).batch == 1
    with pytest.raises(ValueError, match="at least 1"):
        make_batch_plan(rater.loaded, 0, 1)


def test_processes_on_one_machine_share_its_processors(rater, monkeypatch):
    monkeypatch.setattr("os.sched_getaffinity", lambda pid: set(range(16)), raising=False)
    jobs = {}
    for processes in (1, 4, 32):
        monkeypatch.setenv("LOCAL_WORLD_SIZE", str(processes))
        jobs[processes] = make_batch_plan(rater.loaded).jobs
    assert jobs == {1: 8, 4: 4, 32: 1}
    assert make_batch_plan(rater.loaded, jobs=6).jobs == 6


def test_rating_many_leaves_no_gradients(rater, paths):
    next(iter(rater.rate_many(paths[:1])))
    assert torch.is_grad_enabled() and not torch.is_inference_mode_enabled()

"""A page with two models: one line for both, the second checked against the memory that the first leaves."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.model.family import qwen_folders
from tests.model.family.conftest import shortened
from vqathinker.cli import main
from vqathinker.errors import ModelError, VQAThinkerError
from vqathinker.model import memory
from vqathinker.rating import Rated, Watched
from vqathinker.space.queue.model import Model
from vqathinker.space.queue.requests import Job
from vqathinker.space.settings import Settings


@pytest.fixture(scope="module")
def second(tmp_path_factory: pytest.TempPathFactory) -> str:
    return f"q-insight@{qwen_folders.write_folder(tmp_path_factory.mktemp('second') / 'checkpoint')}"


@pytest.fixture(scope="module")
def model(second: str) -> Iterator[Model]:
    made = Model(Settings(beside_model=second, precision="fp32"))
    shortened(made.rater(beside=True))
    yield made
    made.close()


def test_one_video_is_rated_by_both_in_two_turns(model: Model, clip):
    job = Job(str(clip("plain.mp4")))
    first, other = model.rate(job, Job(job.path, rollouts=2, beside=True))
    assert first.model == "tiny" and other.model == model.settings.beside_model and len(other.rollouts) == 2
    assert first.score == model.rater().rate(job.path).score and model.line.count() == 0
    assert other.score == model.rater(beside=True).rate(job.path).score
    assert model.complete and b"vqathinker_beside_model_ready 1.0" in model.metrics.text()


def test_while_one_works_the_other_waits(model: Model, clip):
    job = Job(str(clip("plain.mp4")))
    running, waiting = (model.watch([one], threading.Event()) for one in (job, Job(job.path, beside=True)))
    assert isinstance(next(running), Watched) and not isinstance(next(running), Watched)
    assert isinstance(next(waiting), Watched) and next(waiting).ahead == 1
    assert isinstance(list(running)[-1], Rated) and isinstance(list(waiting)[-1], Rated)


def test_where_memory_is_too_small_for_both_the_first_works_and_the_reason_is_known(second: str, clip, monkeypatch):
    free, made = memory.free_bytes, []
    monkeypatch.setattr(memory, "free_bytes", lambda device: 1000 if made and made[0].ready else free(device))
    made.append(Model(Settings(beside_model=second, precision="fp32")))
    model, job = made[0], Job(str(clip("plain.mp4")))
    told = "not enough memory for both models: tiny takes 0.0 GB in fp32 and q-insight@.* takes 0.0 GB in fp32, .* free"
    with pytest.raises(ModelError, match=told):
        model.rate(Job(job.path, beside=True))
    assert model.rate(job)[0].model == "tiny" and model.ready and not model.complete
    assert "not enough memory" in model.beside.problem and not model.problem
    model.close()


def test_without_the_first_the_second_is_not_there_either(second: str):
    model = Model(Settings(model="no-such-model", beside_model=second))
    with pytest.raises(ModelError, match="no-such-model"):
        model.rater(beside=True)
    model.close()


def test_a_page_with_one_model_says_so_and_has_nothing_of_a_second(clip):
    model = Model(Settings())
    with pytest.raises(ModelError, match="this page has one model only"):
        model.rate(Job(str(clip("plain.mp4")), beside=True))
    model.rater()
    assert model.complete and model.ready and b"beside" not in model.metrics.text()
    model.close()


def test_the_second_comes_from_the_environment_and_is_another_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    assert Settings.from_environment().beside_model == ""
    monkeypatch.setenv("VQATHINKER_BESIDE_MODEL", str(tmp_path))
    assert Settings.from_environment().beside_model == str(tmp_path)
    with pytest.raises(VQAThinkerError, match="to compare tiny with must be another one"):
        Settings(beside_model="tiny")


def test_the_command_line_takes_a_second_model(monkeypatch: pytest.MonkeyPatch, capsys):
    seen: list[Settings] = []
    monkeypatch.setattr("vqathinker.space.launch", seen.append)
    main(["serve", "--beside-model", "q-insight"])
    main(["serve"])
    assert [one.beside_model for one in seen] == ["q-insight", ""]
    assert main(["serve", "--beside-model", "tiny"]) == 2
    assert "to compare tiny with must be another one" in capsys.readouterr().err

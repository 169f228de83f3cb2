"""What the question box shows: nothing without a video, the growing answer, one sentence when something is wrong."""

from __future__ import annotations

import gradio as gr
import pytest

from tests.rating.test_ask import make_rater
from vqathinker.bundled import CHECKPOINTS
from vqathinker.space.ask_panel import NO_VIDEO, answer_aloud, build_ask_panel, can_ask, said
from vqathinker.space.model import Model
from vqathinker.space.settings import Settings
from vqathinker.space.wishes import Job, Wishes


def make_model(monkeypatch: pytest.MonkeyPatch, prompt: str) -> Model:
    rater = make_rater(prompt)
    monkeypatch.setattr("vqathinker.space.model.load_rater", lambda *_: rater)
    model = Model(Settings(model="elsewhere"))
    model.rater()
    return model


@pytest.fixture
def talker(monkeypatch: pytest.MonkeyPatch) -> Model:
    return make_model(monkeypatch, "official_inference")


def test_an_answer_is_shown_in_steps_and_with_its_reasoning(talker: Model, clip):
    shown = list(answer_aloud(talker, str(clip("plain.mp4")), "Does it stutter?"))
    reply = talker.rater().ask(clip("plain.mp4"), "Does it stutter?")
    assert 'class="vq-note busy"' in shown[0] and len(shown) > 3
    assert shown[-1] == said(reply.answer, reply.reasoning)


def test_what_goes_wrong_is_one_sentence(talker: Model, clip, monkeypatch: pytest.MonkeyPatch):
    assert NO_VIDEO in list(answer_aloud(talker, None, "Is it sharp?"))[-1]
    assert "there is no question" in list(answer_aloud(talker, str(clip("plain.mp4")), " "))[-1]
    assert "is a text file" in list(answer_aloud(talker, str(clip("text.mp4")), "Is it sharp?"))[-1]
    silent = make_model(monkeypatch, "tiny")
    assert "can only rate a video" in list(answer_aloud(silent, str(clip("plain.mp4")), "Is it sharp?"))[-1]
    assert can_ask(talker) and not can_ask(silent)


def test_a_model_that_could_not_be_loaded_answers_nothing():
    assert not can_ask(Model(Settings(model="no-such-model")))


@pytest.mark.parametrize(("name", "built"), [("tiny", False), ("elsewhere", True), (str(CHECKPOINTS.parent), True)])
def test_the_bundled_model_has_a_sentence_for_a_panel(name: str, built: bool, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("vqathinker.space.model.load_rater", lambda *_: None)
    with gr.Blocks() as page:
        build_ask_panel(Model(Settings(model=name)), Wishes())
    blocks = {getattr(block, "elem_id", None): block for block in page.blocks.values()}
    assert ("ask" in blocks) == built == ("ask-not" not in blocks)
    if not built:
        assert "answers no questions" in (said := blocks["ask-not"].value) and "VQATHINKER_MODEL=8b" in said


def test_the_last_file_of_a_visitor_is_asked_about():
    wishes = Wishes()
    assert wishes.last_path("anna") is None
    wishes.say("anna", [Job("a.mp4")], {})
    wishes.stop("anna")
    assert wishes.last_path("anna") == "a.mp4"


def test_an_answer_cannot_bring_markup():
    html = said("<script>alert(1)</script>", "<b>")
    assert "<script>" not in html and "<b>" not in html

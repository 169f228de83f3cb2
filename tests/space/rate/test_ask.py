"""What the question box shows: nothing without a video, the growing answer, one sentence when something is wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import gradio as gr
import pytest

from tests.rating.test_ask import make_rater
from vqathinker.bundled import CHECKPOINTS
from vqathinker.space.queue.model import Model
from vqathinker.space.queue.requests import Job, Wishes
from vqathinker.space.rate.ask import NO_VIDEO, answer_aloud, build_ask_panel, model_can_ask, reply_html
from vqathinker.space.settings import Settings


@pytest.fixture
def make_model() -> Iterator[Callable[[str], Model]]:
    """Models by their names; closed at the end, or those that cannot be loaded would be tried again for ever."""
    made: list[Model] = []

    def make(name: str) -> Model:
        made.append(Model(Settings(model=name)))
        return made[-1]

    yield make
    for model in made:
        model.close()


@pytest.fixture
def make_talker(make_model: Callable[[str], Model], monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Model]:
    """Models of two blocks by their prompts."""

    def make(prompt: str) -> Model:
        rater = make_rater(prompt)
        monkeypatch.setattr("vqathinker.space.queue.model.load_rater", lambda *_: rater)
        model = make_model("elsewhere")
        model.rater()
        return model

    return make


@pytest.fixture
def talker(make_talker: Callable[[str], Model]) -> Model:
    return make_talker("official_inference")


def test_an_answer_is_shown_in_steps_and_with_its_reasoning(talker: Model, clip):
    shown = list(answer_aloud(talker, str(clip("plain.mp4")), "Does it stutter?"))
    reply = talker.rater().ask(clip("plain.mp4"), "Does it stutter?")
    assert 'class="vq-note busy"' in shown[0] and len(shown) > 3
    assert shown[-1] == reply_html(reply.answer, reply.reasoning)


def test_what_goes_wrong_is_one_sentence(talker: Model, make_talker: Callable[[str], Model], clip):
    assert NO_VIDEO in list(answer_aloud(talker, None, "Is it sharp?"))[-1]
    assert "there is no question" in list(answer_aloud(talker, str(clip("plain.mp4")), " "))[-1]
    assert "is a text file" in list(answer_aloud(talker, str(clip("text.mp4")), "Is it sharp?"))[-1]
    silent = make_talker("tiny")
    assert "can only rate a video" in list(answer_aloud(silent, str(clip("plain.mp4")), "Is it sharp?"))[-1]
    assert model_can_ask(talker) and not model_can_ask(silent)


def test_a_model_that_could_not_be_loaded_answers_nothing(make_model: Callable[[str], Model]):
    assert not model_can_ask(make_model("no-such-model"))


@pytest.mark.parametrize(("name", "built"), [("tiny", False), ("elsewhere", True), (str(CHECKPOINTS.parent), True)])
def test_the_bundled_model_has_a_sentence_for_a_panel(
    name: str, built: bool, make_model: Callable[[str], Model], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("vqathinker.space.queue.model.load_rater", lambda *_: None)
    with gr.Blocks() as page:
        build_ask_panel(make_model(name), Wishes())
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
    html = reply_html("<script>alert(1)</script>", "<b>")
    assert "<script>" not in html and "<b>" not in html

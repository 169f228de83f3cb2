"""A question box under a rated video, for models that can answer; in its place, a bundled one says that it cannot."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from html import escape

import gradio as gr

from ...answer import answer_so_far
from ...bundled import CHECKPOINTS, checkpoint_folder
from ...errors import VQAThinkerError
from ...rating.events import Replied, Watched, Wrote
from ...scorers.scorer import LONGEST_QUESTION
from ..queue.model import Model, Waiting
from ..queue.requests import Job, Wishes
from ..queue.visitors import Visitor, visitor_of
from ..widgets import markup, texts
from ..widgets.parts import html

ASK_TITLE = "Ask about its quality"
QUESTION_HINT = "Does it stutter? Is the noise from the camera or from compression?"
NO_VIDEO = "Choose a video first, then ask about it."
LOOKING = "The model is looking at the video."
THINKING = "The model is thinking."
ONLY_RATES = (
    '<p class="vq-slot">This page runs a bundled model, which rates videos and answers no questions. '
    "Started with <code>VQATHINKER_MODEL=8b</code>, it has a box for them here.</p>"
)
ABILITY_CHECK_S = 1.0
CALLS = {"api_visibility": "private", "show_progress": "hidden", "concurrency_limit": None, "concurrency_id": "model"}


def build_ask_panel(model: Model, wishes: Wishes) -> None:
    """Put the panel into the Blocks that are being built; it shows itself when the model is there and can answer. For a
    bundled model a sentence stands in its place.

    Asked is about the file that the visitor wanted to have rated last.
    """
    if checkpoint_folder(model.settings.model).parent == CHECKPOINTS:
        html("ask-not", ONLY_RATES)
        return
    with gr.Column(visible=False, elem_id="ask") as panel:
        with gr.Row(elem_classes="vq-bar"):
            question = gr.Textbox(
                label=ASK_TITLE,
                placeholder=QUESTION_HINT,
                max_length=LONGEST_QUESTION,
                lines=1,
                max_lines=3,
                scale=4,
                elem_id="question",
            )
            button = gr.Button("Ask", size="sm", scale=1, min_width=80, elem_id="ask-now")
        reply = html("reply")
    timer = gr.Timer(ABILITY_CHECK_S)

    def look() -> list:
        if not model.ready:
            return [gr.skip(), gr.skip()]
        return [gr.update(visible=model_can_ask(model)), gr.Timer(active=False)]

    def ask(text: str, request: gr.Request) -> Iterator[str]:
        yield from answer_aloud(model, wishes.last_path(request.session_hash or ""), text, visitor_of(request))

    timer.tick(look, None, [panel, timer], api_visibility="private", show_progress="hidden", queue=False)
    for asked in (question.submit, button.click):
        asked(ask, question, reply, **CALLS)


def model_can_ask(model: Model) -> bool:
    """Whether the loaded model answers questions; one that could not be loaded does not."""
    try:
        return model.rater().can_ask
    except VQAThinkerError:
        return False


def answer_aloud(model: Model, path: str | None, question: str, visitor: Visitor | None = None) -> Iterator[str]:
    """The panel's content while a question is answered: place in the line, thinking, the growing answer, all of it."""
    if not path:
        yield markup.note(NO_VIDEO)
        return
    yield markup.note(texts.WAITING, busy=True)
    try:
        for event in model.watch([Job(path, question=question)], threading.Event(), visitor):
            if isinstance(event, Waiting):
                yield markup.in_line(event.ahead, markup.note(LOOKING, busy=True))
            elif isinstance(event, Watched):
                yield markup.note(LOOKING, busy=True)
            elif isinstance(event, Wrote):
                answer = answer_so_far(event.text)
                yield reply_html(answer) if answer else markup.note(THINKING, busy=True)
            elif isinstance(event, Replied):
                yield reply_html(event.reply.answer, event.reply.reasoning)
    except VQAThinkerError as error:
        yield markup.problem(str(error))


def reply_html(answer: str, reasoning: str = "") -> str:
    """An answer, and the reasoning before it, folded."""
    why = f"<details><summary>Reasoning</summary><p>{escape(reasoning)}</p></details>" if reasoning else ""
    return f'<div class="vq-reply" aria-live="polite"><p>{escape(answer)}</p>{why}</div>'

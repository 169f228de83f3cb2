"""The parts of the rating tab and how they are laid out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import gradio as gr

from ..files import STILLS, VIDEOS
from . import texts, views

PICK = """
let clicks = 0;
element.addEventListener('click', event => {
  const button = event.target.closest('button[data-index]');
  if (button) trigger('click', {index: Number(button.dataset.index), order: ++clicks});
});
"""


@dataclass(frozen=True)
class Panel:
    """What changes on the page while a video is rated; an update names the parts that it changes."""

    player: gr.HTML
    caption: gr.HTML
    status: gr.HTML
    verdict: gr.HTML
    reasoning: gr.HTML
    film: gr.HTML
    report: gr.JSON
    details: gr.Accordion
    rate: gr.Button
    stop: gr.Button

    @property
    def outputs(self) -> list:
        return list(vars(self).values())

    def update(self, **changes) -> list:
        return [changes.get(name, gr.skip()) for name in vars(self)]

    def busy(self, status: str, **changes) -> list:
        """Emptied, with Stop in the place of Rate again."""
        return self.update(
            status=status,
            film="",
            verdict=views.verdict(),
            reasoning=views.reasoning(""),
            details=gr.update(visible=False),
            rate=gr.update(visible=False),
            stop=gr.update(visible=True),
            **changes,
        )

    def idle(self, **changes) -> list:
        buttons = {"rate": gr.update(visible=True), "stop": gr.update(visible=False)}
        return self.update(**{**buttons, **changes})


@dataclass(frozen=True)
class Inputs:
    """What a visitor touches."""

    upload: gr.File
    cards: gr.HTML


def html(name: str, value: str = "", **options) -> gr.HTML:
    """A part of the page with an id and with none of Gradio's own text styles."""
    return gr.HTML(value, elem_id=name, apply_default_css=False, **options)


def upload_box(label: str, **options) -> gr.File:
    """gr.File without the empty temporary file that its own `preprocess` leaves behind for each upload."""
    box = gr.File(label=label, **options)
    box.preprocess = lambda payload: payload and payload.path
    return box


def lay_out(examples: list[dict], folder: Path) -> tuple[Panel, Inputs]:
    """Put the parts into the Blocks that are being built: the video on the left, its rating on the right."""
    with gr.Row(elem_classes="vq-columns"):
        with gr.Column(scale=5, min_width=300):
            player, caption = html("player"), html("caption")
            upload = upload_box(texts.UPLOAD, file_types=[*VIDEOS, *STILLS], show_label=False, elem_id="upload")
            cards = html("examples", views.example_cards(examples, folder), js_on_load=PICK)
        with gr.Column(scale=6, min_width=300):
            with gr.Row(elem_classes="vq-bar"):
                status = html("status", views.note(texts.READY))
                rate = gr.Button("Rate again", size="sm", visible=False, elem_id="rate")
                stop = gr.Button("Stop", variant="stop", size="sm", visible=False, elem_id="stop")
            verdict, reasoning = html("verdict", views.verdict()), html("reasoning", views.reasoning(""))
            film = html("film")
            with gr.Accordion("Report (JSON)", open=False, visible=False, elem_id="details") as details:
                report = gr.JSON(show_label=False, elem_id="report")
    panel = Panel(player, caption, status, verdict, reasoning, film, report, details, rate, stop)
    return panel, Inputs(upload, cards)

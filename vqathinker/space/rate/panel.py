"""The parts of the rating tab and how they are laid out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import gradio as gr

from ...files import STILLS, VIDEOS
from ..widgets import markup, score_card, texts
from ..widgets.parts import HIDDEN, PICK, SHOWN, Parts, html, rollouts_choice, upload_box
from . import score_first

SEEK = (Path(__file__).parent / "film.js").read_text(encoding="utf-8")
WEBCAM_CONSTRAINTS = {"video": {"width": {"ideal": 1280}, "height": {"ideal": 720}}}


@dataclass(frozen=True)
class Panel(Parts):
    """What changes on the page while a video is rated; an update names the parts that it changes.

    `report` and the film that was `seen` are what later steps work with: a browser could send back anything in the
    place of what is `shown`.
    """

    player: gr.HTML
    caption: gr.HTML
    status: gr.HTML
    verdict: gr.HTML
    reasoning: gr.HTML
    place: gr.HTML
    sure: gr.HTML
    film: gr.HTML
    check: gr.Accordion
    checked: gr.HTML
    save: gr.HTML
    report: gr.State
    seen: gr.State
    shown: gr.JSON
    details: gr.Accordion
    rollouts: gr.State
    rate: gr.Button
    stop: gr.Button

    def busy(self, status: str, **changes) -> list:
        """Emptied, with Stop in the place of Rate again."""
        return self.update(
            **{
                "status": status,
                **dict.fromkeys(("film", "place", "sure", "checked", "save"), ""),
                **dict.fromkeys(("check", "details", "rate"), gr.update(**HIDDEN)),
                "verdict": score_card.verdict(),
                "reasoning": score_card.reasoning_box(""),
                "stop": gr.update(**SHOWN),
                **changes,
            }
        )

    def checking(self, status: str, **changes) -> list:
        """The rating stays; Stop is for the check of the order."""
        buttons = {"rate": gr.update(**HIDDEN), "stop": gr.update(**SHOWN)}
        return self.update(status=status, **buttons, **changes)

    def idle(self, **changes) -> list:
        buttons = {"rate": gr.update(**SHOWN), "stop": gr.update(**HIDDEN)}
        return self.update(**{**buttons, **changes})


@dataclass(frozen=True)
class RateControls:
    """What a visitor touches."""

    upload: gr.File
    webcam: gr.Video
    cards: gr.HTML
    own: gr.HTML
    count: gr.Radio
    perturbation: gr.Dropdown
    check: gr.Button


def webcam_box() -> gr.Video:
    """A recorder without sound; what it records is taken as it is, where gr.Video would call a system's ffmpeg."""
    options = gr.WebcamOptions(mirror=False, constraints=WEBCAM_CONSTRAINTS)
    box = gr.Video(sources=["webcam"], webcam_options=options, include_audio=False, show_label=False, elem_id="webcam")
    box.preprocess = lambda payload: payload and payload.path
    return box


def lay_out_rating(
    examples: list[dict],
    folder: Path,
    rollouts: gr.State,
    under_player: Callable[[], None],
    first: str = "",
    said: Mapping[str, object] | None = None,
    no_motion: str = "",
) -> tuple[Panel, RateControls]:
    """Put the parts into the Blocks that are being built: the video on the left, with what `under_player` puts there,
    its rating on the right. `first`: the pictures that a visitor may score; `said`: what the parts show at first, "" or
    nothing where there is no such part; `no_motion`: why the order of frames is not checked with this model."""
    said = said or {}
    with gr.Row(elem_classes="vq-columns"):
        with gr.Column(scale=5, min_width=300):
            player, caption = html("player", said.get("player", "")), html("caption", said.get("caption", ""))
            under_player()
            upload = upload_box(texts.UPLOAD, file_types=[*VIDEOS, *STILLS], show_label=False, elem_id="upload")
            with gr.Accordion(texts.WEBCAM, open=False, elem_id="webcam-box"):
                webcam = webcam_box()
            cards = html("examples", markup.example_cards(examples, folder), js_on_load=PICK)
            count = rollouts_choice("count")
            with gr.Accordion(texts.FIRST, open=False, visible=bool(first), elem_id="first-box"):
                own = html("first", first, js_on_load=score_first.SCORE_FIRST_JS)
        with gr.Column(scale=6, min_width=300):
            with gr.Row(elem_classes="vq-bar"):
                status = html("status", said.get("status", markup.note(texts.READY)))
                rate = gr.Button("Rate again", size="sm", visible=bool(said), elem_id="rate")
                stop = gr.Button("Stop", variant="stop", size="sm", visible=False, elem_id="stop")
            score = html("verdict", said.get("verdict", score_card.verdict()))
            with gr.Accordion(texts.REASONING, open=True, elem_id="thoughts"):
                reasoning = html("reasoning", said.get("reasoning", score_card.reasoning_box("")))
            place, sure = html("place", said.get("place", "")), html("sure", said.get("sure", ""))
            film = html("film", said.get("film", ""), js_on_load=SEEK)
            with gr.Accordion(texts.CHECK, open=False, visible=bool(said), elem_id="check") as check:
                told = texts.CHECK_WITHOUT.format(no_motion) if no_motion else texts.CHECK_INFO
                html("check-info", f"<p class=vq-caption>{told}</p>")
                with gr.Row(elem_classes="vq-ask", visible=not no_motion):
                    choices = [(text, name) for name, text in texts.PERTURBATIONS.items()]
                    perturbation = gr.Dropdown(
                        choices, show_label=False, label=texts.DISORDER, container=False, elem_id="perturbation"
                    )
                    button = gr.Button(texts.CHECK_BUTTON, size="sm", elem_id="check-order")
                checked = html("checked")
            save = html("save", said.get("save", ""))
            with gr.Accordion(texts.JSON, open=False, visible=bool(said), elem_id="details") as details:
                shown = gr.JSON(said.get("report"), show_label=False, elem_id="report")
    report, seen = gr.State(said.get("report")), gr.State(said.get("seen"))
    panel = Panel(
        player, caption, status, score, reasoning, place, sure, film, check, checked, save, report, seen, shown,
        details, rollouts, rate, stop,
    )  # fmt: skip
    return panel, RateControls(upload, webcam, cards, own, count, perturbation, button)

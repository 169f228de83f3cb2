"""The parts of the comparing tab and how they are laid out."""

from __future__ import annotations

from dataclasses import dataclass

import gradio as gr

from ...files import STILLS, VIDEOS
from ..widgets import markup, texts
from ..widgets.parts import HIDDEN, PICK, SHOWN, Parts, html, rollouts_choice, upload_box
from . import views
from .views import LETTERS

NO_RESULT = {"side_a": "", "side_b": "", "outcome": ""}
VIDEOS_KIND, MODELS_KIND = "videos", "models"


@dataclass(frozen=True)
class Duel(Parts):
    """What changes on the tab; the states hold the paths of the chosen files, "" for none. `kind` is VIDEOS_KIND or
    MODELS_KIND, the latter on pages with a second model only; `column_b` holds the second video."""

    kind: gr.Radio | gr.State
    column_b: gr.Column
    first: gr.State
    second: gr.State
    slot_a: gr.HTML
    slot_b: gr.HTML
    player_a: gr.HTML
    player_b: gr.HTML
    side_a: gr.HTML
    side_b: gr.HTML
    status: gr.HTML
    outcome: gr.HTML
    start: gr.Button
    stop: gr.Button

    def place(self, letter: str, path: str, poster: str = "") -> dict:
        """The changes that put a file into one of the two places."""
        name, lower = ("first", "second")[LETTERS.index(letter)], letter.lower()
        return {
            name: path,
            f"slot_{lower}": views.slot(letter, path),
            f"player_{lower}": markup.player(path, poster),
        }

    def of_kind(self, kind: str) -> dict:
        """The changes that make room for two videos, or for one."""
        if kind == VIDEOS_KIND:
            return {"column_b": gr.update(**SHOWN)}
        return {"second": "", "slot_b": views.slot("B", None), "player_b": "", "column_b": gr.update(**HIDDEN)}

    def busy(self, status: str, **changes) -> list:
        return self.update(status=status, start=gr.update(**HIDDEN), stop=gr.update(**SHOWN), **changes)

    def idle(self, status: str, **changes) -> list:
        return self.update(status=status, start=gr.update(**SHOWN), stop=gr.update(**HIDDEN), **changes)


def kind_choice(beside: bool) -> gr.Radio | gr.State:
    """Two videos, or one and two models where there are such: what is compared."""
    if not beside:
        return gr.State(VIDEOS_KIND)
    choices = list(zip(texts.COMPARE_KINDS, (VIDEOS_KIND, MODELS_KIND), strict=True))
    return gr.Radio(choices, value=VIDEOS_KIND, label=texts.COMPARE_KIND, elem_id="compare-kind")


def lay_out_duel(cards: str, beside: bool = False) -> tuple[Duel, dict[str, gr.File], gr.Radio, gr.HTML]:
    """Both videos side by side, the question, its answer, and the pairs to start with; `beside`: there is a second
    model."""
    places, boxes, columns = {}, {}, {}
    kind, first, second = kind_choice(beside), gr.State(""), gr.State("")
    with gr.Row(elem_classes="vq-columns vq-duel"):
        for letter in LETTERS:
            lower = letter.lower()
            with gr.Column(min_width=280) as columns[letter]:
                places[f"slot_{lower}"] = html(f"slot-{lower}", views.slot(letter, None))
                places[f"player_{lower}"] = html(f"player-{lower}")
                boxes[letter] = upload_box(
                    f"Video {letter}", file_types=[*VIDEOS, *STILLS], show_label=False,
                    elem_id=f"upload-{lower}", elem_classes="vq-upload",
                )  # fmt: skip
    with gr.Row(elem_classes="vq-bar"):
        status = html("compare-status", markup.note(texts.COMPARE_READY))
        start = gr.Button(texts.COMPARE_BUTTON, variant="primary", size="sm", elem_id="compare")
        stop = gr.Button("Stop", variant="stop", size="sm", visible=False, elem_id="compare-stop")
    outcome = html("outcome")
    with gr.Row(elem_classes="vq-columns"):
        for letter in LETTERS:
            with gr.Column(min_width=280):
                places[f"side_{letter.lower()}"] = html(f"side-{letter.lower()}")
    pairs = html("pairs", cards, js_on_load=PICK)
    count = rollouts_choice("compare-count", least=2)
    changed = {"status": status, "outcome": outcome, "start": start, "stop": stop}
    duel = Duel(kind=kind, column_b=columns["B"], first=first, second=second, **places, **changed)
    return duel, boxes, count, pairs

"""Parts of which the tabs are laid out, and how an event changes some of them."""

from __future__ import annotations

import gradio as gr

from . import texts

PICK = """
let clicks = 0;
element.addEventListener('click', event => {
  const button = event.target.closest('button[data-index]');
  if (button) trigger('click', {index: Number(button.dataset.index), order: ++clicks});
});
"""
ROLLOUT_CHOICES, USUAL_ROLLOUTS = (0, 4, 8, 16), 8
HIDDEN, SHOWN = {"visible": False}, {"visible": True}


class Parts:
    """Components that one event may change: a base of dataclasses that name them."""

    @property
    def outputs(self) -> list:
        return list(vars(self).values())

    def update(self, **changes) -> list:
        return [changes.get(name, gr.skip()) for name in vars(self)]


def html(name: str, value: str = "", **options) -> gr.HTML:
    """A part of the page with an id and with none of Gradio's own text styles."""
    return gr.HTML(value, elem_id=name, apply_default_css=False, **options)


def upload_box(label: str, **options) -> gr.File:
    """gr.File without the empty temporary file that its own `preprocess` leaves behind for each upload."""
    box = gr.File(label=label, **options)
    box.preprocess = lambda payload: payload and payload.path
    return box


def rollouts_choice(name: str, least: int = 0) -> gr.Radio:
    """How many answers are sampled, `least` or more of them."""
    choices = [(str(count) if count else "none", count) for count in ROLLOUT_CHOICES if count >= least]
    return gr.Radio(choices, value=USUAL_ROLLOUTS, label=texts.ROLLOUTS, info=texts.ROLLOUTS_INFO, elem_id=name)

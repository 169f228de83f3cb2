"""A line over the page that says why there is no model, as long as there is none."""

from __future__ import annotations

from html import escape

import gradio as gr

from .queue.model import Model
from .widgets import texts
from .widgets.parts import html

LOOK_EVERY_S = 3.0


def build_banner(model: Model, page: gr.Blocks) -> None:
    """Put the line into the Blocks that are being built. Every page looks by itself until the model is there."""
    line, timer = html("banner"), gr.Timer(LOOK_EVERY_S)

    def look() -> list:
        return [banner(model.problem), gr.Timer(active=not model.ready)]

    for event in (page.load, timer.tick):
        event(look, None, [line, timer], api_visibility="private", show_progress="hidden", queue=False)


def banner(problem: str) -> str:
    """The line for a reason, nothing without one."""
    told = texts.MODEL_FAILED.format(problem.rstrip("."))
    return f'<p class="vq-note vq-banner" role="alert">{escape(told)}</p>' if problem else ""

"""The top of the page: a line that says why there is no model, as long as there is none, and what it is when it is
there."""

from __future__ import annotations

from dataclasses import replace
from html import escape
from pathlib import Path

import gradio as gr

from ..errors import ModelError
from ..scorers import Scorer, which
from .queue.loader import Loader
from .queue.model import Model
from .widgets import markup, texts
from .widgets.parts import html

MODEL_CHECK_S = 3.0


def build_banner(model: Model, page: gr.Blocks, caveat: str) -> None:
    """Put the line and the header into the Blocks that are being built. Every page looks by itself until the model is
    there."""
    line, timer = html("banner"), gr.Timer(MODEL_CHECK_S)
    header = html("header", header_of(model, caveat))

    def look() -> list:
        shown = header_of(model, caveat) if model.ready else gr.skip()
        told = banner(model.problem, model.beside.problem if model.beside else "")
        return [told, gr.Timer(active=not model.complete), shown]

    for event in (page.load, timer.tick):
        event(look, None, [line, timer, header], api_visibility="private", show_progress="hidden", queue=False)


def banner(problem: str, of_second: str = "") -> str:
    """The line for the reason why there is no model, or else no second one; nothing without a reason."""
    told = texts.BESIDE_FAILED.format(of_second.rstrip(".")) if of_second else ""
    told = texts.MODEL_FAILED.format(problem.rstrip(".")) if problem else told
    return f'<p class="vq-note vq-banner" role="alert">{escape(told)}</p>' if told else ""


def header_of(model: Model, caveat: str) -> str:
    """The top of the page with the badges of its models."""
    beside = badge_of(model.beside, model.settings.beside_model) if model.beside else ""
    return markup.header(badge_of(model.loader, model.settings.model), caveat, beside)


def badge_of(loader: Loader, asked: str) -> str:
    """A model behind the page: name, family, size, precision, as far as they are known by now; `asked`: by what name it
    is loaded."""
    if loader.ready:
        rater = loader.rater()
        return badge(rater.scorer, rater.name, rater.parameters, rater.precision)
    try:
        scorer, _ = which(asked)
    except ModelError:
        scorer = None
    return badge(scorer, asked)


def badge(scorer: Scorer | None, name: str, parameters: int = 0, precision: str = "") -> str:
    """
    >>> from ..scorers import SCORERS
    >>> badge(SCORERS["8b"], "8b", 8_000_000_000, "nf4"), badge(None, "/models/mine")
    ('8b · VQAThinker · 8.0 B · nf4', 'mine')
    """
    if scorer is None:
        return Path(name).name
    own = name if name in (scorer.name, scorer.hub) else Path(name).name
    size = replace(scorer, parameters=parameters / 1e9).size if parameters else scorer.size
    return " · ".join(part for part in (Path(own).name, scorer.family, size, precision) if part)

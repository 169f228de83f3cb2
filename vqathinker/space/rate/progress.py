"""What the rating tab shows while a video is rated: place in the line, stages, words, and the end."""

from __future__ import annotations

import time
from collections.abc import Iterator

import gradio as gr

from ...answer import reasoning_so_far
from ...rating.events import Rated, Watched, Wrote
from ..queue.model import Model, Waiting
from ..queue.requests import Wish
from ..queue.visitors import Visitor
from ..widgets import markup, score_card, texts
from ..widgets.parts import SHOWN
from ..widgets.report import save_links
from ..widgets.thumbnails import Film
from .held_out import Beside
from .panel import Panel
from .place import among


def rate_live(wish: Wish, panel: Panel, model: Model, visitor: Visitor, beside: Beside) -> Iterator[list]:
    """Updates of the panel, stage by stage and word by word. Raises BusyError, VideoError and ModelError."""
    first = markup.stages("decoding") if model.ready else markup.note(texts.LOADING, busy=True)
    yield panel.busy(first, **wish.shown)
    began, spent, film = time.perf_counter(), {}, Film("", ())
    for event in model.watch(wish.jobs, wish.cancel, visitor):
        if isinstance(event, Waiting):
            now = markup.stages("watching" if spent else "decoding", spent)
            yield panel.update(status=markup.in_line(event.ahead, now))
            began = time.perf_counter() - spent.get("decoding", 0.0)  # what was waited is no part of the rating
        elif isinstance(event, Watched):
            spent["decoding"], film = time.perf_counter() - began, Film.of(event.clip)
            yield panel.update(status=markup.stages("watching", spent), film=markup.filmstrip(film, seek=True))
        elif isinstance(event, Wrote):
            thought = score_card.reasoning_box(reasoning_so_far(event.text), writing=True)
            if "watching" in spent:
                yield panel.update(reasoning=thought)
                continue
            spent["watching"] = time.perf_counter() - began - spent["decoding"]
            yield panel.update(status=markup.stages("thinking", spent), reasoning=thought)
        elif isinstance(event, Rated):
            yield panel.idle(**said_of(event.rating.to_dict(), film, beside))


def said_of(report: dict, film: Film, beside: Beside) -> dict:
    """All that is said at the end of a rating, or from its record: the parts of the panel that change."""
    return dict(
        status=markup.timings(report["timings"]),
        verdict=score_card.verdict(report),
        reasoning=score_card.reasoning_box(report["reasoning"]),
        place=among(report, beside.held),
        sure=score_card.sure(report),
        film=markup.filmstrip(film, seek=True),
        check=gr.update(**SHOWN),
        checked="",
        save=save_links(report, film, beside.caveat),
        report=report,
        seen=film,
        shown=report,
        details=gr.update(**SHOWN),
        rollouts=score_card.sampled_texts(report),
    )

"""What the rating tab shows while a video is rated: place in the line, stages, words, and the end."""

from __future__ import annotations

import time
from collections.abc import Iterator

import gradio as gr

from . import texts, verdict, views
from .film import Film
from .model import Model, Waiting
from .panel import SHOWN, Panel
from .report import save_links
from .visitors import Visitor
from .wishes import Wish


def rate_aloud(wish: Wish, panel: Panel, model: Model, visitor: Visitor) -> Iterator[list]:
    """Updates of the panel, stage by stage and word by word. Raises BusyError, VideoError and ModelError."""
    first = views.stages("decoding") if model.ready else views.note(texts.LOADING, busy=True)
    yield panel.busy(first, **wish.shown)
    began, spent, film = time.perf_counter(), {}, Film("", ())
    for event in model.watch(wish.jobs, wish.cancel, visitor):
        if isinstance(event, Waiting):
            now = views.stages("watching" if spent else "decoding", spent)
            yield panel.update(status=views.waiting(event.ahead) if event.ahead else now)
            began = time.perf_counter() - spent.get("decoding", 0.0)  # what was waited is no part of the rating
            continue
        from ..rating import Rated, Watched, Wrote  # not before the loading thread has imported all of it
        from ..rating.thought import thought_so_far

        if isinstance(event, Watched):
            spent["decoding"], film = time.perf_counter() - began, Film.of(event.clip)
            yield panel.update(status=views.stages("watching", spent), film=views.filmstrip(film, seek=True))
        elif isinstance(event, Wrote):
            thought = verdict.reasoning(thought_so_far(event.text), writing=True)
            if "watching" in spent:
                yield panel.update(reasoning=thought)
                continue
            spent["watching"] = time.perf_counter() - began - spent["decoding"]
            yield panel.update(status=views.stages("thinking", spent), reasoning=thought)
        elif isinstance(event, Rated):
            yield finished(panel, event.rating.to_dict(), film)


def finished(panel: Panel, report: dict, film: Film, **others) -> list:
    """All that is said at the end of a rating, or from its record; `others` come on top."""
    said = dict(
        status=views.timings(report["timings"]),
        verdict=verdict.verdict(report),
        reasoning=verdict.reasoning(report["reasoning"]),
        sure=verdict.sure(report),
        film=views.filmstrip(film, seek=True),
        check=gr.update(**SHOWN),
        checked="",
        save=save_links(report, film),
        report=report,
        shown=report,
        details=gr.update(**SHOWN),
        rollouts=verdict.sampled_texts(report),
    )
    return panel.idle(**{**said, **others})

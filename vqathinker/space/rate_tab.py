"""The tab that rates one video: choose, watch it being rated, read why."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from html import escape
from pathlib import Path
from threading import Event

import gradio as gr

from ..errors import VideoError, VQAThinkerError
from . import texts, views
from .model import Jobs, Model
from .panel import Panel, lay_out
from .settings import Settings

ONE_AT_A_TIME = {"concurrency_limit": 1, "concurrency_id": "model", "show_progress": "hidden"}
AT_ONCE = {"api_visibility": "private", "show_progress": "hidden", "queue": False}
SHOW_RATING = "() => { if (innerWidth < 700) document.getElementById('status').scrollIntoView({behavior: 'smooth'}); }"


def load_examples(folder: Path) -> list[dict]:
    """The entries of manifest.json, or none when there is no such file."""
    manifest = folder / "manifest.json"
    return json.loads(manifest.read_text(encoding="utf-8")) if manifest.is_file() else []


def build_rate_tab(model: Model, jobs: Jobs, settings: Settings) -> None:
    """Put the tab into the Blocks that are being built."""
    examples = load_examples(settings.examples)
    chosen = gr.State(None)
    panel, inputs = lay_out(examples, settings.examples)

    def ask(request: gr.Request, **changes) -> list:
        jobs.ask(request.session_hash or "")
        return panel.busy(views.note(texts.WAITING if model.ready else texts.LOADING, busy=True), **changes)

    def use_upload(path: str, request: gr.Request) -> list:
        shown = ask(request, player=views.player(path), caption=views.caption(Path(path).name))
        return [path, None, *shown]

    def use_example(event: gr.EventData, request: gr.Request) -> list:
        example = examples[event.index]
        path, poster = settings.examples / example["file"], settings.examples / example["poster"]
        player = views.player(path, views.data_address(poster.read_bytes()))
        return [str(path), None, *ask(request, player=player, caption=views.example_caption(example))]

    def ask_again(request: gr.Request) -> list:
        return ask(request)

    def stop(request: gr.Request) -> list:
        jobs.stop(request.session_hash or "")
        return panel.idle(status=views.note(texts.STOPPED))

    def run(path: str, request: gr.Request) -> Iterator[list]:
        yield from rate_for(request.session_hash or "", path, panel, model, jobs)

    # Not "once": the next request may come while the one before is still coming to its end.
    watching = {"api_visibility": "private", "trigger_mode": "multiple", **ONE_AT_A_TIME}
    choice = [chosen, inputs.upload, *panel.outputs]
    for asked in (
        inputs.upload.upload(use_upload, inputs.upload, choice, **AT_ONCE),
        inputs.cards.click(use_example, None, choice, **AT_ONCE),
        panel.rate.click(ask_again, None, panel.outputs, **AT_ONCE),
    ):
        asked.then(run, chosen, panel.outputs, **watching)
        asked.then(None, js=SHOW_RATING, **AT_ONCE)
    panel.stop.click(stop, None, panel.outputs, **AT_ONCE)


def rate_for(visitor: str, path: str, panel: Panel, model: Model, jobs: Jobs) -> Iterator[list]:
    """Updates of the panel while the visitor's video is rated; what goes wrong is said in a toast and the status line.

    Nothing more is said once the visitor has stopped it or asked for another.
    """
    yield panel.update()
    cancel = jobs.wanted(visitor)
    if cancel is None:
        return
    try:
        yield from rate_aloud(path, panel, model, cancel)
    except VQAThinkerError as error:
        if cancel.is_set():
            return
        bad_file = isinstance(error, VideoError)
        # Gradio 6 shows neither the title of a toast nor, from a generator, that of a gr.Error.
        title = texts.BAD_FILE if bad_file else texts.MODEL_PROBLEM
        gr.Warning(f"<b>{title}.</b><br>{escape(str(error))}", title=title)
        nothing = {"player": "", "rate": gr.update(visible=False)} if bad_file else {}
        yield panel.idle(status=views.note(str(error)), **nothing)
    finally:
        jobs.finish(visitor, cancel)


def rate_aloud(path: str, panel: Panel, model: Model, cancel: Event) -> Iterator[list]:
    """Updates of the panel, stage by stage and word by word. Raises VideoError and ModelError."""
    if not model.ready:
        yield panel.busy(views.note(texts.LOADING, busy=True))
    model.rater()
    from ..rating import Rated, Watched, Wrote  # not before the loading thread has imported all of it
    from ..rating.thought import thought_so_far

    yield panel.busy(views.stages("decoding"))
    began, spent = time.perf_counter(), {}
    for event in model.watch(path, cancel):
        if isinstance(event, Watched):
            spent["decoding"] = time.perf_counter() - began
            yield panel.update(status=views.stages("watching", spent), film=views.filmstrip(event.clip))
        elif isinstance(event, Wrote):
            thought = views.reasoning(thought_so_far(event.text), writing=True)
            if "watching" in spent:
                yield panel.update(reasoning=thought)
                continue
            spent["watching"] = time.perf_counter() - began - spent["decoding"]
            yield panel.update(status=views.stages("thinking", spent), reasoning=thought)
        elif isinstance(event, Rated):
            rating = event.rating
            yield panel.idle(
                status=views.timings(rating.timings),
                verdict=views.verdict(rating),
                reasoning=views.reasoning(rating.reasoning),
                report=rating.to_dict(),
                details=gr.update(visible=True),
            )

"""The tab that rates one video: choose, watch it being rated, read why."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import gradio as gr

from ..errors import ModelError, VideoError
from ..files import STILLS, VIDEOS
from . import texts, views
from .model import Jobs, Model
from .settings import Settings

ONE_AT_A_TIME = {"concurrency_limit": 1, "concurrency_id": "model", "show_progress": "hidden"}
PICK = """
element.addEventListener('click', event => {
  const button = event.target.closest('button[data-index]');
  if (button) trigger('click', {index: Number(button.dataset.index)});
});
"""
SHOW_RATING = "() => { if (innerWidth < 700) document.getElementById('status').scrollIntoView({behavior: 'smooth'}); }"


def upload_box(label: str, **options) -> gr.File:
    """gr.File without the empty temporary file that its own `preprocess` leaves behind for each upload."""
    box = gr.File(label=label, **options)
    box.preprocess = lambda payload: payload and payload.path
    return box


@dataclass(frozen=True)
class Panel:
    """The parts of the page that change while a video is rated; an update names what it changes."""

    status: gr.HTML
    film: gr.HTML
    verdict: gr.HTML
    reasoning: gr.HTML
    report: gr.JSON
    details: gr.Accordion
    rate: gr.Button
    stop: gr.Button

    @property
    def outputs(self) -> list:
        return list(vars(self).values())

    def update(self, **changes) -> list:
        return [changes.get(name, gr.skip()) for name in vars(self)]

    def busy(self, status: str) -> list:
        """Emptied, with Stop in the place of Rate."""
        return self.update(
            status=status,
            film="",
            verdict=views.verdict(),
            reasoning=views.reasoning(""),
            details=gr.update(visible=False),
            rate=gr.update(visible=False),
            stop=gr.update(visible=True),
        )

    def idle(self, **changes) -> list:
        return self.update(rate=gr.update(visible=True, interactive=True), stop=gr.update(visible=False), **changes)


def html(name: str, value: str = "", **options) -> gr.HTML:
    """A part of the page with an id and with none of Gradio's own text styles."""
    return gr.HTML(value, elem_id=name, apply_default_css=False, **options)


def load_examples(folder: Path) -> list[dict]:
    """The entries of manifest.json, or none when there is no such file."""
    manifest = folder / "manifest.json"
    return json.loads(manifest.read_text(encoding="utf-8")) if manifest.is_file() else []


def build_rate_tab(model: Model, jobs: Jobs, settings: Settings) -> None:
    """Put the tab into the Blocks that are being built."""
    examples = load_examples(settings.examples)
    chosen = gr.State(None)
    with gr.Row(elem_classes="vq-columns"):
        with gr.Column(scale=5, min_width=300):
            player = html("player")
            caption = html("caption")
            upload = upload_box(texts.UPLOAD, file_types=[*VIDEOS, *STILLS], show_label=False, elem_id="upload")
            cards = html("examples", views.example_cards(examples, settings.examples), js_on_load=PICK)
        with gr.Column(scale=6, min_width=300):
            with gr.Row(elem_classes="vq-bar"):
                status = html("status", views.note(texts.READY))
                rate = gr.Button("Rate again", size="sm", visible=False, elem_id="rate", min_width=110)
                stop = gr.Button("Stop", variant="stop", size="sm", visible=False, elem_id="stop", min_width=110)
            verdict = html("verdict", views.verdict())
            reasoning = html("reasoning", views.reasoning(""))
            film = html("film")
            with gr.Accordion("Report (JSON)", open=False, visible=False, elem_id="details") as details:
                report = gr.JSON(show_label=False, elem_id="report")
    panel = Panel(status, film, verdict, reasoning, report, details, rate, stop)

    def waiting() -> list:
        return panel.busy(views.note(texts.WAITING if model.ready else texts.LOADING, busy=True))

    def use_upload(path: str) -> list:
        return [path, views.player(path), views.caption(Path(path).name), None, *waiting()]

    def use_example(event: gr.EventData) -> list:
        example = examples[event.index]
        path, poster = settings.examples / example["file"], settings.examples / example["poster"]
        shown = views.player(path, views.data_address(poster.read_bytes()))
        return [str(path), shown, views.example_caption(example), None, *waiting()]

    def run(path: str | None, request: gr.Request) -> Iterator[list]:
        yield from rate_aloud(panel, model, jobs, path, request.session_hash or "")

    def stopped(request: gr.Request) -> list:
        jobs.stop(request.session_hash or "")
        return panel.idle(status=views.note(texts.STOPPED))

    quiet = {"api_visibility": "private", "show_progress": "hidden", "queue": False}
    watching = {"fn": run, "inputs": chosen, "outputs": panel.outputs, "api_visibility": "private", **ONE_AT_A_TIME}
    choice = [chosen, player, caption, upload, *panel.outputs]
    runs = [
        upload.upload(use_upload, upload, choice, **quiet).then(**watching),
        cards.click(use_example, None, choice, **quiet).then(**watching),
        rate.click(**watching),
    ]
    gr.on([upload.upload, cards.click], None, js=SHOW_RATING, **quiet)
    stop.click(stopped, None, panel.outputs, cancels=runs, **quiet)


def rate_aloud(panel: Panel, model: Model, jobs: Jobs, path: str | None, visitor: str) -> Iterator[list]:
    """Updates of the panel while a video is rated. Raises gr.Error, after the panel is usable again."""
    from ..rating import Rated, Watched, Wrote
    from ..rating.thought import thought_so_far

    if path is None:
        raise gr.Error(texts.NOTHING_CHOSEN, title=texts.BAD_FILE, print_exception=False)
    cancel = jobs.start(visitor)
    try:
        if not model.ready:
            yield panel.busy(views.note(texts.LOADING, busy=True))
        model.rater()
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
                yield finished(panel, event.rating)
                return
        yield panel.idle(status=views.note(texts.STOPPED))
    except VideoError as error:
        yield panel.idle(status=views.note(texts.FAILED))
        raise gr.Error(str(error), title=texts.BAD_FILE, print_exception=False) from error
    except ModelError as error:
        yield panel.idle(status=views.note(texts.FAILED))
        raise gr.Error(str(error), title=texts.MODEL_PROBLEM, print_exception=False) from error
    finally:
        cancel.set()
        jobs.finish(visitor, cancel)


def finished(panel: Panel, rating) -> list:
    return panel.idle(
        status=views.timings(rating.timings),
        verdict=views.verdict(rating),
        reasoning=views.reasoning(rating.reasoning),
        report=rating.to_dict(),
        details=gr.update(visible=True),
    )

"""The tab that rates one video: choose, watch it being rated, read why."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from html import escape
from pathlib import Path

import gradio as gr

from ..errors import VideoError, VQAThinkerError
from . import texts, views
from .model import Model, Wish, Wishes
from .panel import Panel, lay_out
from .settings import Settings

ONE_AT_A_TIME = {"concurrency_limit": 1, "concurrency_id": "model", "show_progress": "hidden"}
# "once" drops what is asked while the same is under way, and "always_last" mixes up the clicks' data.
EVERY_TIME = {"trigger_mode": "multiple"}
AT_ONCE = {"api_visibility": "private", "show_progress": "hidden", "queue": False}
SHOW_RATING = """() => {
  const show = () => document.getElementById('status').scrollIntoView({behavior: 'smooth'});
  if (innerWidth < 700) setTimeout(show, 250);  // when the player has found its height
}"""


def load_examples(folder: Path) -> list[dict]:
    """The entries of manifest.json, or none when there is no such file."""
    manifest = folder / "manifest.json"
    return json.loads(manifest.read_text(encoding="utf-8")) if manifest.is_file() else []


def build_rate_tab(model: Model, wishes: Wishes, settings: Settings) -> None:
    """Put the tab into the Blocks that are being built."""
    examples = load_examples(settings.examples)
    panel, inputs = lay_out(examples, settings.examples)

    def waiting(**shown) -> list:
        return panel.busy(views.note(texts.WAITING if model.ready else texts.LOADING, busy=True), **shown)

    def use_upload(path: str, request: gr.Request) -> list:
        shown = {"player": views.player(path), "caption": views.caption(Path(path).name)}
        wishes.say(request.session_hash or "", path, shown)
        return [None, *waiting(**shown)]

    def use_example(event: gr.EventData, request: gr.Request) -> list:
        example = examples[event.index]
        path, poster = settings.examples / example["file"], settings.examples / example["poster"]
        player = views.player(path, views.data_address(poster.read_bytes()))
        shown = {"player": player, "caption": views.example_caption(example)}
        taken = wishes.say(request.session_hash or "", str(path), shown, event.order)
        return waiting(**shown) if taken else panel.update()

    def rate_again(request: gr.Request) -> list:
        wishes.repeat(request.session_hash or "")
        return waiting()

    def stop(request: gr.Request) -> list:
        wishes.stop(request.session_hash or "")
        return panel.idle(status=views.note(texts.STOPPED))

    def run(request: gr.Request) -> Iterator[list]:
        yield from grant(request.session_hash or "", panel, model, wishes)

    watching = {"api_visibility": "private", **EVERY_TIME, **ONE_AT_A_TIME}
    for asked in (
        inputs.upload.upload(use_upload, inputs.upload, [inputs.upload, *panel.outputs], **EVERY_TIME, **AT_ONCE),
        inputs.cards.click(use_example, None, panel.outputs, **EVERY_TIME, **AT_ONCE),
        panel.rate.click(rate_again, None, panel.outputs, **AT_ONCE),
    ):
        asked.then(run, None, panel.outputs, **watching)
        asked.then(None, js=SHOW_RATING, **AT_ONCE)
    panel.stop.click(stop, None, panel.outputs, **AT_ONCE)


def grant(visitor: str, panel: Panel, model: Model, wishes: Wishes) -> Iterator[list]:
    """Updates of the panel while the visitor's wish is rated; what goes wrong is said in a toast and in the status."""
    yield panel.update()
    wish = wishes.open(visitor)
    if wish is None:
        return
    try:
        yield from rate_aloud(wish, panel, model)
    except VQAThinkerError as error:
        if not wish.cancel.is_set():
            yield complain(panel, error)
    finally:
        stopped = wish.cancel.is_set()
        wish.cancel.set()
    if stopped and not wishes.open(visitor):
        yield panel.idle(status=views.note(texts.STOPPED))


def complain(panel: Panel, error: VQAThinkerError) -> list:
    bad_file = isinstance(error, VideoError)
    # Gradio 6 shows neither the title of a toast nor, from a generator, that of a gr.Error.
    title = texts.BAD_FILE if bad_file else texts.MODEL_PROBLEM
    gr.Warning(f"<b>{title}.</b><br>{escape(str(error))}", title=title)
    nothing = {"player": "", "rate": gr.update(visible=False)} if bad_file else {}
    return panel.idle(status=views.note(str(error)), **nothing)


def rate_aloud(wish: Wish, panel: Panel, model: Model) -> Iterator[list]:
    """Updates of the panel, stage by stage and word by word. Raises VideoError and ModelError."""
    if not model.ready:
        yield panel.busy(views.note(texts.LOADING, busy=True), **wish.shown)
    model.rater()
    from ..rating import Rated, Watched, Wrote  # not before the loading thread has imported all of it
    from ..rating.thought import thought_so_far

    yield panel.busy(views.stages("decoding"), **wish.shown)
    began, spent = time.perf_counter(), {}
    for event in model.watch(wish.path, wish.cancel):
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

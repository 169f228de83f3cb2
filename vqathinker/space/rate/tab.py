"""The tab that rates one video: choose, watch it being rated, read why, see how sure it is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import gradio as gr

from ...bundled import checkpoint_folder
from ...errors import VideoError, VQAThinkerError
from ..queue.events import EVERY_TIME, UNQUEUED, WATCHING, granted, tell
from ..queue.model import Model
from ..queue.requests import Job, Wish, Wishes
from ..queue.visitors import Visitor, visitor_of
from ..settings import Settings
from ..timeline.panel import TimelinePanel, build_timeline_panel, lacking
from ..widgets import markup, score_card, texts
from ..widgets.records import Record, load_examples, load_rated, read_records, read_stand_ins
from ..widgets.thumbnails import Film
from .ask import build_ask_panel
from .held_out import Beside, read_held_out
from .opening import choose_opening
from .order_check import check_order
from .panel import Panel, lay_out_rating
from .progress import rate_live, said_of
from .score_first import score_first

SHOW_RATING = """() => {
  const show = () => document.getElementById('status').scrollIntoView({behavior: 'smooth'});
  if (innerWidth < 700) setTimeout(show, 250);  // when the player has found its height
}"""


def build_rate_tab(
    model: Model, wishes: Wishes, to_follow: Wishes, settings: Settings, rollouts: gr.State, caveat: str = ""
) -> None:
    """Put the tab into the Blocks that are being built; `rollouts` gets the texts of the last sampled answers.
    `to_follow` are the wishes for timelines, which are made beside ratings; `caveat`: what to expect of the model."""
    examples, rated = load_examples(settings.examples), load_rated(settings.examples)
    clips = [settings.examples / example["file"] for example in (*examples, *rated)]
    records, stand_ins = read_records(clips, settings), read_stand_ins(clips, settings)
    beside = Beside(read_held_out(checkpoint_folder(settings.model)), caveat)
    opening = choose_opening(examples, records, stand_ins, settings.examples, beside)
    own = [(entry, records[path]) for entry in rated if (path := settings.examples / entry["file"]) in records]
    followed: list[TimelinePanel] = []
    no_timeline = model.cannot("timeline")
    if opening:
        wishes.begin_with(opening.job, opening.shown)

    def under_player() -> None:
        def paths_of(session: str) -> list[str | None]:
            return [wishes.last_path(session)]

        followed.append(build_timeline_panel(model, to_follow, "timeline", "#player video", paths_of))
        if opening is not None:
            followed[0].start.visible, followed[0].status.value = not no_timeline, lacking(no_timeline)

    first = score_first(own, settings.examples) if own else ""
    said = opening.said if opening else None
    no_motion = model.cannot("temporal")
    panel, inputs = lay_out_rating(examples, settings.examples, rollouts, under_player, first, said, no_motion)
    offer_timeline(panel.player, followed[0], to_follow, no_timeline)
    show_whole_film(panel, followed[0])
    build_ask_panel(model, wishes)

    def waiting(**shown) -> list:
        return panel.busy(markup.note(texts.WAITING if model.ready else texts.LOADING, busy=True), **shown)

    def use_upload(path: str, count: int, request: gr.Request) -> list:
        return use_file(path, Path(path).name, count, request)

    def use_webcam(path: str, count: int, request: gr.Request) -> list:
        return use_file(path, texts.FROM_WEBCAM, count, request)

    def use_file(path: str, name: str, count: int, request: gr.Request) -> list:
        shown = {"player": markup.player(path), "caption": markup.caption(name)}
        wishes.say(request.session_hash or "", [Job(path, count)], shown)
        return [None, *waiting(**shown)]

    def recorded(record: Record, beside: Beside, **others) -> list:
        return panel.idle(**{**said_of(record.report, record.film, beside), **others})

    def use_rated(event: gr.EventData, request: gr.Request) -> list:
        entry, record = own[event.index]
        path, visitor = str(settings.examples / entry["file"]), request.session_hash or ""
        shown = {"player": markup.player(path), "caption": markup.rated_caption(entry)}
        wishes.say(visitor, [Job(path)], shown)
        wishes.stop(visitor)
        return recorded(record, beside, **shown, status=markup.note(texts.RECORDED.format(record.made)))

    def use_example(count: int, event: gr.EventData, request: gr.Request) -> list:
        example, visitor = examples[event.index], request.session_hash or ""
        path, poster = settings.examples / example["file"], settings.examples / example["poster"]
        player = markup.player(path, markup.data_address(poster.read_bytes()))
        shown = {"player": player, "caption": markup.example_caption(example)}
        if not wishes.say(visitor, [Job(str(path), count)], shown, event.order):
            return panel.update()
        if record := records.get(path):
            wishes.stop(visitor)
            status = markup.note(texts.RECORDED.format(record.made))
            return recorded(record, beside, **shown, status=status)
        if model.problem and not model.ready and (record := stand_ins.get(path)):
            wishes.stop(visitor)
            status = markup.note(texts.STAND_IN.format(record.made))
            return recorded(record, Beside(), **shown, status=status)
        return waiting(**shown)

    def rate_again(count: int, request: gr.Request) -> list:
        wishes.repeat(request.session_hash or "", rollouts=count, perturbation="")
        return waiting()

    def disorder(name: str, report: dict | None, request: gr.Request) -> list:
        count = len(report["rollouts"]) if report else 0
        wishes.repeat(request.session_hash or "", rollouts=count, perturbation=name)
        return panel.checking(markup.note(texts.WAITING if model.ready else texts.LOADING, busy=True), checked="")

    def stop(request: gr.Request) -> list:
        wishes.stop(request.session_hash or "")
        return panel.idle(status=markup.note(texts.STOPPED))

    def run(report: dict | None, seen: Film | None, request: gr.Request) -> Iterator[list]:
        yield from grant_rating(visitor_of(request), panel, model, wishes, (report, seen), beside)

    before = [panel.report, panel.seen]

    for asked in (
        inputs.upload.upload(
            use_upload, [inputs.upload, inputs.count], [inputs.upload, *panel.outputs], **EVERY_TIME, **UNQUEUED
        ),
        inputs.webcam.stop_recording(
            use_webcam, [inputs.webcam, inputs.count], [inputs.webcam, *panel.outputs], **EVERY_TIME, **UNQUEUED
        ),
        inputs.cards.click(use_example, inputs.count, panel.outputs, **EVERY_TIME, **UNQUEUED),
        panel.rate.click(rate_again, inputs.count, panel.outputs, **UNQUEUED),
    ):
        asked.then(run, before, panel.outputs, **WATCHING)
        asked.then(None, js=SHOW_RATING, **UNQUEUED)
    inputs.own.click(use_rated, None, panel.outputs, **EVERY_TIME, **UNQUEUED).then(None, js=SHOW_RATING, **UNQUEUED)
    inputs.check.click(disorder, [inputs.perturbation, panel.report], panel.outputs, **UNQUEUED).then(
        run, before, panel.outputs, **WATCHING
    )
    panel.stop.click(stop, None, panel.outputs, **UNQUEUED)


def offer_timeline(player: gr.HTML, followed: TimelinePanel, wishes: Wishes, cannot: str) -> None:
    """Another video in the player: the timeline of the one before goes, and where it moves, there is a button, or the
    reason why the model `cannot`."""

    def offer(shown: str, request: gr.Request) -> list:
        wishes.forget(request.session_hash or "")
        return followed.nothing(offered=markup.is_moving(shown), cannot=cannot)

    player.change(offer, player, followed.outputs, **UNQUEUED)


def show_whole_film(panel: Panel, followed: TimelinePanel) -> None:
    """A rating and a timeline of the same film, whichever comes last: of a long film the verdict is the timeline's."""

    def judge(report: dict | None, whole: dict | None) -> str:
        return score_card.verdict(report, whole) if report and whole else gr.skip()

    parts = [panel.report, followed.made]
    gr.on([part.change for part in parts], judge, parts, panel.verdict, **UNQUEUED)


def grant_rating(
    visitor: Visitor,
    panel: Panel,
    model: Model,
    wishes: Wishes,
    before: tuple[dict | None, Film | None],
    beside: Beside,
) -> Iterator[list]:
    """Updates of the panel while the visitor's wish is done; what goes wrong is said in a toast and in the status.
    `before`: the report and the film that are shown now."""

    def rated(wish: Wish) -> Iterator[list]:
        if wish.jobs[0].perturbation:
            return check_order(wish, panel, model, before, visitor, beside)
        return rate_live(wish, panel, model, visitor, beside)

    yield panel.update()
    yield from granted(
        wishes,
        visitor,
        rated,
        lambda error: show_error(panel, error),
        lambda: panel.idle(status=markup.note(texts.STOPPED)),
    )


def show_error(panel: Panel, error: VQAThinkerError) -> list:
    tell(error)
    nothing = {"player": "", "rate": gr.update(visible=False)} if isinstance(error, VideoError) else {}
    return panel.idle(status=markup.problem(str(error)), **nothing)

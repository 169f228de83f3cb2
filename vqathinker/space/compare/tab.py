"""The tab that compares two videos: which is better, and with what probability; on a page with two models also what
both say of one video."""

from __future__ import annotations

from collections.abc import Iterator

import gradio as gr

from ...bundled import checkpoint_folder
from ...errors import VQAThinkerError
from ...rating.events import Rated, Watched
from ..queue.events import EVERY_TIME, UNQUEUED, WATCHING, granted, tell
from ..queue.model import Model, Waiting
from ..queue.requests import Job, Wish, Wishes
from ..queue.visitors import Visitor, visitor_of
from ..settings import Settings
from ..timeline.panel import build_timeline_panel
from ..widgets import markup, texts
from ..widgets.records import load_examples, read_records, read_stand_ins
from . import views
from .often import ProbabilityBin, read_steps
from .panel import MODELS_KIND, NO_RESULT, VIDEOS_KIND, Duel, lay_out_duel
from .views import LETTERS

EXAMPLE_PAIRS = (
    ("plaza.mp4", "plaza-compressed.mp4"),
    ("squirrel.mp4", "squirrel-shuffled.mp4"),
    ("meadow-frozen.mp4", "squirrel.mp4"),
    ("willow-dark.mp4", "blossom-blurred.mp4"),
)


def build_compare_tab(model: Model, wishes: Wishes, to_follow: Wishes, settings: Settings) -> None:
    """Put the tab into the Blocks that are being built; its wishes are apart from those of the rating tab, and those
    for two timelines (`to_follow`) from both."""
    entries = {entry["file"]: entry for entry in load_examples(settings.examples)}
    pairs = [(entries[a], entries[b]) for a, b in EXAMPLE_PAIRS if a in entries and b in entries]
    posters = [
        tuple(markup.data_address((settings.examples / entry["poster"]).read_bytes()) for entry in pair)
        for pair in pairs
    ]  # fmt: skip
    clips = [settings.examples / file for file in entries]
    records, stand_ins = read_records(clips, settings), read_stand_ins(clips, settings)
    steps = read_steps(checkpoint_folder(settings.model))
    duel, boxes, count, cards = lay_out_duel(views.pair_cards(pairs, posters), bool(settings.beside_model))

    def use_pair(event: gr.EventData, request: gr.Request) -> list:
        paths = [settings.examples / entry["file"] for entry in pairs[event.index]]
        jobs = [Job(str(path)) for path in paths]
        if not wishes.say(request.session_hash or "", jobs, {}, event.order):
            return duel.update()
        wishes.stop(request.session_hash or "")
        chosen = {"kind": VIDEOS_KIND, **duel.of_kind(VIDEOS_KIND)}
        for letter, path, poster in zip(LETTERS, paths, posters[event.index], strict=True):
            chosen |= duel.place(letter, str(path), poster)
        for recorded, told in ((records, texts.COMPARE_RECORDED), (stand_ins, texts.COMPARE_STAND_IN)):
            if all(path in recorded for path in paths) and (recorded is records or model.problem):
                reports = [recorded[path].report for path in paths]
                return duel.idle(markup.note(told), **chosen, **result(*reports, steps if recorded is records else ()))
        return duel.idle(markup.note(texts.COMPARE_CHOSEN), **chosen, **NO_RESULT)

    def use_upload(letter: str):
        def use(path: str, other: str, kind: str, request: gr.Request) -> list:
            wishes.stop(request.session_hash or "")
            told = ready(kind, path, other)
            return [None, *duel.idle(markup.note(told), **duel.place(letter, path), **NO_RESULT)]

        return use

    def use_kind(kind: str, first: str, second: str, request: gr.Request) -> list:
        wishes.stop(request.session_hash or "")
        return duel.idle(markup.note(ready(kind, first, second)), **duel.of_kind(kind), **NO_RESULT)

    def ask(kind: str, first: str, second: str, rollouts: int, request: gr.Request) -> list:
        if missing := not_chosen(kind, first, second):
            return duel.update(status=markup.note(missing))
        other = Job(first, rollouts, beside=True) if kind == MODELS_KIND else Job(second, rollouts)
        wishes.say(request.session_hash or "", [Job(first, rollouts), other], {})
        told = texts.WAITING if model.ready else texts.LOADING
        return duel.busy(markup.note(told, busy=True), **NO_RESULT)

    def run(request: gr.Request) -> Iterator[list]:
        yield from grant_comparison(visitor_of(request), duel, model, wishes, steps)

    def stop(request: gr.Request) -> list:
        wishes.stop(request.session_hash or "")
        return duel.idle(markup.note(texts.COMPARE_STOPPED))

    cards.click(use_pair, None, duel.outputs, **EVERY_TIME, **UNQUEUED)
    for letter, other in zip(LETTERS, (duel.second, duel.first), strict=True):
        boxes[letter].upload(
            use_upload(letter),
            [boxes[letter], other, duel.kind],
            [boxes[letter], *duel.outputs],
            **EVERY_TIME,
            **UNQUEUED,
        )
    if settings.beside_model:
        duel.kind.input(use_kind, [duel.kind, duel.first, duel.second], duel.outputs, **EVERY_TIME, **UNQUEUED)
    duel.start.click(ask, [duel.kind, duel.first, duel.second, count], duel.outputs, **UNQUEUED).then(
        run, None, duel.outputs, **WATCHING
    )
    duel.stop.click(stop, None, duel.outputs, **UNQUEUED)
    build_timelines(model, to_follow, duel)


def ready(kind: str, *paths: str) -> str:
    """What the status says when nothing is rated yet, by what was chosen."""
    if kind == MODELS_KIND:
        return texts.MODELS_CHOSEN if any(paths) else texts.MODELS_READY
    return texts.COMPARE_CHOSEN if all(paths) else texts.COMPARE_READY


def not_chosen(kind: str, first: str, second: str) -> str:
    """The sentence for videos that are missing, "" where all are there."""
    if kind == MODELS_KIND:
        return "" if first else texts.MODELS_MISSING
    missing = [letter for letter, path in zip(LETTERS, (first, second), strict=True) if not path]
    return texts.COMPARE_MISSING.format(" and ".join(missing)) if missing else ""


def build_timelines(model: Model, wishes: Wishes, duel: Duel) -> None:
    """Both timelines in one figure, below the comparison; another video in a place takes them away."""

    def paths_of(session: str, first: str, second: str) -> list[str]:
        return [first, second] if first and second else []

    videos = "#player-a video, #player-b video"
    panel = build_timeline_panel(model, wishes, "timelines", videos, paths_of, (duel.first, duel.second))

    def offer(first: str, second: str, request: gr.Request) -> list:
        wishes.forget(request.session_hash or "")
        return panel.nothing(markup.is_moving(first) and markup.is_moving(second), model.cannot("timeline"))

    players = [duel.player_a, duel.player_b]
    gr.on([player.change for player in players], offer, players, panel.outputs, **UNQUEUED)


def result(first: dict, second: dict, steps: tuple[ProbabilityBin, ...] = ()) -> dict[str, str]:
    """Both sides and the outcome, from the reports of two ratings with rollouts; `steps`: how often it is right."""
    sides = {"side_a": views.side("A", first), "side_b": views.side("B", second)}
    probability = views.preference_of_reports(first, second)
    if probability is None:
        return {**sides, "outcome": markup.note(texts.NO_SPREAD)}
    return {**sides, "outcome": views.outcome(first, second, probability, steps)}


def models_result(first: dict, second: dict) -> dict[str, str]:
    """Both sides and the outcome, from the reports of two models about one video."""
    reports = zip(LETTERS, (first, second), strict=True)
    sides = {f"side_{letter.lower()}": views.side(letter, one, views.model_named(one)) for letter, one in reports}
    return sides | {"outcome": views.models_outcome(first, second)}


def grant_comparison(
    visitor: Visitor, duel: Duel, model: Model, wishes: Wishes, steps: tuple[ProbabilityBin, ...] = ()
) -> Iterator[list]:
    """Updates of the tab while both videos are rated; what goes wrong is said in a toast and in the status."""

    def failed(error: VQAThinkerError) -> list:
        tell(error)
        return duel.idle(markup.problem(str(error)))

    yield duel.update()
    yield from granted(
        wishes,
        visitor,
        lambda wish: rate_both(wish, duel, model, visitor, steps),
        failed,
        lambda: duel.idle(markup.note(texts.COMPARE_STOPPED)),
    )


def rate_both(
    wish: Wish, duel: Duel, model: Model, visitor: Visitor, steps: tuple[ProbabilityBin, ...] = ()
) -> Iterator[list]:
    """Updates while A and then B is rated, or one video by two models. Raises BusyError, VideoError and ModelError."""
    reports: list[dict] = []
    of_models = wish.jobs[1].beside
    turns = texts.MODELS_TURNS if of_models else LETTERS

    def now(doing: str) -> list:
        told = texts.COMPARE_RATING.format(turns[len(reports)], doing)
        return duel.busy(markup.note(told, busy=True))

    watched = False
    yield now("decoding")
    for event in model.watch(wish.jobs, wish.cancel, visitor):
        if isinstance(event, Waiting):
            yield duel.busy(markup.waiting(event.ahead)) if event.ahead else now("thinking" if watched else "decoding")
        elif isinstance(event, Watched):
            watched = True
            yield now("thinking")
        elif isinstance(event, Rated):
            watched = False
            reports.append(event.rating.to_dict())
            if len(reports) < len(wish.jobs):
                named = views.model_named(reports[0]) if of_models else ""
                yield duel.update(side_a=views.side("A", reports[0], named))
                yield now("decoding")
    if len(reports) == len(wish.jobs):
        seconds = sum(report["timings"]["total_s"] for report in reports)
        shown = models_result(*reports) if of_models else result(*reports, steps)
        yield duel.idle(markup.note(texts.COMPARE_DONE.format(seconds)), **shown)

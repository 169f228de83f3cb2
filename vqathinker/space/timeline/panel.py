"""The timeline of a film, or of two, on the page: asked for by a button, drawn while it is made, stopped at will."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import gradio as gr

from ...files import clock
from ...rating.events import TimelineMade, WindowRated
from ..queue.events import TURNS, UNQUEUED, granted
from ..queue.model import Model, Waiting
from ..queue.requests import Job, Wish, Wishes
from ..queue.visitors import Visitor, visitor_of
from ..widgets import markup, texts
from ..widgets.parts import HIDDEN, SHOWN, Parts, html
from ..widgets.score_card import WINDOW_S
from .figure import timeline_plot
from .views import picture_of, under_figure

TIMELINE_JS = (Path(__file__).parent / "timeline.js").read_text(encoding="utf-8")
BUTTON, TIMELINE_STOPPED = "Timeline: where and when", "Stopped. What was rated stays."
OPENING, WORKING = "Opening the film.", "{}{} of {} rated."
WINDOWS_RATED, NO_VIDEO_CHOSEN = "{} windows rated in {:.0f} s.", "Choose a video first."
LEAST_S, SHARE = 1.5, 0.1
"""Seconds between two drawings of an unfinished timeline, and the part of the time so far that they have at least."""
REMEMBERED = 24
"""Windows with the lowest scores whose pictures are kept, as some of them will be the worst moments."""


@dataclass(frozen=True)
class TimelinePanel(Parts):
    """What changes while a timeline is made; `made` has the JSON of a whole one of one film."""

    start: gr.Button
    stop: gr.Button
    status: gr.HTML
    plot: gr.Plot
    under: gr.HTML
    made: gr.State

    def nothing(self, offered: bool, cannot: str = "") -> list:
        """Empty, with the button where there is a film, or in its place the reason why the model `cannot`."""
        status, start = lacking(cannot) if offered else "", gr.update(visible=offered and not cannot)
        empty = {"plot": gr.update(value=None, **HIDDEN), "under": "", "made": None}
        return self.update(start=start, stop=gr.update(**HIDDEN), status=status, **empty)

    def busy(self, status: str, **changes) -> list:
        buttons = {"start": gr.update(**HIDDEN), "stop": gr.update(**SHOWN)}
        return self.update(status=markup.note(status, busy=True), **buttons, **changes)

    def idle(self, status: str, told: Callable[[str], str] = markup.note, **changes) -> list:
        buttons = {"start": gr.update(**SHOWN), "stop": gr.update(**HIDDEN)}
        return self.update(status=told(status), **buttons, **changes)


def lacking(cannot: str) -> str:
    """What stands in the place of the button where the model makes no timelines."""
    return markup.note(f"{cannot}.") if cannot else ""


@dataclass
class TimelineDraft:
    """What is known of the timelines of one wish: the finished ones, and the one that is being made."""

    names: tuple[str, ...]
    finished: list[dict] = field(default_factory=list)
    windows: list = field(default_factory=list)
    pictures: dict[int, str] = field(default_factory=dict)
    opened: object = None

    def add(self, event) -> None:
        """One more window, whose picture is kept if it may be one of the worst."""
        self.windows.append(event.window)
        if self.finished:
            return
        lowest = sorted(self.pictures, key=lambda k: self.windows[k].score)
        if len(lowest) < REMEMBERED or event.window.score < self.windows[lowest[-1]].score:
            if len(lowest) == REMEMBERED:
                del self.pictures[lowest[-1]]
            self.pictures[len(self.windows) - 1] = picture_of(event.shown)

    def reports(self, file: str) -> list[dict]:
        """The finished timelines, and what there is of the one under way."""
        from ...rating import Timeline

        if not self.windows:
            return self.finished
        opened = self.opened
        so_far = Timeline(file, opened.duration_s, opened.window_s, opened.step_s, (), tuple(self.windows), "", "")
        return [*self.finished, so_far.to_dict()]

    def finish(self, report: dict) -> None:
        self.finished.append(report)
        self.windows, self.opened = [], None


def build_timeline_panel(
    model: Model, wishes: Wishes, name: str, players: str, paths_of: Callable[..., Sequence[str]], inputs: Sequence = ()
) -> TimelinePanel:
    """Put the panel into the Blocks that are being built. `paths_of` gives the one or two files from the visitor's
    session and the values of `inputs`; `players` selects the videos that a click seeks. Its wishes are its own.
    """
    with gr.Row(elem_classes="vq-bar"):
        status = html(f"{name}-status")
        start = gr.Button(BUTTON, size="sm", visible=False, elem_id=f"{name}-start")
        stop = gr.Button("Stop", variant="stop", size="sm", visible=False, elem_id=f"{name}-stop")
    plot = gr.Plot(show_label=False, visible=False, elem_id=f"{name}-plot")
    under = html(name, js_on_load=TIMELINE_JS)
    panel = TimelinePanel(start, stop, status, plot, under, gr.State(None))

    def ask(request: gr.Request, *values) -> list:  # gradio hands over the request where its parameter stands
        session = request.session_hash or ""
        paths = [path for path in paths_of(session, *values) if path]
        if not paths:
            return panel.idle(NO_VIDEO_CHOSEN)
        wishes.say(session, [Job(path, window_s=WINDOW_S) for path in paths], {})
        return panel.busy(texts.WAITING if model.ready else texts.LOADING)

    def run(request: gr.Request) -> Iterator[list]:
        yield from grant_timeline(visitor_of(request), panel, model, wishes, players, f"{name}-plot")

    def halt(request: gr.Request) -> list:
        wishes.stop(request.session_hash or "")
        return panel.idle(TIMELINE_STOPPED)

    start.click(ask, list(inputs), panel.outputs, **UNQUEUED).then(
        run, None, panel.outputs, api_visibility="private", **TURNS
    )
    stop.click(halt, None, panel.outputs, **UNQUEUED)
    return panel


def grant_timeline(
    visitor: Visitor, panel: TimelinePanel, model: Model, wishes: Wishes, players: str, plot: str
) -> Iterator[list]:
    """Updates while the visitor's wish is done; what goes wrong is said in the status, and what was drawn stays."""

    def followed(wish: Wish) -> Iterator[list]:
        for update in follow_timeline(wish, panel, model, visitor, players, plot):
            if wish.cancel.is_set() and wishes.last_path(visitor.session) is None:
                return  # another video is in the player
            yield update

    yield panel.update()
    yield from granted(wishes, visitor, followed, lambda error: panel.idle(str(error), markup.problem))


def follow_timeline(
    wish: Wish, panel: TimelinePanel, model: Model, visitor: Visitor, players: str, plot: str
) -> Iterator[list]:
    """Updates of the panel, from the first window on. Raises BusyError, VideoError and ModelError."""
    names = ("A", "B") if len(wish.jobs) > 1 else ("",)
    draft, began, drawn, count = TimelineDraft(names), time.monotonic(), 0.0, 0

    def draw() -> dict:
        reports = draft.reports(Path(wish.jobs[min(len(draft.finished), len(wish.jobs) - 1)].path).name)
        shown = names[: len(reports)]
        return {
            "plot": gr.update(value=timeline_plot(reports, shown), **SHOWN),
            "under": under_figure(reports, players, plot, draft.pictures, shown),
        }

    yield panel.busy(OPENING)
    for event in model.watch(wish.jobs, wish.cancel, visitor):
        if isinstance(event, Waiting):
            yield panel.update(status=markup.in_line(event.ahead, markup.note(OPENING, busy=True)))
        elif isinstance(event, TimelineMade):
            count += len(event.timeline.windows)
            draft.finish(event.timeline.to_dict())
            if wish.cancel.is_set():
                yield panel.idle(TIMELINE_STOPPED, **draw())
                return
        elif isinstance(event, WindowRated):
            draft.add(event)
            now = time.monotonic()
            if now - drawn > max(LEAST_S, SHARE * (now - began)):
                drawn = now
                yield panel.busy(progress(names[len(draft.finished)], event, draft.opened), **draw())
        else:
            draft.opened = event
    if len(draft.finished) == len(wish.jobs):
        made = {"made": draft.finished[0]} if len(wish.jobs) == 1 else {}
        yield panel.idle(WINDOWS_RATED.format(count, time.monotonic() - began), **draw(), **made)


def progress(name: str, event, opened) -> str:
    return WORKING.format(f"{name}: " if name else "", clock(event.window.end_s), clock(opened.duration_s))

"""The timeline on the page: the figure, what stands under it, and how it grows while it is made."""

from __future__ import annotations

import json
import threading
import warnings
from html.parser import HTMLParser
from types import SimpleNamespace
from xml.etree import ElementTree

import gradio as gr
import numpy as np
import pytest
from gradio.helpers import special_args

from vqathinker.errors import VideoError
from vqathinker.rating import Defect, Opened, Timeline, TimelineMade, TimelineWindow, WindowRated
from vqathinker.space.queue.model import Waiting
from vqathinker.space.queue.requests import Job, Wish, Wishes
from vqathinker.space.queue.visitors import Visitor
from vqathinker.space.timeline.figure import timeline_figure, timeline_plot
from vqathinker.space.timeline.panel import (
    NO_VIDEO_CHOSEN,
    TIMELINE_STOPPED,
    TimelineDraft,
    TimelinePanel,
    build_timeline_panel,
    follow_timeline,
)
from vqathinker.space.timeline.svg import timeline_page, timeline_svg
from vqathinker.space.timeline.views import faults, picture_of, under_figure
from vqathinker.video import Clip, VideoInfo
from vqathinker.video.reel import Window

BLUR = (Defect("blur", "severe"),)
NAMES = ("start", "stop", "status", "plot", "under", "made")


def window(start: float, score: float, defects=(), text: str = "<think>It is <b>sharp</b>.</think>") -> TimelineWindow:
    return TimelineWindow(start, start + 2, score, text, "", defects, {one.name: 0.8 for one in defects}, 0.2)


def timeline(*scores: float, cuts=(2.0,), file: str = "a.mp4") -> Timeline:
    windows = tuple(window(k, score, BLUR if score < 2 else ()) for k, score in enumerate(scores))
    return Timeline(file, len(scores) + 1.0, 2.0, 1.0, cuts, windows, "tiny", "fp32", ("deinterlaced",))


REPORT = timeline(4, 3.5, 1.5, 1.2, 3).to_dict()


class Tags(HTMLParser):
    """All tags with their attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict]] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def named(self, tag: str) -> list[dict]:
        return [attrs for name, attrs in self.found if name == tag]


def test_the_figure_has_scores_interval_cuts_and_spans_of_faults():
    figure = timeline_figure([REPORT])
    low, high, scores, *spans = figure["data"]
    assert scores["x"] == [1, 2, 3, 4, 5] and scores["y"] == [4, 3.5, 1.5, 1.2, 3]
    assert [number for number, _ in scores["customdata"]] == [0, 1, 2, 3, 4]
    assert all(a < b < c for a, b, c in zip(low["y"], scores["y"], high["y"], strict=True))
    assert [(span["x"], span["y"]) for span in spans] == [([3.0, 4.0], ["blur", "blur"])]
    assert [shape["x0"] for shape in figure["layout"]["shapes"]] == [2.0]
    assert json.loads(timeline_plot([REPORT]).plot) == figure


def test_hovering_shows_numbers_and_words_and_no_markup_of_the_model():
    told = timeline_figure([REPORT])["data"][2]["customdata"][0][1]
    assert "<b>0:00.0 to 0:02.0</b>" in told and "4.00 good" in told and "&lt;b>sharp" in told


def test_the_line_is_interrupted_where_windows_do_not_overlap():
    apart = Timeline("a.mp4", 9.0, 2.0, 3.0, (), (window(0, 3), window(3, 4)), "tiny", "fp32").to_dict()
    assert timeline_figure([apart])["data"][2]["y"] == [3, None, 4]


def test_without_calibration_there_is_no_band_and_without_faults_one_axis():
    plain = {**REPORT, "faults": [], "windows": [{**one, "interval": None} for one in REPORT["windows"]]}
    figure = timeline_figure([plain])
    assert len(figure["data"]) == 1 and "yaxis2" not in figure["layout"]


def test_two_timelines_are_told_apart_in_one_figure():
    figure = timeline_figure([REPORT, timeline(1, 1, 1).to_dict()], ("A", "B"))
    assert [trace["name"] for trace in figure["data"] if trace.get("showlegend")] == ["A", "B"]
    assert figure["layout"]["yaxis2"]["categoryarray"] == ["B: blur", "A: blur"]


def test_under_the_figure_are_score_slider_worst_moments_faults_and_files():
    text = under_figure([REPORT], "#player video", "timeline-plot", {3: "data:image/jpeg;base64,x"})
    tags = Tags(text)
    [section], [slider] = tags.named("section"), tags.named("input")
    assert section["data-players"] == "#player video" and section["data-plot"] == "timeline-plot"
    assert [one["t"] for one in json.loads(section["data-windows"])] == [0, 1, 2, 3, 4]
    assert (slider["max"], slider["aria-label"]) == ("4", "Moment")
    assert slider["aria-valuetext"].startswith("0:00.0 to 0:02.0: 4.00, good. It is <b>sharp")
    assert [button["data-window"] for button in tags.named("button")] == ["3", "1", "2"]
    files = [link["download"] for link in tags.named("a")]
    assert files == ["a-timeline.html", "a-timeline.json", "a-timeline.csv"]
    assert len(tags.named("img")) == 1 and "deinterlaced" in text and f"{REPORT['score']:.2f}" in text
    assert "<b>sharp" not in text


def test_a_page_to_take_along_has_the_picture_the_faults_and_no_scripts():
    page = timeline_page({**REPORT, "file": "<script>.mp4"})
    assert "<script>.mp4" not in page and page.count("<svg") == 1 and page.count("<tr>") == 2
    svg = ElementTree.fromstring(timeline_svg(REPORT))
    shapes = {kind: svg.findall(f"{{http://www.w3.org/2000/svg}}{kind}") for kind in ("rect", "path", "text")}
    [blur] = shapes["rect"]
    left, width = float(blur.get("x")), float(blur.get("width"))
    full = (960 - 118 - 12) / REPORT["duration_s"]
    assert (left, width) == pytest.approx((118 + 3 * full, full), abs=0.1)
    assert {text.text for text in shapes["text"]} >= {"5 excellent", "blur", "0:00", "0:06"}


def test_where_a_fault_sits_is_a_small_map_with_words():
    where = [[0.9, 0.1, 0.0], [0.6, 0.0, 0.0], [0.0, 0.0, 0.0]]
    told = {**REPORT, "faults": [REPORT["faults"][0] | {"where": where}]}
    [drawn] = [tag for tag in Tags(faults(told)).named("span") if tag.get("class") == "vq-where"]
    assert drawn["aria-label"] == "upper left" and "repeat(3,1fr)" in drawn["style"]
    cells = [float(cell["style"].removeprefix("opacity:")) for cell in Tags(faults(told)).named("i")]
    assert cells == [1.0, 0.11, 0.0, 0.67, *[0.0] * 5]
    assert "<td>upper left" in timeline_page(told) and "upper left" in timeline_plot([told]).plot
    assert "vq-where" not in faults(REPORT) and faults({**told, "faults": []}) == ""


def test_a_name_of_a_file_is_no_markup():
    text = under_figure([{**REPORT, "file": '"><img src=x>.mp4'}], "#player video", "p", {})
    assert "<img src=x>" not in text


def shown(score_window: TimelineWindow) -> Window:
    frames = np.zeros((6, 32, 32, 3), np.uint8)
    info = VideoInfo(640, 360, 25.0, 50, 2.0, False)
    return Window(Clip(frames, tuple(range(6)), (0.0,) * 6, None, info), score_window.start_s, 0, False, False)


def test_pictures_have_the_shape_of_the_film():
    import base64
    import io

    from PIL import Image

    data = picture_of(shown(window(0, 3))).split(",")[1]
    assert Image.open(io.BytesIO(base64.b64decode(data))).size == (176, 99)


def test_only_pictures_of_the_lowest_windows_are_kept(monkeypatch):
    monkeypatch.setattr("vqathinker.space.timeline.panel.REMEMBERED", 2)
    draft = TimelineDraft(("",))
    for score in (3, 2, 4, 1, 2.5):
        one = window(len(draft.windows), score)
        draft.add(WindowRated(one, shown(one), 0, 5))
    assert sorted(draft.pictures) == [1, 3]


class Asked:
    """A model that says what it is told to."""

    ready = True

    def __init__(self, *events):
        self.events = events

    def watch(self, jobs, cancel, visitor):
        for event in self.events:
            if isinstance(event, Exception):
                raise event
            if callable(event):
                event(cancel)
                continue
            yield event


def events_of(made: Timeline) -> list:
    rated = [WindowRated(one, shown(one), k, len(made.windows)) for k, one in enumerate(made.windows)]
    return [Opened(made.duration_s, 2.0, 1.0, len(made.windows)), *rated, TimelineMade(made)]


def followed(*events, jobs: int = 1) -> list[dict]:
    panel = TimelinePanel(*(SimpleNamespace(name=name) for name in NAMES))
    wish = Wish(tuple(Job(f"/x/{k}.mp4", window_s=2.0) for k in range(jobs)), {}, cancel=threading.Event())
    updates = follow_timeline(wish, panel, Asked(*events), Visitor(), "#player video", "timeline-plot")
    return [dict(zip(NAMES, update, strict=True)) for update in updates]


def test_the_page_shows_the_first_window_at_once_and_in_the_end_all_of_it():
    updates = followed(Waiting(1), Waiting(0), *events_of(timeline(4, 1.5, 3)))
    texts = [update["status"] for update in updates]
    assert "one rating is before yours" in texts[1] and "0:02.0 of 0:04.0 rated" in texts[3]
    last = updates[-1]
    assert "3 windows rated in " in last["status"] and last["stop"]["visible"] is False
    assert 'max="2"' in last["under"] and json.loads(last["plot"]["value"].plot)["layout"]["shapes"]
    assert last["made"] == timeline(4, 1.5, 3).to_dict()


def test_two_films_end_in_one_figure():
    updates = followed(*events_of(timeline(4, 3)), *events_of(timeline(2, 1)), jobs=2)
    assert "4 windows rated" in updates[-1]["status"] and "A: <b>" in updates[-1]["under"]
    assert "file" not in updates[-1]["made"]


def test_a_stop_keeps_what_there_is():
    opened, first, *_ = events_of(timeline(4, 3, 2))
    updates = followed(opened, first, lambda cancel: cancel.set(), TimelineMade(timeline(4)))
    assert TIMELINE_STOPPED in updates[-1]["status"] and 'max="0"' in updates[-1]["under"]
    assert "file" not in updates[-1]["made"]


def test_what_goes_wrong_comes_through():
    with pytest.raises(VideoError, match="no timeline"):
        followed(VideoError("a.png is a picture: it has no timeline."))


@pytest.mark.parametrize("count", [0, 1, 3])
def test_a_panel_takes_any_number_of_inputs(count):
    """As gradio calls it: the request in the place of its parameter, then the values."""
    seen = []

    def paths_of(session: str, *values: str) -> list[str]:
        seen.append((session, values))
        return []

    with warnings.catch_warnings(), gr.Blocks() as page:
        warnings.simplefilter("error")  # gradio warns of functions that do not take their inputs
        boxes = [gr.Textbox() for _ in range(count)]
        build_timeline_panel(Asked(), Wishes(), "line", "#player video", paths_of, boxes)
    [event] = [event for event in page.fns.values() if event.name == "ask"]
    values = [f"{k}.mp4" for k in range(count)]
    taken, *_ = special_args(event.fn, list(values), SimpleNamespace(session_hash="me"))
    status = event.fn(*taken)[NAMES.index("status")]
    assert seen == [("me", tuple(values))] and NO_VIDEO_CHOSEN in status

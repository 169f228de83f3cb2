"""The tab that replays the training of the page's model. It needs neither the model nor, once open, the server."""

from __future__ import annotations

import json
from html import escape
from pathlib import Path

import gradio as gr
from gradio.components.plot import PlotData

from ...bundled import checkpoint_folder
from ..queue.events import UNQUEUED
from ..widgets.parts import html
from ..widgets.thumbnails import data_address
from .log import StoryError, read_story
from .page import page

HISTORY_TAB_ID = "learned"
EXPLORED_REWARDS = 3
EXPLORE = "The three rewards as curves"
EXPLORE_SAYS = (
    "Computed by the functions that the training calls. Point at a curve for its numbers, drag to zoom, save the "
    "picture from the bar above it. In the reward lab the points can be moved."
)
EMPTY_PLOT = '{"data": [], "layout": {"height": 1}}'
HISTORY_JS = (Path(__file__).parent / "history.js").read_text(encoding="utf-8")


def build_learned_tab(model: str) -> None:
    """Put the tab into the Blocks that are being built; `model` is the name or folder of the checkpoint."""
    with gr.Tab("How it learned", id=HISTORY_TAB_ID):
        # Gradio fetches plotly with the first plot that it shows, which is when the tab is opened; this one stays out
        # of sight. It has its value from the beginning: to ask the server for it would take its time first.
        gr.Plot(PlotData(type="plotly", plot=EMPTY_PLOT), show_label=False, elem_id="learned-plotly")
        html("learned", content(checkpoint_folder(model)), js_on_load=HISTORY_JS)
        with gr.Accordion(EXPLORE, open=False, elem_id="explore") as box:
            html("explore-info", f'<p class="vq-caption">{EXPLORE_SAYS}</p>')
            with gr.Row():
                curves = [
                    gr.Plot(show_label=False, min_width=280, elem_classes="vq-explore") for _ in range(EXPLORED_REWARDS)
                ]
            files = html("explore-files")
    box.expand(explore, None, [*curves, files], **UNQUEUED)


def explore() -> tuple[PlotData | str, ...]:
    """The curves of each reward, and the link to their table."""
    from .explore import explore_csv, explore_figures

    address = data_address(explore_csv().encode(), "text/csv")
    link = f'<p class="vq-save">All points: <a download="reward-curves.csv" href="{address}">CSV</a></p>'
    return *(PlotData(type="plotly", plot=json.dumps(figure)) for figure in explore_figures()), link


def content(folder: Path) -> str:
    """The page of the log in a checkpoint's folder, or one sentence where there is none."""
    try:
        return page(read_story(folder))
    except StoryError as error:
        return f'<p class="vq-note">{escape(str(error))}</p>'

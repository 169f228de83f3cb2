"""The tab that replays the training of the page's model. It needs neither the model nor, once open, the server."""

from __future__ import annotations

import json
from html import escape
from pathlib import Path

import gradio as gr
from gradio.components.plot import PlotData

from ...bundled import checkpoint_folder
from ..queue.events import AT_ONCE
from ..widgets.parts import html
from ..widgets.thumbnails import data_address
from .log import StoryError, read_story
from .page import page

TAB_ID = "learned"
REWARDS = 3
EXPLORE = "The three rewards as curves"
EXPLORE_SAYS = (
    "Computed by the functions that the training calls. Point at a curve for its numbers, drag to zoom, save the "
    "picture from the bar above it. In the reward lab the points can be moved."
)
EMPTY = '{"data": [], "layout": {"height": 1}}'
JS = (Path(__file__).parent / "history.js").read_text(encoding="utf-8")


def build_learned_tab(model: str) -> None:
    """Put the tab into the Blocks that are being built; `model` is the name or folder of the checkpoint."""
    with gr.Tab("How it learned", id=TAB_ID) as tab:
        html("learned", content(checkpoint_folder(model)), js_on_load=JS)
        # Gradio fetches plotly with the first plot that it shows; this one stays out of sight.
        plotly = gr.Plot(show_label=False, elem_id="learned-plotly")
        with gr.Accordion(EXPLORE, open=False, elem_id="explore") as box:
            html("explore-info", f'<p class="vq-caption">{EXPLORE_SAYS}</p>')
            with gr.Row():
                curves = [gr.Plot(show_label=False, min_width=280, elem_classes="vq-explore") for _ in range(REWARDS)]
            files = html("explore-files")
    tab.select(load_plotly, None, plotly, **AT_ONCE)
    box.expand(explore, None, [*curves, files], **AT_ONCE)


def load_plotly() -> PlotData:
    return PlotData(type="plotly", plot=EMPTY)


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

"""The figure of one timeline, or of two over each other: what plotly draws, as plain JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from textwrap import wrap

from gradio.components.plot import PlotData

from ...answer import reasoning
from ...files import clock
from ...rating.faults import place_words
from ...rating.words import score_word
from ..widgets.plotly import GRID, QUIET_INK, plotly_axis, plotly_layout

FILM_COLOURS, BANDS = ("#3a938b", "#c07a4a"), ("rgba(58,147,139,0.16)", "rgba(192,122,74,0.16)")
"""Of the first and the second film: between those of the light and of the dark page, as the figure has but one."""
SEVERITY = {"slight": "#c9a227", "noticeable": "#dd7733", "severe": "#c0392b"}
SCORES_HEIGHT, FAULT_ROW_PX = 220, 22
"""Pixels of the scores with their axis, and of each row of faults."""
BRIEF_PX = 6
"""Pixels that the shortest fault has across: half a second of ten minutes would be none."""
HOVER_CHARACTERS = 56
"""Characters in a line of what hovering shows."""


def timeline_plot(reports: Sequence[dict], names: Sequence[str] = ("",)) -> PlotData:
    """What gr.Plot shows of one or two timelines, by their JSON; `names` tell two of them apart."""
    return PlotData(type="plotly", plot=json.dumps(timeline_figure(reports, names)))


def timeline_figure(reports: Sequence[dict], names: Sequence[str] = ("",)) -> dict:
    """{data, layout, config}: scores with their intervals over time, cuts as lines, faults as spans below."""
    data, rows = [], []
    for report, name, colour, band in zip(reports, names, FILM_COLOURS, BANDS, strict=False):
        data += [*_band(report, band), _scores(report, name, colour)]
        rows += [(_label(fault, name), fault) for fault in report["faults"]]
    labels = list(dict.fromkeys(label for label, _ in rows))[::-1]
    data += [_span(label, fault) for label, fault in rows]
    return {"data": data, "layout": _layout(reports, labels), "config": {"displaylogo": False, "scrollZoom": False}}


def _label(fault: dict, name: str) -> str:
    plain = fault["name"].replace("_", " ")
    return f"{name}: {plain}" if name else plain


def _middle(window: dict) -> float:
    return (window["start_s"] + window["end_s"]) / 2


def _band(report: dict, colour: str) -> list[dict]:
    """The interval around the scores, none for a model without calibration."""
    windows = [window for window in report["windows"] if window["interval"]]
    if not windows:
        return []
    x = [_middle(window) for window in windows]
    quiet = {"x": x, "mode": "lines", "line": {"width": 0}, "hoverinfo": "skip", "showlegend": False}
    low, high = ([window["interval"][side] for window in windows] for side in (0, 1))
    return [{**quiet, "y": low}, {**quiet, "y": high, "fill": "tonexty", "fillcolor": colour}]


def _scores(report: dict, name: str, colour: str) -> dict:
    """The line of the scores, interrupted at cuts and gaps; `customdata` has the number of each window first."""
    x, y, told, before = [], [], [], None
    for number, window in enumerate(report["windows"]):
        if before is not None and before["end_s"] <= window["start_s"]:
            x, y, told = [*x, None], [*y, None], [*told, [number, ""]]
        x.append(_middle(window))
        y.append(window["score"])
        told.append([number, hover(window)])
        before = window
    return {
        "x": x, "y": y, "customdata": told, "mode": "lines+markers", "name": name or "score",
        "showlegend": bool(name), "line": {"color": colour, "width": 2}, "marker": {"color": colour, "size": 5},
        "hovertemplate": "%{customdata[1]}<extra></extra>",
    }  # fmt: skip


def hover(window: dict) -> str:
    """Numbers and words of a window, in short lines."""
    words = reasoning(window["text"])
    interval = "" if not window["interval"] else " ({:.2f} to {:.2f})".format(*window["interval"])
    lines = [
        f"<b>{clock(window['start_s'])} to {clock(window['end_s'])}</b>",
        f"{window['score']:.2f} {score_word(window['score'])}{interval}",
        *wrap(words.replace("<", "&lt;"), HOVER_CHARACTERS),
    ]
    return "<br>".join(lines)


def shade(confidence: float) -> float:
    """Of a fault that is so sure: what is hardly sure is pale."""
    return round(0.35 + 0.65 * confidence, 2)


def _span(label: str, fault: dict) -> dict:
    when = f"{clock(fault['start_s'])} to {clock(fault['end_s'])}"
    told = f"{label}, {fault['severity']}<br>{when}<br>sure {fault['confidence']:.2f}"
    if fault["where"]:
        told += f"<br>{place_words(fault['where'])}"
    return {
        "x": [fault["start_s"], fault["end_s"]], "y": [label, label], "yaxis": "y2", "mode": "lines+markers",
        "customdata": [[fault["window"], told]] * 2, "showlegend": False, "name": label,
        "line": {"color": SEVERITY[fault["severity"]], "width": 10}, "opacity": shade(fault["confidence"]),
        "marker": {"color": SEVERITY[fault["severity"]], "size": BRIEF_PX, "symbol": "square"},
        "hovertemplate": "%{customdata[1]}<extra></extra>",
    }  # fmt: skip


def _layout(reports: Sequence[dict], labels: Sequence[str]) -> dict:
    height = SCORES_HEIGHT + FAULT_ROW_PX * len(labels)
    share = FAULT_ROW_PX * len(labels) / (height - 60)
    quiet = plotly_axis(fixedrange=True)
    duration_s = max(report["duration_s"] for report in reports)
    layout = plotly_layout("timeline", height, (36, 8, 8, 36)) | {
        "dragmode": "zoom", "hoverlabel": {"align": "left"}, "hovermode": "closest",
        "legend": {"orientation": "h", "y": 1.12},
        "xaxis": {"range": [0, duration_s], "ticksuffix": " s", "gridcolor": GRID, "zeroline": False, "anchor": "y2"},
        "yaxis": {**quiet, "range": [1, 5], "dtick": 1, "domain": [share + 0.04 if labels else 0, 1]},
        "shapes": [_cut(cut) for report in reports[:1] for cut in report["cuts"]],
    }  # fmt: skip
    if labels:
        order = {"categoryorder": "array", "categoryarray": list(labels), "type": "category"}
        layout["yaxis2"] = {**quiet, **order, "domain": [0, share], "range": [-0.5, len(labels) - 0.5]}
    else:
        layout["xaxis"]["anchor"] = "y"
    return layout


def _cut(seconds: float) -> dict:
    line = {"color": QUIET_INK, "width": 1, "dash": "dot"}
    return {"type": "line", "x0": seconds, "x1": seconds, "yref": "paper", "y0": 0, "y1": 1, "line": line}

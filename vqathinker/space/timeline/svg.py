"""A timeline as a picture without scripts: for a page to take along, and for documents."""

from __future__ import annotations

import json
from html import escape

from ...files import clock
from ...rating.faults import place_words
from ...rating.words import score_word
from ..widgets.plot_area import PlotArea
from ..widgets.plotly import GRID, QUIET_INK
from .figure import BANDS, BRIEF_PX, FILM_COLOURS, SEVERITY, shade

FILM_WIDTH, LEFT, RIGHT, TOP_MARGIN, SCORE_ROWS, FAULT_ROW, BOTTOM = 960, 118, 12, 10, 190, 20, 26
"""Pixels: the whole width, the margins, the height of the scores, of a row of faults, and of the axis below."""
TICKS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1200, 3600, 7200)
MOST_TICKS = 12
SVG_PAGE_CSS = (
    "body{margin:0 auto;padding:24px 16px;max-width:64rem;font:16px/1.5 system-ui,sans-serif}table{font-size:.85rem}"
)


def timeline_svg(report: dict) -> str:
    """Scores with their interval over time, cuts, and a row of spans for each fault, of a timeline's JSON."""
    names = list(dict.fromkeys(fault["name"] for fault in report["faults"]))
    area = _area(report, len(names))
    told = f"Timeline of {report['file']}: {report['score']:.2f} in all, {len(report['faults'])} faults"
    parts = [*_grid(report, area), *_band(report, area), *_line(report, area), *_faults(report, names, area)]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {area.width} {area.height}" role="img" '
        f'aria-label="{escape(told, quote=True)}" font-family="system-ui, sans-serif" font-size="12" '
        f'fill="{QUIET_INK}">'
        f"{''.join(parts)}</svg>"
    )


def timeline_page(report: dict) -> str:
    """A whole HTML page of a timeline, without scripts and without anything from elsewhere."""
    rows = "".join(
        f"<tr><td>{clock(fault['start_s'])}<td>{clock(fault['end_s'])}<td>{escape(fault['name'].replace('_', ' '))}"
        f"<td>{fault['severity']}<td>{fault['confidence']:.2f}<td>{place_words(fault['where'])}"
        for fault in report["faults"]
    )
    interval = "" if not report["interval"] else ", 90 % interval {:.2f} to {:.2f}".format(*report["interval"])
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(report["file"])}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{SVG_PAGE_CSS}</style></head><body>"
        f"<h1>{escape(report['file'])}</h1><p>{report['score']:.2f} {score_word(report['score'])}{interval}</p>"
        f"{timeline_svg(report)}<p>{escape('; '.join(report['notes']))}</p>"
        f"<table><tr><th>from<th>to<th>fault<th>severity<th>sure<th>where</tr>{rows}</table>"
        f"<details><summary>JSON</summary><pre>{escape(json.dumps(report, indent=1, ensure_ascii=False))}</pre>"
        "</details></body></html>\n"
    )


def _area(report: dict, rows: int) -> PlotArea:
    """Where the scores are, above so many rows of faults: seconds to the right, 1 to 5 upwards."""
    below = FAULT_ROW * rows + BOTTOM
    ranges = (0.0, max(report["duration_s"], 1e-6)), (1.0, 5.0)
    return PlotArea(FILM_WIDTH, TOP_MARGIN + SCORE_ROWS + below, *ranges, LEFT, RIGHT, TOP_MARGIN, below)


def _text(x: float, y: float, text: str, anchor: str = "end") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _grid(report: dict, area: PlotArea) -> list[str]:
    """Lines at whole scores, ticks of the time, dotted lines at cuts."""
    parts, end = [], area.height - BOTTOM
    for score in range(1, 6):
        y = area.y(score)
        parts.append(f'<path d="M{area.x0} {y:.1f}H{area.x1}" stroke="{GRID}"/>')
        parts.append(_text(LEFT - 8, y + 4, f"{score} {score_word(score)}"))
    step = next((tick for tick in TICKS_S if report["duration_s"] / tick <= MOST_TICKS), TICKS_S[-1])
    for k in range(int(report["duration_s"] / step) + 1):
        whole = clock(k * step).removesuffix(".0")
        parts.append(_text(area.x(k * step), end + 18, whole, "middle" if k else "start"))
    cuts = "".join(f"M{area.x(cut):.1f} {area.top}V{end}" for cut in report["cuts"])
    return (
        [*parts, f'<path d="{cuts}" stroke="{QUIET_INK}" stroke-opacity=".4" stroke-dasharray="1 3"/>']
        if cuts
        else parts
    )


def _points(report: dict, area: PlotArea) -> list[tuple[float, dict]]:
    return [(area.x((window["start_s"] + window["end_s"]) / 2), window) for window in report["windows"]]


def _band(report: dict, area: PlotArea) -> list[str]:
    edges = [(x, window["interval"]) for x, window in _points(report, area) if window["interval"]]
    if not edges:
        return []
    there = [f"{x:.1f} {area.y(high):.1f}" for x, (_, high) in edges]
    back = [f"{x:.1f} {area.y(low):.1f}" for x, (low, _) in reversed(edges)]
    return [f'<path d="M{"L".join([*there, *back])}Z" fill="{BANDS[0]}"/>']


def _line(report: dict, area: PlotArea) -> list[str]:
    """The scores, interrupted where windows do not overlap; a short stroke for a window that stands alone."""
    path, before = [], None
    for x, window in _points(report, area):
        joined = before is not None and window["start_s"] < before["end_s"]
        path.append(f"{'L' if joined else 'M'}{x:.1f} {area.y(window['score']):.1f}" + ("" if joined else "h.01"))
        before = window
    style = f'fill="none" stroke="{FILM_COLOURS[0]}" stroke-width="2" stroke-linecap="round"'
    return [f'<path d="{"".join(path)}" {style}/>']


def _faults(report: dict, names: list[str], area: PlotArea) -> list[str]:
    parts = []
    for row, name in enumerate(names):
        y = area.y0 + FAULT_ROW * (row + 0.7)
        parts.append(_text(LEFT - 8, y + 4, name.replace("_", " ")))
        for fault in (fault for fault in report["faults"] if fault["name"] == name):
            x, end = area.x(fault["start_s"]), area.x(fault["end_s"])
            span = f'x="{x:.1f}" y="{y - 5:.1f}" width="{max(BRIEF_PX / 2, end - x):.1f}" height="10" rx="2"'
            color = f'fill="{SEVERITY[fault["severity"]]}" opacity="{shade(fault["confidence"])}"'
            parts.append(f"<rect {span} {color}><title>{fault['severity']}</title></rect>")
    return parts

"""What stands under the figure of a timeline, as HTML: the score, a slider over the windows, worst moments, faults."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

from PIL import Image

from ...answer import reasoning
from ...files import clock
from ...rating.faults import place_words
from ...rating.words import score_word
from ...video.reel import Window
from ..widgets.thumbnails import THUMBNAIL_WIDTH, data_address
from .svg import timeline_page

FIGURE_HINT = "Click the figure, or move the slider with the arrow keys: the player goes there. Drag over it to zoom."


def under_figure(
    reports: Sequence[dict], players: str, plot: str, pictures: Mapping[int, str], names: Sequence[str] = ("",)
) -> str:
    """Everything below the figure. players: a selector of the videos to seek. plot: the id of the figure."""
    first = reports[0]
    windows = [
        {"t": window["start_s"], "x": (window["start_s"] + window["end_s"]) / 2, "told": window_line(window)}
        for window in first["windows"]
    ]
    scores = "".join(_score(report, name) for report, name in zip(reports, names, strict=True))
    notes = "; ".join(dict.fromkeys(note for report in reports for note in report["notes"]))
    return (
        f'<section class="vq-timeline" aria-label="Timeline" data-players="{escape(players)}" data-plot="{plot}" '
        f'data-windows="{escape(json.dumps(windows), quote=True)}">{scores}'
        f'<label class="vq-moment"><span>Moment</span><input type="range" min="0" max="{len(windows) - 1}" value="0" '
        f'aria-label="Moment" aria-valuetext="{escape(windows[0]["told"], quote=True)}"></label>'
        f'<p class="vq-picked" aria-live="polite">{FIGURE_HINT}</p>'
        + (worst(first, pictures) if len(reports) == 1 else "")
        + "".join(faults(report, name) for report, name in zip(reports, names, strict=True))
        + (f'<p class="vq-caption">{escape(notes)}</p>' if notes else "")
        + "".join(links(report) for report in reports)
        + "</section>"
    )


def window_line(window: dict) -> str:
    """A window in one line, for who cannot see the figure and for who has picked it."""
    when = f"{clock(window['start_s'])} to {clock(window['end_s'])}"
    words = reasoning(window["text"])
    return f"{when}: {window['score']:.2f}, {score_word(window['score'])}. {words}"


def _score(report: dict, name: str) -> str:
    interval = "" if not report["interval"] else " ({:.2f} to {:.2f})".format(*report["interval"])
    whole = f"{report['score']:.2f} {score_word(report['score'])}"
    who = f"{escape(name)}: " if name else ""
    return (
        f'<p class="vq-whole">{who}<b>{whole}</b>{interval} over its whole length, half of it from the worst quarter; '
        f"{len(report['windows'])} windows of {report['window_s']:g} s</p>"
    )


def worst(report: dict, pictures: Mapping[int, str]) -> str:
    """The worst moments as cards, each a button that seeks."""
    cards = []
    for k in report["worst"]:
        window = report["windows"][k]
        named = ", ".join(f"{d['name'].replace('_', ' ')} ({d['severity']})" for d in window["defects"])
        picture = f'<img src="{pictures[k]}" alt="">' if k in pictures else ""
        cards.append(
            f'<button type="button" data-window="{k}">{picture}<span><b>{clock(window["start_s"])}</b> '
            f"{window['score']:.2f} {score_word(window['score'])}<br>{escape(named or 'no defect named')}"
            "</span></button>"
        )
    return f'<div class="vq-worst"><h3>Worst moments</h3><div>{"".join(cards)}</div></div>'


def faults(report: dict, name: str = "") -> str:
    """Every fault with its place, worst and surest first."""
    if not report["faults"]:
        return ""
    rows = []
    for fault in report["faults"]:
        when = f"{clock(fault['start_s'])} to {clock(fault['end_s'])}"
        rows.append(
            f'<li><button type="button" data-window="{fault["window"]}">{when}</button> '
            f"{escape(fault['name'].replace('_', ' '))}, {fault['severity']} "
            f"<small>sure {fault['confidence']:.2f}</small>{where(fault)}</li>"
        )
    title = f"Faults in {escape(name)}" if name else "Faults"
    return f'<details class="vq-faults"><summary>{title} ({len(rows)})</summary><ul>{"".join(rows)}</ul></details>'


def where(fault: dict) -> str:
    """The cells of the picture in which a fault sits, as a small map; nothing where that is not known."""
    if not fault["where"]:
        return ""
    peak = max(value for row in fault["where"] for value in row) or 1.0
    cells = "".join(f'<i style="opacity:{value / peak:.2f}"></i>' for row in fault["where"] for value in row)
    columns = f"grid-template-columns:repeat({len(fault['where'][0])},1fr)"
    told = f'role="img" aria-label="{place_words(fault["where"])}" title="{place_words(fault["where"])}"'
    return f'<span class="vq-where" {told} style="{columns}">{cells}</span>'


def links(report: dict) -> str:
    """The timeline to take along, as a page, as JSON and as CSV, with the data in the links."""
    from ...rating.timeline import timeline_csv  # it was made before with what this imports

    name = escape(Path(report["file"]).stem, quote=True)
    told_json = data_address((json.dumps(report, indent=2, ensure_ascii=False) + "\n").encode(), "application/json")
    page = data_address(timeline_page(report).encode(), "text/html")
    table = data_address(timeline_csv(report).encode(), "text/csv")
    return (
        f'<p class="vq-save">Take it along: <a download="{name}-timeline.html" href="{page}">page</a> '
        f'<a download="{name}-timeline.json" href="{told_json}">JSON</a> '
        f'<a download="{name}-timeline.csv" href="{table}">CSV</a></p>'
    )


def picture_of(window: Window) -> str:
    """A small JPEG of the middle of a window, in the shape of the film, as a data address."""
    info, frame = window.clip.info, window.clip.frames[len(window.clip.frames) // 2]
    scale = THUMBNAIL_WIDTH / max(info.width, info.height)
    size = max(1, round(info.width * scale)), max(1, round(info.height * scale))
    stream = io.BytesIO()
    Image.fromarray(frame).resize(size, Image.Resampling.BILINEAR).save(stream, "JPEG", quality=76)
    return data_address(stream.getvalue())

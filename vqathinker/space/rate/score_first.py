"""Score a picture yourself, then see what people and the model said: HTML with everything in it, and its script."""

from __future__ import annotations

import json
from collections.abc import Sequence
from html import escape
from pathlib import Path
from urllib.parse import quote

from ...rating.words import score_word
from ..widgets import texts
from ..widgets.records import Record

SCORE_FIRST_JS = (Path(__file__).parent / "score_first.js").read_text(encoding="utf-8")


def score_first(rated: Sequence[tuple[dict, Record]], folder: Path) -> str:
    """The first picture, a slider, and the numbers of all pictures for the script; `folder` holds the files."""
    pictures = [picture(entry, record, folder) for entry, record in rated]
    first = pictures[0]
    scale = "".join(f"<span>{n}</span>" for n in range(1, 6))
    words = json.dumps([score_word(1 + tenth / 10) for tenth in range(41)])
    return (
        f'<section class="vq-first" aria-label="{texts.FIRST}" data-words="{escape(words, quote=True)}" '
        f'data-pictures="{escape(json.dumps(pictures), quote=True)}"><p class="vq-caption">{texts.FIRST_ASK}</p>'
        f'<figure><img src="{first["source"]}" alt="{escape(first["title"], quote=True)}" loading="lazy" width="500" '
        f'height="500"><figcaption>{escape(first["title"])}. <small>{escape(first["credit"])}</small></figcaption>'
        f'</figure><label class="vq-mine"><span>{texts.FIRST_MINE} <b>3.0</b> <i>fair</i></span>'
        f'<input type="range" min="1" max="5" step="0.1" value="3" aria-valuetext="3.0, fair">'
        f'<span class="vq-scale" aria-hidden="true">{scale}</span></label>'
        f'<div class="vq-first-buttons"><button type="button" class="show">{texts.FIRST_SHOW}</button>'
        f'<button type="button" class="next" hidden>{texts.FIRST_NEXT}</button>'
        f'<button type="button" class="why" hidden>{texts.FIRST_WHY}</button></div>'
        '<div class="vq-told-first" role="status" aria-live="polite"></div></section>'
    )


def picture(entry: dict, record: Record, folder: Path) -> dict:
    """What the script needs of one picture."""
    return {
        "source": "gradio_api/file=" + quote(str(folder / entry["file"])),
        "title": entry["title"],
        "credit": entry["attribution"],
        "people": entry["mos"],
        "deviation": entry["deviation"],
        "ratings": entry["ratings"],
        "model": round(record.report["score"], 2),
    }

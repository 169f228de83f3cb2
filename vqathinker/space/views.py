"""The parts of the page as HTML: pure functions from values to strings, every text escaped."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import numpy as np
from PIL import Image

from ..files import STILLS
from ..video import Clip
from . import texts

if TYPE_CHECKING:  # the page is there before torch is
    from ..rating import Defect, Rating, Timings

THUMBNAIL_WIDTH = 208
STAGES = ("decoding", "watching", "thinking")
WORDS = ("bad", "poor", "fair", "good", "excellent")


def header(model: str) -> str:
    return (
        f'<header class="vq-header"><h1>VQAThinker</h1><p>{texts.SUBTITLE}</p>'
        f'<span class="vq-badge" title="{texts.MODEL_BADGE}">model: {escape(Path(model).name)}</span></header>'
    )


def player(path: str | Path | None, poster: str = "") -> str:
    """The video or picture itself, served by Gradio from its cache or from the examples."""
    if path is None:
        return ""
    source = "gradio_api/file=" + quote(str(path))
    name = escape(Path(path).name, quote=True)
    if Path(path).suffix.lower() in (*STILLS, ".gif"):
        return f'<figure class="vq-player"><img src="{source}" alt="{name}"></figure>'
    return (
        f'<figure class="vq-player"><video src="{source}" aria-label="{name}"{poster and f" poster={poster!r}"} '
        'controls autoplay muted loop playsinline onerror="this.hidden=true;this.nextElementSibling.hidden=false">'
        f"</video><p hidden>{texts.NOT_PLAYABLE}</p></figure>"
    )


def stages(now: str, seconds: dict[str, float] | None = None) -> str:
    """The way of a rating: which stage is running (`now`, "done" after the last), and how long the others took."""
    seconds = seconds or {}
    items = []
    for stage in STAGES:
        state = "now" if stage == now else "done" if stage in seconds else "later"
        took = f" <b>{seconds[stage]:.1f} s</b>" if stage in seconds else ""
        items.append(f'<li class="{state}"{" aria-current=step" * (state == "now")}>{stage}{took}</li>')
    return f'<ol class="vq-stages" role="status" aria-live="polite">{"".join(items)}</ol>'


def timings(spent: Timings) -> str:
    seconds = (spent.decode_s, spent.first_token_s, max(0.0, spent.total_s - spent.decode_s - spent.first_token_s))
    return stages("done", dict(zip(STAGES, seconds, strict=True)))


def note(text: str, busy: bool = False) -> str:
    """A line in place of the stages."""
    return f'<p class="vq-note{" busy" * busy}" role="status" aria-live="polite">{escape(text)}</p>'


def filmstrip(clip: Clip) -> str:
    """The sampled frames, small, with their times; a still image is shown once."""
    if clip.info.is_still:
        shown = [(clip.frames[0], "still image")]
    else:
        shown = [(frame, f"{time:.2f} s") for frame, time in zip(clip.frames, clip.times, strict=True)]
    cells = "".join(
        f'<figure><img src="{thumbnail(frame)}" alt="frame at {label}"><figcaption>{label}</figcaption></figure>'
        for frame, label in shown
    )
    info = clip.info
    rate = "" if info.is_still else f", {info.fps:.4g} frames a second, {info.duration_s:.1f} s"
    facts = f"{info.width} × {info.height}{rate}"
    return f'<section class="vq-film"><div>{cells}</div><p>{texts.FILM}: {facts}</p></section>'


def thumbnail(frame: np.ndarray) -> str:
    """A small JPEG of a frame (H, W, 3) uint8 as a data address."""
    picture = Image.fromarray(frame)
    picture.thumbnail((THUMBNAIL_WIDTH, THUMBNAIL_WIDTH), Image.Resampling.BILINEAR, reducing_gap=2.0)
    stream = io.BytesIO()
    picture.save(stream, "JPEG", quality=80)
    return data_address(stream.getvalue())


def data_address(jpeg: bytes) -> str:
    return "data:image/jpeg;base64," + base64.b64encode(jpeg).decode()


def reasoning(thought: str, writing: bool = False) -> str:
    """The panel with what the model has written so far."""
    text = escape(thought) if thought else f'<span class="vq-quiet">{texts.NO_REASONING}</span>'
    caret = '<i class="vq-caret"></i>' if writing else ""
    return f'<section class="vq-reasoning" aria-label="Reasoning"><h2>Reasoning</h2><p>{text}{caret}</p></section>'


def verdict(rating: Rating | None = None) -> str:
    """Score, word, scale and defects, or the empty scale."""
    if rating is None:
        empty = f'<div class="vq-score">{texts.NO_SCORE}</div>{scale(None)}'
        return f'<section class="vq-verdict empty">{empty}</section>'
    from ..rating import score_word

    word, expected = score_word(rating.score), texts.EXPECTED.format(rating.expected)
    return (
        f'<section class="vq-verdict {word}" aria-label="Score"><div class="vq-score"><b>{rating.score:.2f}</b>'
        f'<small>of 5</small><span class="vq-word">{word}</span><small class="vq-expected">{expected}</small></div>'
        f"{scale(rating.score)}{chips(rating.defects)}</section>"
    )


def scale(score: float | None) -> str:
    """A bar from 1 to 5 in five equal parts, with a marker at the score."""
    parts = "".join(f'<span class="{word}">{word}</span>' for word in WORDS)
    marker, label = "", "scale from 1, bad, to 5, excellent"
    if score is not None:
        marker = f'<i style="left:{(score - 1) / 4:.2%}"></i>'
        label = f"{score:.2f} on the {label}"
    return f'<div class="vq-scale" role="img" aria-label="{label}"><div>{parts}</div>{marker}</div>'


def chips(defects: Sequence[Defect]) -> str:
    """The defects that the text names, each with its severity in words and dots."""
    if not defects:
        return f'<p class="vq-chips vq-quiet">{texts.NO_DEFECTS}</p>'
    items = "".join(
        f'<li class="{escape(d.severity)}"><b>{escape(d.name.replace("_", " "))}</b> {escape(d.severity)}</li>'
        for d in defects
    )
    return f'<ul class="vq-chips" aria-label="Defects">{items}</ul>'


def example_cards(examples: Sequence[dict], folder: Path) -> str:
    """A button an example: poster and title; `data-index` is what a click reports."""
    cards = []
    for index, example in enumerate(examples):
        poster = data_address((folder / example["poster"]).read_bytes())
        title, tip = (escape(example[key], quote=True) for key in ("title", "done"))
        cards.append(
            f'<button type="button" data-index="{index}" title="{tip}">'
            f'<img src="{poster}" alt=""><span>{title}</span></button>'
        )
    return f'<div class="vq-examples"><h2>{texts.EXAMPLES}</h2><div>{"".join(cards)}</div></div>'


def caption(name: str) -> str:
    return f'<p class="vq-caption"><b>{escape(name)}</b></p>'


def example_caption(example: dict) -> str:
    """What was done to an example and what to look for."""
    title, done, notice, credit = (escape(example[key]) for key in ("title", "done", "notice", "attribution"))
    return f'<p class="vq-caption"><b>{title}.</b> {done} {notice} <small>{credit}</small></p>'

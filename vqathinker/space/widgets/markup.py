"""The parts of the page as HTML: pure functions from values to strings, every text escaped."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path
from urllib.parse import quote

from ...files import STILLS
from ...rating.words import score_word
from . import texts
from .thumbnails import Film, data_address

RATING_STAGES = ("decoding", "watching", "thinking")


def header(badge: str, caveat: str = "", beside: str = "") -> str:
    """Name, what it does, which model; `caveat`: what to expect of that model; `beside`: the second one."""
    second = f'<span class="vq-badge" title="{texts.BESIDE_BADGE}">beside it: {escape(beside)}</span>' if beside else ""
    return (
        f'<header class="vq-header"><h1>VQAThinker</h1><p>{texts.SUBTITLE} {caveat}</p>'
        f'<span class="vq-badge" title="{texts.MODEL_BADGE}">model: {escape(badge)}</span>{second}</header>'
    )


def to_lab() -> str:
    """One line that leads to the lab; `data-index` is what a click reports."""
    asked, button = texts.TEACHERS
    return f'<p class="vq-to-lab">{asked} <button type="button" data-index="0">{button}</button></p>'


def player(path: str | Path | None, poster: str = "", plays: bool = True) -> str:
    """The video or picture itself, served by Gradio from its cache or from the examples; `plays` at once, or when it is
    asked to."""
    if path is None:
        return ""
    source = "gradio_api/file=" + quote(str(path))
    name = escape(Path(path).name, quote=True)
    if (suffix := Path(path).suffix.lower()) in (*STILLS, ".gif"):
        moving = ' data-moving="yes"' if suffix == ".gif" else ""
        return f'<figure class="vq-player"><img src="{source}" alt="{name}"{moving}></figure>'
    begin = "autoplay" if plays else 'preload="metadata"'
    return (
        f'<figure class="vq-player"><video src="{source}" aria-label="{name}"{poster and f" poster={poster!r}"} '
        f'controls {begin} muted loop playsinline onerror="this.hidden=true;this.nextElementSibling.hidden=false">'
        f"</video><p hidden>{texts.NOT_PLAYABLE}</p></figure>"
    )


def is_moving(shown: str | None) -> bool:
    """Whether a player shows what may have a timeline: a video, or a GIF, which a browser plays as a picture."""
    return bool(shown) and ("<video" in shown or 'data-moving="yes"' in shown)


def stages(now: str, seconds: dict[str, float] | None = None) -> str:
    """The way of a rating: which stage is running (`now`, "done" after the last), and how long the others took."""
    seconds = seconds or {}
    items = []
    for stage in RATING_STAGES:
        state = "now" if stage == now else "done" if stage in seconds else "later"
        took = f" <b>{seconds[stage]:.1f} s</b>" if stage in seconds else ""
        items.append(f'<li class="{state}"{" aria-current=step" * (state == "now")}>{stage}{took}</li>')
    return f'<div role="status" aria-live="polite"><ol class="vq-stages">{"".join(items)}</ol></div>'


def timings(spent: dict[str, float]) -> str:
    """The stages of a finished rating, from the timings of its JSON."""
    decoding, watching = spent["decode_s"], spent["first_token_s"]
    seconds = (decoding, watching, max(0.0, spent["total_s"] - decoding - watching))
    return stages("done", dict(zip(RATING_STAGES, seconds, strict=True)))


def waiting(ahead: int) -> str:
    """Somebody else has the model: the place in the line."""
    before = "one rating is" if ahead == 1 else f"{ahead} ratings are"
    return note(f"Waiting in line: {before} before yours.", busy=True)


def in_line(ahead: int, now: str) -> str:
    """The place in the line while somebody is before; after that what is being done `now`."""
    return waiting(ahead) if ahead else now


def note(text: str, busy: bool = False) -> str:
    """A line in place of the stages."""
    return f'<p class="vq-note{" busy" * busy}" role="status" aria-live="polite">{escape(text)}</p>'


def problem(text: str) -> str:
    """Why there is no result, in the same place: not to be overlooked."""
    return f'<p class="vq-note vq-problem" role="status" aria-live="polite">{escape(text)}</p>'


def filmstrip(film: Film, title: str = texts.FILM, seek: bool = False) -> str:
    """The sampled frames side by side, each with its label; with `seek` each with a time is a button (film.js)."""
    cells = "".join(
        f"<figure>{frame(source, label, seek)}<figcaption>{escape(label)}</figcaption></figure>"
        for source, label in film.cells
    )
    return (
        f'<section class="vq-film" aria-label="{escape(title)}"><h2>{escape(title)}</h2><div>{cells}</div>'
        f"<p>{escape(film.facts)}</p></section>"
    )


def frame(source: str, label: str, seek: bool) -> str:
    picture = f'<img src="{source}" alt="frame: {escape(label)}">'
    if not seek or not label.endswith(" s"):
        return picture
    return f'<button type="button" data-seek="{label.removesuffix(" s")}" title="Go there">{picture}</button>'


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


def example_caption(example: dict, report: dict | None = None) -> str:
    """What was done to an example and what to look for; with a `report` its score first, where the page is narrow."""
    title, done, notice, credit = (escape(example[key]) for key in ("title", "done", "notice", "attribution"))
    at_once = rated_at_once(report) if report else ""
    return f'{at_once}<p class="vq-caption"><b>{title}.</b> {done} {notice} <small>{credit}</small></p>'


def rated_at_once(report: dict) -> str:
    """A rating in one line with the way to the rest of it."""
    named = ", ".join(defect["name"].replace("_", " ") for defect in report["defects"])
    said = f"{report['score']:.2f} {score_word(report['score'])}{f', {escape(named)}' if named else ''}"
    return f'<p class="vq-caption vq-at-once"><b>{said}</b> <a href="#verdict">{texts.SEE_WHY}</a></p>'


def rated_caption(entry: dict) -> str:
    """A picture that people rated: what it shows, and what they gave it."""
    title, credit = escape(entry["title"]), escape(entry["attribution"])
    return f'<p class="vq-caption"><b>{title}.</b> {texts.PEOPLE_GAVE.format(entry["mos"])} <small>{credit}</small></p>'

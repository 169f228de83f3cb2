"""A rating to take along: as JSON, and as a page that needs nothing but itself. Both are links with the data inside,
so that nothing is left on the server."""

from __future__ import annotations

import json
from dataclasses import dataclass
from html import escape
from pathlib import Path

from . import markup, score_card, texts
from .theme import CSS
from .thumbnails import Film, data_address

REPORT_CSS = """
body { margin: 0 auto; padding: 24px 16px; max-width: 46rem; font: 16px/1.5 ui-sans-serif, system-ui, sans-serif;
  background: #f6f6f4; color: var(--vq-ink); display: grid; gap: 16px; }
h1 { font-size: 1.2rem; margin: 0; overflow-wrap: anywhere; }
h2 { font-size: .8rem; margin: 0 0 8px; color: var(--vq-quiet); }
pre { white-space: pre-wrap; overflow-wrap: anywhere; font-size: .78rem; }
@media (prefers-color-scheme: dark) { body { background: #111316; } }
"""


KEPT_OF_CHECK = ("score", "expected", "interval", "text", "defects", "rollouts", "spread")


@dataclass(frozen=True)
class OrderCheck:
    """The same video in a disorder: its rating, and how the page tells it beside that of the video in order."""

    perturbation: str
    report: dict
    told: str

    def to_dict(self) -> dict:
        return {"perturbation": self.perturbation} | {name: self.report[name] for name in KEPT_OF_CHECK}


def to_keep(report: dict, caveat: str = "", check: OrderCheck | None = None) -> dict:
    """The rating as JSON, with what to expect of it and, where it was made, the check of the order."""
    told = report | {"caveat": f"{texts.CAVEAT} {caveat}".strip()}
    return told if check is None else told | {"order_check": check.to_dict()}


def report_page(report: dict, film: Film, caveat: str = "", check: OrderCheck | None = None) -> str:
    """A whole HTML page of a rating, without scripts and without anything from elsewhere."""
    kept = to_keep(report, caveat, check)
    told = json.dumps(kept, indent=2, ensure_ascii=False)
    checked = f'<section class="vq-card"><h2>{texts.CHECK}</h2>{check.told}</section>' if check else ""
    spent = report["timings"]
    facts = texts.MADE_BY.format(report["model"], report["precision"], spent["total_s"], spent["decode_s"])
    looks = "\n".join(path.read_text(encoding="utf-8") for path in CSS if path.stem in ("style", "charts"))
    dark = looks[looks.index(".dark {") :].split("}", 1)[0].removeprefix(".dark {")
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(report["file"])}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{looks}{REPORT_CSS}@media (prefers-color-scheme: dark) {{ :root {{ {dark} }} }}</style></head><body>"
        f"<h1>{escape(report['file'])}</h1>{score_card.verdict(report)}"
        f'<section class="vq-card"><h2>{texts.REASONING}</h2>{score_card.reasoning_box(report["reasoning"])}</section>'
        f"{score_card.sure(report)}{markup.filmstrip(film)}{checked}"
        f'<section class="vq-card"><h2>{texts.EXPECT}</h2><p>{escape(kept["caveat"])}</p></section>'
        f"<p class=vq-caption>{escape(facts)}</p>"
        f"<details><summary>{texts.JSON}</summary><pre>{escape(told)}</pre></details></body></html>\n"
    )


def save_links(report: dict, film: Film, caveat: str = "", check: OrderCheck | None = None) -> str:
    """Two links: the rating as a page and as JSON."""
    name = escape(Path(report["file"]).stem, quote=True)
    page = data_address(report_page(report, film, caveat, check).encode(), "text/html")
    kept = json.dumps(to_keep(report, caveat, check), indent=2, ensure_ascii=False) + "\n"
    told = data_address(kept.encode(), "application/json")
    return (
        f'<p class="vq-save">{texts.SAVE} <a download="{name}-rating.html" href="{page}">{texts.SAVE_PAGE}</a> '
        f'<a download="{name}-rating.json" href="{told}">{texts.SAVE_JSON}</a></p>'
    )

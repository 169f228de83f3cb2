"""Two ratings beside each other: pure functions from their JSON to HTML."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path

from . import texts, verdict
from .figures import axis, bells, percent

LETTERS = ("A", "B")
KINDS = ("first", "second")


def side(letter: str, report: dict | None) -> str:
    """One of the two: score, word, defects, and the reasoning folded away; empty before it was rated."""
    if report is None:
        return ""
    from ..rating.words import score_word

    word = score_word(report["score"])
    return (
        f'<section class="vq-card vq-side {word}" aria-label="Rating of {letter}">'
        f'<h2>{letter} · {escape(report["file"])}</h2><div class="vq-score"><b>{report["score"]:.2f}</b>'
        f'<span class="vq-word">{word}</span></div>{verdict.chips(report["defects"])}'
        f"<details open><summary>{texts.REASONING}</summary>{verdict.reasoning(report['reasoning'])}</details>"
        "</section>"
    )


def outcome(first: dict, second: dict, probability: float) -> str:
    """The probability in words, the answers as dots and as bells, and the formula with the numbers in it."""
    rows = [verdict.answers(report, *names) for report, *names in zip((first, second), LETTERS, KINDS, strict=True)]
    low, high = texts.UNDECIDED
    told = (texts.NEITHER if low < probability < high else texts.BETTER).format(percent(probability))
    moments = [row.mean for row in rows] + [row.spread**2 for row in rows]
    lean = f'<div class="vq-lean" aria-hidden="true"><i style="width:{probability:.1%}"></i></div>'
    return (
        f'<section class="vq-card vq-outcome" aria-label="Which is better"><p class="vq-told" role="status">{told}</p>'
        f'<div class="vq-lean-names" aria-hidden="true"><span>A {percent(probability)}</span>'
        f"<span>B {percent(1 - probability)}</span></div>{lean}{axis(rows)}{bells(*rows, probability)}"
        f'<p class="vq-formula">{texts.FORMULA.format(*moments, probability)}</p>'
        f'<p class="vq-caption">{texts.FORMULA_SAYS}</p></section>'
    )


def pair_cards(pairs: Sequence[tuple[dict, dict]], posters: Sequence[tuple[str, str]]) -> str:
    """A button a pair: both posters and titles; `data-index` is what a click reports."""
    cards = []
    for index, (pair, pictures) in enumerate(zip(pairs, posters, strict=True)):
        images = "".join(f'<img src="{picture}" alt="">' for picture in pictures)
        titles = " or ".join(escape(entry["title"]) for entry in pair)
        cards.append(
            f'<button type="button" data-index="{index}"><span class="vq-pair">{images}</span>'
            f"<span>{titles}?</span></button>"
        )
    return f'<div class="vq-examples vq-pairs"><h2>{texts.PAIRS}</h2><div>{"".join(cards)}</div></div>'


def slot(letter: str, name: str | None) -> str:
    """Which file stands where."""
    told = escape(Path(name).name) if name else "no video yet"
    return f'<p class="vq-slot"><b class="vq-letter {KINDS[LETTERS.index(letter)]}">{letter}</b> {told}</p>'

"""Two ratings beside each other: pure functions from their JSON to HTML."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path

from ..widgets import score_card, texts
from ..widgets.charts import AxisRow, Bell, axis, bell_of, bells, percent
from .often import ProbabilityBin, how_often

LETTERS = ("A", "B")
ROW_KINDS = ("first", "second")


def side(letter: str, report: dict | None, named: str = "") -> str:
    """One of the two: score, word, defects, and the reasoning folded away; empty before it was rated. `named`: by what
    in the place of its file."""
    if report is None:
        return ""
    from ...rating.words import score_word

    word = score_word(report["score"])
    return (
        f'<section class="vq-card vq-side {word}" aria-label="Rating of {letter}">'
        f'<h2>{letter} · {escape(named or report["file"])}</h2><div class="vq-score"><b>{report["score"]:.2f}</b>'
        f'<span class="vq-word">{word}</span></div>{score_card.unlike(report)}'
        f"{score_card.chips(report['defects'])}"
        f"<details open><summary>{texts.REASONING}</summary>{score_card.reasoning_box(report['reasoning'])}</details>"
        "</section>"
    )


def outcome(first: dict, second: dict, probability: float, steps: tuple[ProbabilityBin, ...] = ()) -> str:
    """The probability of the better one in words and how often such a one is right (`steps`), the answers as dots, two
    bells, and the formula with the numbers in it: of scores and calibrated deviations where both are known, else of the
    sampled answers."""
    rows = both_rows(first, second)
    calibrated = deviation(first) is not None and deviation(second) is not None
    if calibrated:
        drawn = [
            Bell(report["score"], deviation(report), texts.ERROR_BELL.format(letter, report["score"]), kind)
            for report, letter, kind in zip((first, second), LETTERS, ROW_KINDS, strict=True)
        ]
    else:
        drawn = [bell_of(row) for row in rows]
    odd = [letter for letter, report in zip(LETTERS, (first, second), strict=True) if score_card.is_unlike(report)]
    often = how_often(steps, max(probability, 1 - probability)) if calibrated else ""
    often = unlike_pair(odd) or often
    title, formula, says = texts.BY_ERRORS if calibrated else texts.BY_ANSWERS
    numbers = [bell.mean for bell in drawn] + [bell.deviation**2 for bell in drawn]
    lean = f'<div class="vq-lean" aria-hidden="true"><i style="width:{probability:.1%}"></i></div>'
    return (
        f'<section class="vq-card vq-outcome" aria-label="Which is better"><p class="vq-told" role="status">'
        f"{better_one(probability)}</p>{often and f'<p class=vq-often>{often}</p>'}"
        f'<div class="vq-lean-names" aria-hidden="true"><span>A {percent(probability)}</span>'
        f"<span>B {percent(1 - probability)}</span></div>{lean}{axis(rows)}{bells(*drawn, probability, title)}"
        f'<p class="vq-formula">{formula.format(*numbers, probability)}</p><p class="vq-caption">{says}</p></section>'
    )


def both_rows(first: dict, second: dict) -> list[AxisRow]:
    """Two ratings as rows of one axis, called by their letters."""
    return [
        score_card.axis_row(report, *names) for report, *names in zip((first, second), LETTERS, ROW_KINDS, strict=True)
    ]


def unlike_pair(letters: list[str]) -> str:
    """What is said in the place of how often a probability is right, where one of a pair is unlike what was learned.

    >>> unlike_pair(["A", "B"])[:23]
    'Both look unlike what t'
    """
    return texts.UNLIKE_PAIR.format(f"{letters[0]} looks" if len(letters) == 1 else "Both look") if letters else ""


def models_outcome(first: dict, second: dict) -> str:
    """What two models say of one video: by how much they differ in words, and their answers as dots."""
    rows = both_rows(first, second)
    return (
        f'<section class="vq-card vq-outcome" aria-label="How far the models differ"><p class="vq-told" role="status">'
        f'{gap(second["score"] - first["score"])}</p>{axis(rows)}<p class="vq-caption">{texts.MODELS_SAY}</p></section>'
    )


def gap(difference: float) -> str:
    """
    >>> gap(-0.5), gap(0.001)
    ('A gives 0.50 more than B.', 'Both models give the same score.')
    """
    more, less = LETTERS if difference < 0 else reversed(LETTERS)
    return texts.MODELS_SAME if abs(difference) < 0.005 else texts.MODELS_DIFFER.format(more, abs(difference), less)


def model_named(report: dict) -> str:
    """Which model a rating is of, as its side is called: the last part of its name, and the precision.

    >>> model_named({"model": "visualquality-r1@/weights/mine", "precision": "nf4"})
    'visualquality-r1 (nf4)'
    """
    scorer, at, place = report["model"].partition("@")
    return f"{scorer if at else Path(scorer).name} ({report['precision']})"


def better_one(probability: float) -> str:
    """Which one is better, and with what probability; `probability`: of the first.

    >>> better_one(0.17)
    'B is the better one with a probability of 83%.'
    """
    better, likely = (LETTERS[0], probability) if probability >= 0.5 else (LETTERS[1], 1 - probability)
    if likely < texts.EQUAL_BELOW:
        return texts.EQUAL
    return (texts.NEITHER if likely < texts.UNDECIDED_BELOW else texts.BETTER).format(better, percent(likely))


def preference_of_reports(first: dict, second: dict) -> float | None:
    """What `Comparison.probability_first_better` says, from the JSON of both ratings; None where too few sampled
    answers can be read and no deviation is known."""
    from ...rating import first_better
    from ...rewards import preference_probability

    deviations = [deviation(report) for report in (first, second)]
    if None not in deviations:
        variances = [value**2 for value in deviations]
        return float(preference_probability(first["score"], variances[0], second["score"], variances[1]))
    scores = [score_card.axis_row(report).scores for report in (first, second)]
    return None if min(map(len, scores)) < 2 else first_better(*scores)


def deviation(report: dict) -> float | None:
    """Standard deviation of a score's error, read off the edge of its interval that the scale does not cut off; None
    for a rating without an interval."""
    from ...rating.rating import NORMAL_90

    if not report.get("interval"):
        return None
    return max(abs(edge - report["score"]) for edge in report["interval"]) / NORMAL_90


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
    return f'<p class="vq-slot"><b class="vq-letter {ROW_KINDS[LETTERS.index(letter)]}">{letter}</b> {told}</p>'

"""Where a score lies among held-out pictures that people rated: a drawing and two sentences, as HTML."""

from __future__ import annotations

from html import escape

from ..widgets import texts
from ..widgets.charts import place, tick_marks
from .held_out import ALIKE_WITHIN, FEWEST_ALIKE, HeldOut, nine_in_ten, scores_alike


def among(report: dict, held: HeldOut | None) -> str:
    """The section below a score; empty for a checkpoint without held-out pictures."""
    if held is None:
        return ""
    told = sentences(report["score"], held)
    label = escape(f"{texts.PLACE}. {told}", quote=True)
    return (
        f'<section class="vq-card vq-place" aria-label="{texts.PLACE}"><h2>{texts.PLACE}</h2>'
        f'<div class="vq-cloud"><span class="vq-side-name" aria-hidden="true">{texts.PLACE_PEOPLE}</span>'
        f'<div class="vq-heights" aria-hidden="true">{tick_marks(side="bottom")}</div>'
        f'<svg viewBox="0 0 100 100" preserveAspectRatio="none" role="img" aria-label="{label}">'
        f"{scatter_plot(report, held)}</svg>"
        f'<div class="vq-ticks" aria-hidden="true">{tick_marks()}<i>{texts.PLACE_MODEL}</i></div></div>'
        f"<p>{told}</p>{texts.PLACE_LEGEND.format(len(held.points))}</section>"
    )


def sentences(score: float, held: HeldOut) -> str:
    """What people gave to pictures with such a score, and how many have a lower one."""
    near = held.near(score)
    if len(near) < FEWEST_ALIKE:
        return texts.PLACE_RARE.format(len(near), ALIKE_WITHIN, score)
    low, high = nine_in_ten(near)
    return (
        texts.PLACE_NEAR.format(len(near), ALIKE_WITHIN, low, high) + " " + texts.PLACE_BELOW.format(held.below(score))
    )


def scatter_plot(report: dict, held: HeldOut) -> str:
    """Dots, those with about the same score darker; the line on which both agree; the score with its interval."""
    score = report["score"]
    near = [point for point in held.points if scores_alike(point[1], score)]
    rest = [point for point in held.points if not scores_alike(point[1], score)]
    x = 100 * place(score)
    parts = ['<path class="agree" d="M0 100L100 0"></path>', cloud(rest, "dots"), cloud(near, "dots near")]
    if report.get("interval"):
        low, high = (100 - 100 * place(edge) for edge in report["interval"])
        parts.append(f'<path class="range" d="M{x:.1f} {low:.1f}V{high:.1f}"></path>')
    return "".join([*parts, f'<path class="here" d="M{x:.1f} {100 - x:.1f}h.001"></path>'])


def cloud(points: list[tuple[float, float]], css: str) -> str:
    """(MOS, score) as dots in a drawing that is stretched: strokes without length, with round ends."""
    path = "".join(f"M{100 * place(score):.1f} {100 - 100 * place(mos):.1f}h0" for mos, score in points)
    return f'<path class="{css}" d="{path}"></path>' if points else ""

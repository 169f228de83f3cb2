"""The toy policy, drawn: what it would answer, how that shifts, and how well it does over the steps."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

import torch

from ....rewards.notation import num
from ..experiment.learning import PolicySnapshot
from ..experiment.state import LabState
from ..experiment.toy import FORMS, SCORE_GRID
from . import svg

POLICY_HEIGHT, CURVE, FORM_LABEL_PX = 168, 92, 146
TALLEST = 0.12
"""The least top of the axis of probabilities, so that a flat start looks flat."""


def scores(state: LabState, start: PolicySnapshot, now: PolicySnapshot, i: int, width: float) -> str:
    """How likely each score is for video i: at the start, now, and now with its frames shuffled."""
    with torch.no_grad():
        first, ordered = (one.policy.score_logps()[i].exp() for one in (start, now))
        shuffled = now.policy.score_logps(in_order=False)[i].exp()
    top = 1.12 * max(TALLEST, *(float(p.max()) for p in (first, ordered, shuffled)))
    plot = svg.Plot(width, POLICY_HEIGHT, y_range=(0, top), top=34, left=14)
    mean, mos = float(ordered @ SCORE_GRID), state.videos[i].mos
    parts = [
        plot.x_ticks(),
        plot.path(SCORE_GRID.tolist(), ordered.tolist(), f"area v{i}", closed=True),
        plot.path(SCORE_GRID.tolist(), first.tolist(), "guide"),
        plot.path(SCORE_GRID.tolist(), shuffled.tolist(), f"dashed v{i}"),
        plot.vertical(mos, "truth"),
        svg.text(plot.x(mos) + (6 if mos < 4 else -6), 42, f"people {mos:.2f}", f"mos{'' if mos < 4 else ' end'}"),
        *_pushes(now, plot, i),
    ]
    label = f"Probability of each score for video {state.videos[i].name}, expected score {mean:.2f}"
    return (
        f'<h4 class="v{i} tone">{escape(state.videos[i].title)}: expects {mean:.2f}</h4>{plot.svg(*parts, label=label)}'
    )


def _pushes(now: PolicySnapshot, plot: svg.Plot, i: int) -> list[str]:
    """The answers of the last step where their scores stand, with the way that each was pushed."""
    if now.batch is None:
        return []
    marks = []
    for (form, place), push in zip(now.batch.tokens[i].tolist(), now.batch.advantages[i].tolist(), strict=True):
        if FORMS[form].has_score:
            css = "up" if push > 0 else "down" if push < 0 else "still"
            size = 3 + 3 * min(abs(push), 1.5)
            tip, foot = (16 - size, 16 + size) if push > 0 else (16 + size, 16 - size)
            x = plot.x(SCORE_GRID[place])
            marks.append(f'<path class="pushed {css}" d="M{x:.1f} {tip:.1f}L{x - 5:.1f} {foot:.1f}H{x + 5:.1f}Z"/>')
    return marks


def form_chart(start: PolicySnapshot, now: PolicySnapshot, width: float) -> str:
    """How likely each form of an answer is, with a mark where it started."""
    with torch.no_grad():
        first, last = (one.policy.form_logps().exp().tolist() for one in (start, now))
    plot = svg.Plot(width, 22 * len(FORMS) + 4, x_range=(0, 1), left=FORM_LABEL_PX, right=46, top=0, bottom=0)
    parts = []
    for k, (form, before, after) in enumerate(zip(FORMS, first, last, strict=True)):
        y, x = 22 * k + 3, plot.x(before)
        parts.append(svg.text(0, y + 12, form.name, "name"))
        parts.append(
            f'<rect class="form{"" if k == 0 else " other"}" x="{plot.x0}" y="{y}" height="15" rx="2" '
            f'width="{max(plot.x(after) - plot.x0, 1):.1f}"/><path class="began" d="M{x:.1f} {y - 2}v19"/>'
        )
        parts.append(svg.text(plot.x(max(after, before)) + 6, y + 12, f"{after:.0%}", "value"))
    return plot.svg(*parts, label="How likely each form of an answer is")


MEASURES = (
    ("form", "Well-formed", "probability of one thought, then one answer", (0, 1)),
    ("error", "Error", "of the expected score, mean over the videos", (0, 1.5)),
    ("order", "Order", "probability that two videos come out as people order them", (0, 1)),
    ("gain", "Gain from the order", "bell in order minus bell shuffled", (-0.2, 0.6)),
)


def courses(course: Sequence[PolicySnapshot], whole: Sequence[PolicySnapshot], width: float) -> str:
    """Each measure over the steps; `whole` is the course with every reward on, where some are off."""
    each = (width - 20) / 2 if width > 300 else width
    return '<div class="lab-courses">' + "".join(_course(course, whole, *one, each) for one in MEASURES) + "</div>"


def _course(course, whole, name: str, title: str, what: str, y_range: tuple[float, float], width: float) -> str:
    values, beside = ([getattr(one.measures, name) for one in some] for some in (course, whole))
    known = [value for value in values + beside if not math.isnan(value)]
    low, high = min(y_range[0], *known, 0), max(y_range[1], *known, 0)
    last = max(len(values) - 1, 5)
    plot = svg.Plot(width, CURVE, x_range=(0, last), y_range=(low, high), left=30, top=10, bottom=18)
    parts = [plot.y_ticks((low, high) if low == 0 else (low, 0, high)), plot.x_ticks((0, last), below=14)]
    if known:
        if whole:
            parts.append(plot.path(range(len(beside)), beside, "guide"))
        parts.append(plot.path(range(len(values)), values, "curve repaired"))
        parts.append(f'<circle class="here" r="4" cx="{plot.x(len(values) - 1):.1f}" cy="{plot.y(values[-1]):.1f}"/>')
    shown = "no pair" if math.isnan(values[-1]) else num(values[-1], 2)
    than = f" <small>all on: {num(beside[-1], 2)}</small>" if whole and known else ""
    drawn = plot.svg(*parts, label=f"{title} over the steps")
    return f'<div class="lab-course"><h4>{title} <b>{shown}</b>{than}</h4>{drawn}<p>{what}</p></div>'

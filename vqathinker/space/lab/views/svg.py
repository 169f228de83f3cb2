"""Small drawings as SVG text, one CSS pixel to a unit: scales, lines, and the handles that a visitor can move."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape

from ...widgets.plot_area import PlotArea
from ..experiment.state import HIGHEST, LOWEST

SCORE_RANGE = (LOWEST, HIGHEST)
TICKS = (1, 2, 3, 4, 5)
KEY_STEP = 0.05
TWO_COLUMNS_FROM, BETWEEN_COLUMNS = 560, 20
"""Pixels: the width from which two drawings stand side by side, and what is between them."""


def column_width(width: float, widest: float | None = None) -> float:
    """The width of a drawing in a view of `width` pixels: about half of it where two have room, else all of it."""
    if width < TWO_COLUMNS_FROM:
        return width
    return min((width - BETWEEN_COLUMNS) / 2, widest or width)


@dataclass(frozen=True)
class Plot(PlotArea):
    """A plot whose lines are coloured by the style sheet of the lab."""

    def path(self, xs: Iterable[float], ys: Iterable[float], css: str, *, closed: bool = False) -> str:
        points = [f"{self.x(x):.1f} {self.y(y):.1f}" for x, y in zip(xs, ys, strict=True)]
        line = "M" + "L".join(points)
        if closed and points:
            first, last = points[0].split()[0], points[-1].split()[0]
            line += f"L{last} {self.y0:.1f}L{first} {self.y0:.1f}Z"
        return f'<path class="{css}" d="{line}"/>'

    def vertical(self, value: float, css: str) -> str:
        x = self.x(value)
        return f'<line class="{css}" x1="{x:.1f}" x2="{x:.1f}" y1="{self.top}" y2="{self.y0}"/>'

    def horizontal(self, value: float, css: str) -> str:
        y = self.y(value)
        return f'<line class="{css}" x1="{self.x0}" x2="{self.x1}" y1="{y:.1f}" y2="{y:.1f}"/>'

    def x_ticks(self, values: Iterable[float] = TICKS, *, below: float = 16, sign: bool = False) -> str:
        shape = "{:+g}" if sign else "{:g}"
        return "".join(
            text(self.x(value), self.y0 + below, (shape if value else "{:g}").format(value).replace("-", "−"), "tick")
            for value in values
        )

    def y_ticks(self, values: Iterable[float]) -> str:
        marks = (
            self.horizontal(value, "grid") + text(self.x0 - 6, self.y(value) + 4, f"{value:g}", "tick end")
            for value in values
        )
        return "".join(marks)

    def svg(self, *parts: str, label: str, css: str = "") -> str:
        """The drawing; x0, x1 and the x range are there for dragging."""
        return (
            f'<svg class="lab-plot {css}" width="{self.width:g}" height="{self.height:g}" '
            f'viewBox="0 0 {self.width:g} {self.height:g}" role="group" aria-label="{escape(label, quote=True)}" '
            f'data-x0="{self.x0:.1f}" data-x1="{self.x1:.1f}" data-low="{self.x_range[0]:g}" '
            f'data-high="{self.x_range[1]:g}">{"".join(parts)}</svg>'
        )


def text(x: float, y: float, content: str, css: str) -> str:
    return f'<text class="{css}" x="{x:.1f}" y="{y:.1f}">{escape(content)}</text>'


def beside(plot: Plot, x: float) -> float:
    """Where the value of a point at x begins: at the axis, or right of the point where that is too near."""
    return plot.x0 + 4 if x > plot.x0 + 54 else x + 16


def data(action: dict) -> str:
    """An action as the value of an attribute."""
    return escape(json.dumps(action, separators=(",", ":")), quote=True)


def handle(
    x: float, y: float, action: dict, *, label: str, value: float | None, shape: str, css: str = "", decimals: int = 2
) -> str:
    """Something on the x axis that can be dragged, or moved with the arrow keys: a slider for assistive technology."""
    low, high = SCORE_RANGE
    step = (1, 0.1)[decimals] if decimals < 2 else KEY_STEP
    now = LOWEST if value is None else min(max(value, low), high)
    spoken = "not readable" if value is None else f"{value:.2f}"
    return (
        f'<g class="handle {css}" transform="translate({x:.1f} {y:.1f})" role="slider" tabindex="0" '
        f'aria-valuemin="{low:g}" aria-valuemax="{high:g}" aria-valuenow="{now:.2f}" aria-valuetext="{spoken}" '
        f'aria-label="{escape(label, quote=True)}" data-step="{step:g}" data-drag="{data(action)}">'
        f'<circle class="touch" r="13"/>{shape}</g>'
    )


def dot(number: int | str, css: str = "", radius: float = 9) -> str:
    """A filled circle with a number in it."""
    return f'<circle class="disc {css}" r="{radius:g}"/><text class="number" y="3.6">{number}</text>'


def button(action: dict, content: str, *, css: str = "", current: bool = False, label: str = "") -> str:
    """A button that asks for an action; `content` is HTML."""
    named = f' aria-label="{escape(label, quote=True)}"' if label else ""
    pressed = f' aria-pressed="{"true" if current else "false"}"'
    return f'<button type="button" class="{css}" data-act="{data(action)}"{pressed}{named}>{content}</button>'


def slider(name: str, label: str, value: float, low: float, high: float, step: float, digits: int = 2) -> str:
    """A labelled range input for a constant of the rewards or of the update."""
    return (
        f'<label class="lab-slider"><span>{escape(label)} <b>{value:.{digits}f}</b></span>'
        f'<input type="range" data-constant="{name}" min="{low:g}" max="{high:g}" step="{step:g}" '
        f'value="{value:g}" aria-label="{escape(label, quote=True)}"></label>'
    )


def math(key: str, title: str, lines: Iterable[tuple[str, Iterable[str]]]) -> str:
    """Attributes of a cell whose arithmetic can be shown: its key, and (who, lines) as JSON."""
    content = {"title": title, "sides": _once([(who, list(some)) for who, some in lines])}
    return f'data-cell="{key}" data-math="{escape(json.dumps(content, ensure_ascii=False), quote=True)}"'


def _once(sides: list[tuple[str, list[str]]]) -> list[tuple[str, list[str]]]:
    """Two sides that say the same are said once."""
    return [("Both", sides[0][1])] if len(sides) == 2 and sides[0][1] == sides[1][1] else sides

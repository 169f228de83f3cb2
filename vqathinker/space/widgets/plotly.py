"""How figures look that Python lays out for plotly: quiet, on the page's own ground, light or dark."""

from __future__ import annotations

QUIET_INK, GRID, CLEAR = "#7d838c", "rgba(125,131,140,0.24)", "rgba(0,0,0,0)"
"""Colours of words and lines on a light and on a dark page, as a figure has but one, and of the ground."""


def plotly_axis(**more: object) -> dict:
    return {"gridcolor": GRID, "zeroline": False, "automargin": True, **more}


def plotly_layout(name: str, height: float, margins: tuple[int, int, int, int], **more: object) -> dict:
    """A layout `height` pixels high, with margins left, right, above and below. What a visitor did to the figure of
    this name, such as zooming, stays when it is drawn anew."""
    return {
        "height": height,
        "margin": dict(zip("lrtb", margins, strict=True)),
        "uirevision": name,
        "paper_bgcolor": CLEAR,
        "plot_bgcolor": CLEAR,
        "font": {"color": QUIET_INK, "size": 11},
        **more,
    }

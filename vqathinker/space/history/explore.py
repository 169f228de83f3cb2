"""The curves of the three rewards, computed by vqathinker.rewards: for plotly, and as a table."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

TONES = ("#2f86c1", "#c9682c", "#8f6bb3")
"""Of the curves of a panel: to be told apart by everybody, in light and in dark."""
DASHES = ("solid", "dash", "dot")
QUIET, GRID = "#7d838c", "rgba(125,131,140,0.25)"
PEOPLE, ROW, GAP = 3.0, 190, 0.11
"""The MOS of the bell, pixels of a panel, and the share of the height between two."""

Curves = dict[str, tuple[Sequence[float], Sequence[float]]]


def panels() -> dict[str, tuple[str, Curves]]:
    """Title -> (what stands on its x axis, name -> x and y of a curve), computed anew."""
    import torch

    from ...rewards import RewardSpec, bell, fidelity, temporal_bonus

    spec = RewardSpec()
    answers, shares = torch.linspace(1, 5, 161), torch.linspace(0, 1, 101)
    near = bell(answers, PEOPLE, spec.sigma)
    # One video for each reward that an answer could have earned; its twin earned a little less, or a little more.
    ranking, less, more = shares[:, None], shares[:, None] - 0.01, shares[:, None] + 0.01

    def curve(x: torch.Tensor, y: torch.Tensor) -> tuple[list[float], list[float]]:
        return [round(value, 4) for value in x.tolist()], [round(value, 4) for value in y.flatten().tolist()]

    won, lost = (temporal_bonus(ranking, ranking, twin, twin, spec) for twin in (less, more))
    preferred = {"people prefer it": 1.0, "people see no difference": 0.5, "people prefer the other": 0.0}
    return {
        f"Regression: what an answer earns where people gave {PEOPLE:.2f}": ("answer", {
            "with two decimals": curve(answers, near),
            "with one decimal": curve(answers, near * spec.coarse_factor),
        }),
        "Ranking: what an answer earns against one other video": ("probability that it is the better one", {
            name: curve(shares, fidelity(shares, target, spec.smoothing)) for name, target in preferred.items()
        }),
        "Temporal bonus: what becomes of a reward": ("reward before the bonus", {
            "ranking, better in order": curve(shares, won[0]),
            "regression, better in order": curve(shares, won[1]),
            "not better in order": curve(shares, lost[0]),
        }),
    }  # fmt: skip


def explore_figure() -> dict:
    """{data, layout, config}: the panels one above another."""
    drawn = panels()
    data, layout = [], _layout(len(drawn))
    share = (1 - GAP * (len(drawn) - 1)) / len(drawn)
    for number, (title, (named, curves)) in enumerate(drawn.items()):
        top = 1 - number * (share + GAP)
        suffix = str(number + 1) if number else ""
        quiet = {"gridcolor": GRID, "zeroline": False, "automargin": True}
        layout[f"xaxis{suffix}"] = {**quiet, "anchor": f"y{suffix}", "title": {"text": named, "standoff": 4}}
        layout[f"yaxis{suffix}"] = {**quiet, "domain": [top - share, top], "rangemode": "tozero"}
        layout["annotations"].append(_heading(title, top))
        for place, (name, (x, y)) in enumerate(curves.items()):
            line = {"color": TONES[place], "dash": DASHES[place], "width": 2.4}
            data.append(
                {"x": x, "y": y, "xaxis": f"x{suffix}", "yaxis": f"y{suffix}", "name": name, "mode": "lines"}
                | {"line": line, "hovertemplate": f"%{{y:.3f}} {name}<extra></extra>"}
                | {"legend": f"legend{suffix}"}
            )
        layout[f"legend{suffix}"] = {"orientation": "h", "x": 0, "y": top, "yanchor": "bottom", "font": {"size": 10}}
    return {"data": data, "layout": layout, "config": {"displaylogo": False, "scrollZoom": False}}


def _layout(count: int) -> dict:
    return {
        "height": ROW * count + 80, "margin": {"l": 8, "r": 8, "t": 56, "b": 8}, "uirevision": "explore",
        "paper_bgcolor": "rgba(0,0,0,0)", "plot_bgcolor": "rgba(0,0,0,0)", "font": {"color": QUIET, "size": 11},
        "hovermode": "x unified", "annotations": [],
    }  # fmt: skip


def _heading(text: str, y: float) -> dict:
    place = {"x": 0, "y": y, "xref": "paper", "yref": "paper", "xanchor": "left", "yanchor": "bottom", "yshift": 20}
    return {"text": f"<b>{text}</b>", **place, "showarrow": False, "align": "left"}


def explore_csv() -> str:
    """Every point of every curve: panel, curve, x, y."""
    stream = io.StringIO()
    writer = csv.writer(stream)
    writer.writerow(["reward", "curve", "x", "y"])
    for title, (_, curves) in panels().items():
        for name, (xs, ys) in curves.items():
            writer.writerows([title, name, x, y] for x, y in zip(xs, ys, strict=True))
    return stream.getvalue()

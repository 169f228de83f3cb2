"""The curves of the three rewards, computed by vqathinker.rewards: for plotly, and as a table."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from ..widgets.plotly import CLEAR, QUIET_INK, plotly_axis, plotly_layout

CURVE_TONES = ("#2f86c1", "#c9682c", "#8f6bb3")
"""Of the curves of a reward: to be told apart by everybody, in light and in dark."""
EXPLORED_DASHES = ("solid", "dash", "dot")
EXPLORED_MOS, EXPLORED_HEIGHT = 3.0, 300
"""The MOS of the bell, and pixels of a figure."""

BUTTONS = ["toImage", "zoom2d", "pan2d", "zoomIn2d", "zoomOut2d", "resetScale2d"]
Curves = dict[str, tuple[Sequence[float], Sequence[float]]]


def explored_curves() -> dict[str, tuple[str, Curves]]:
    """Name of a reward -> (what stands on its x axis, name -> x and y of a curve), computed anew."""
    import torch

    from ...rewards import RewardSpec, bell, fidelity, temporal_bonus

    spec = RewardSpec()
    answers, shares = torch.linspace(1, 5, 161), torch.linspace(0, 1, 101)
    near = bell(answers, EXPLORED_MOS, spec.sigma)
    # One video for each reward that an answer could have earned; its twin earned a little less, or a little more.
    ranking, less, more = shares[:, None], shares[:, None] - 0.01, shares[:, None] + 0.01

    def curve(x: torch.Tensor, y: torch.Tensor) -> tuple[list[float], list[float]]:
        return [round(value, 4) for value in x.tolist()], [round(value, 4) for value in y.flatten().tolist()]

    won, lost = (temporal_bonus(ranking, ranking, twin, twin, spec) for twin in (less, more))
    preferred = {"people prefer it": 1.0, "people see no difference": 0.5, "people prefer the other": 0.0}
    return {
        "Regression": (f"answer, where people gave {EXPLORED_MOS:.2f}", {
            "with two decimals": curve(answers, near),
            "with one decimal": curve(answers, near * spec.coarse_factor),
        }),
        "Ranking": ("probability of being the better one", {
            name: curve(shares, fidelity(shares, target, spec.smoothing)) for name, target in preferred.items()
        }),
        "Temporal bonus": ("reward before the bonus", {
            "ranking, better in order": curve(shares, won[0]),
            "regression, better in order": curve(shares, won[1]),
            "not better in order": curve(shares, lost[0]),
        }),
    }  # fmt: skip


def explore_figures() -> list[dict]:
    """{data, layout, config} of each reward."""
    return [_figure(title, named, curves) for title, (named, curves) in explored_curves().items()]


def _figure(title: str, named: str, curves: Curves) -> dict:
    data = [
        {"x": x, "y": y, "name": name, "mode": "lines", "hovertemplate": f"%{{y:.3f}} {name}<extra></extra>",
         "line": {"color": tone, "dash": dash, "width": 2.4}}
        for (name, (x, y)), tone, dash in zip(curves.items(), CURVE_TONES, EXPLORED_DASHES, strict=False)
    ]  # fmt: skip
    layout = plotly_layout("explore", EXPLORED_HEIGHT, (8, 8, 44, 8)) | {
        "title": {"text": f"<b>{title}</b>", "x": 0, "xref": "paper", "font": {"size": 13}},
        "modebar": {"bgcolor": CLEAR, "color": QUIET_INK, "activecolor": CURVE_TONES[0]},
        "hovermode": "x unified", "legend": {"orientation": "h", "x": 0, "y": -0.28, "yanchor": "top"},
        "xaxis": plotly_axis(title={"text": named, "standoff": 4, "font": {"size": 11}}),
        "yaxis": plotly_axis(rangemode="tozero"),
    }  # fmt: skip
    return {"data": data, "layout": layout, "config": {"displaylogo": False, "modeBarButtons": [BUTTONS]}}


def explore_csv() -> str:
    """Every point of every curve: panel, curve, x, y."""
    stream = io.StringIO()
    writer = csv.writer(stream)
    writer.writerow(["reward", "curve", "x", "y"])
    for title, (_, curves) in explored_curves().items():
        for name, (xs, ys) in curves.items():
            writer.writerows([title, name, x, y] for x, y in zip(xs, ys, strict=True))
    return stream.getvalue()

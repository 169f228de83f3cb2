"""How the plots look: 800 pixels wide, one message in the title, colours that everybody can tell apart."""

from __future__ import annotations

from pathlib import Path

import matplotlib
import numpy as np

matplotlib.use("Agg")
from matplotlib import pyplot as plt  # noqa: E402
from matplotlib.axes import Axes  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402

BLUE, ORANGE, GREEN, PINK, SKY, RED, GREY = "#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#666666"
"""Okabe and Ito, Color Universal Design (2008)."""
SET_COLOURS = {"clive": BLUE, "biq": "#8a5fb0", "biq_test": "#8a5fb0", "avt": ORANGE, "pseudo": GREEN}
SET_NAMES = {
    "clive": "LIVE-Challenge",
    "biq": "BIQ2021",
    "biq_test": "BIQ2021 test",
    "avt": "AVT UHD",
    "pseudo": "degraded clips (pseudo-MOS)",
}
FIGURE_INCHES, DPI = 7.3, 110
STYLE = {
    "font.size": 9.5,
    "axes.titlesize": 10,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "grid.color": "#e4e4e4",
    "legend.frameon": False,
    "figure.facecolor": "white",
}

plt.rcParams.update(STYLE)


def panels(rows: int, columns: int, height: float, title: str, **options) -> tuple[Figure, np.ndarray]:
    """A figure of README width with a grid of axes (rows, columns)."""
    figure, axes = plt.subplots(
        rows, columns, figsize=(FIGURE_INCHES, height), squeeze=False, layout="constrained", **options
    )
    figure.suptitle(title, x=0.01, ha="left", fontsize=11.5, fontweight="bold")
    return figure, axes


def legend_below(figure: Figure, axes: np.ndarray) -> None:
    """One legend for all axes, under them, where it hides no data."""
    found = {
        label: handle for axis in axes.flat for handle, label in zip(*axis.get_legend_handles_labels(), strict=True)
    }
    figure.legend(found.values(), found.keys(), loc="outside lower center", ncols=min(4, len(found)), fontsize=8.5)


def legends_below(axes: np.ndarray) -> None:
    """A legend under each axis that has more than one line to name."""
    for axis in axes.flat:
        if len(axis.get_legend_handles_labels()[1]) > 1:
            axis.legend(loc="upper center", bbox_to_anchor=(0.5, -0.23), fontsize=8)


def save(figure: Figure, path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=DPI, bbox_inches="tight", pad_inches=0.06, metadata={"Software": None})
    plt.close(figure)
    return path


def smooth(values: np.ndarray, window: int) -> np.ndarray:
    """Mean of the last `window` values at each place, of fewer at the start."""
    sums = np.concatenate([[0.0], np.cumsum(values)])
    ends = np.arange(1, len(values) + 1)
    starts = np.maximum(0, ends - window)
    return (sums[ends] - sums[starts]) / (ends - starts)


def plot_smoothed(axis: Axes, x: list, y: list, colour: str, label: str = "", window: int | None = None) -> None:
    """A line, smoothed, over a faint one of what was measured."""
    x, y = np.asarray(x, float), np.asarray(y, float)
    kept = np.isfinite(y)
    x, y = x[kept], y[kept]
    window = window or max(1, len(y) // 25)
    if window > 1:
        axis.plot(x, y, color=colour, alpha=0.22, linewidth=0.8)
    axis.plot(x, smooth(y, window), color=colour, linewidth=1.7, label=label or None)


def intervals(
    axis: Axes, names: list[str], entries: list[dict], colour: str, label: str = "", shift: float = 0.0
) -> None:
    """A dot and its interval on a line of its own for each name, the first on top."""
    known = [(place, entry) for place, entry in enumerate(entries) if entry["value"] is not None]
    places = np.array([place for place, _ in known]) + shift
    values = np.array([entry["value"] for _, entry in known])
    bounds = [
        [entry[side] if entry[side] is not None else entry["value"] for _, entry in known] for side in ("low", "high")
    ]
    spans = np.maximum(0.0, np.abs(np.array(bounds) - values))
    axis.errorbar(values, places, xerr=spans, fmt="o", color=colour, markersize=5, capsize=2.5, label=label or None)
    axis.set_yticks(range(len(names)), names)
    axis.set_ylim(len(names) - 0.4, -0.6)

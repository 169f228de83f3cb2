"""Plots of what was measured: agreement, order, preference, calibration, defects, and the ablation."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from .plots_style import BLUE, GREEN, GREY, ORANGE, SET_COLOURS, SET_NAMES, intervals, legend_below, panels

GOALS = {"order": 0.95, "preference": 0.90, "preference_mode": 0.80, "macro_f1": 0.75}
"""What the project set out to reach; drawn as a line."""
BOUGHT = {
    "reward_human": "reward, human MOS",
    "srcc_clive_expected": "SRCC LIVE-Challenge",
    "srcc_pseudo_expected": "SRCC degraded clips",
    "order_expected": "order in ladders",
    "preference_expected": "ordered preferred",
    "well_formed": "well-formed",
}


def plot_goal(axis, value: float) -> None:
    axis.axvline(value, color=GREY, linestyle="--", linewidth=1, label=f"goal {value:g}")


def plot_scatter(result: dict, predictions: list[dict]) -> Figure | None:
    """Predicted against MOS for each set."""
    known = [line for line in predictions if "mos" in line and "score" in line]
    names = [name for name in SET_NAMES if any(line["set"] == name for line in known)]
    if not names:
        return None
    figure, axes = panels(1, len(names), 2.8, "Score of the model against the label", sharex=True, sharey=True)
    for axis, name in zip(axes[0], names, strict=True):
        lines = [line for line in known if line["set"] == name]
        axis.plot([1, 5], [1, 5], color=GREY, linewidth=0.8)
        mos, score = [line["mos"] for line in lines], [line["score"] for line in lines]
        axis.scatter(mos, score, s=9, color=SET_COLOURS[name], alpha=0.5, linewidths=0)
        srcc = result["sets"][name]["score"]["srcc"]["value"] if "sets" in result else None
        label = "pseudo-MOS" if name == "pseudo" else "human MOS"
        told = "" if srcc is None else f"\nSRCC {srcc:.3f}, n = {len(lines)}"
        axis.set(title=SET_NAMES[name].split(" (")[0] + told, xlabel=label, xlim=(1, 5), ylim=(1, 5), aspect="equal")
    axes[0, 0].set_ylabel("score")
    return figure


def plot_order(result: dict) -> Figure | None:
    """Order within families."""
    if "order" not in result or not result["order"]["families"]:
        return None
    score, greedy = ({"all": r["all"], **r["families"]} for r in (result["order"], result["order_greedy"]))
    names = sorted(score, key=lambda name: (name != "all", -(score[name]["value"] or 0)))
    title = "Is the stronger degradation of two rated lower?"
    figure, axes = panels(1, 1, 0.24 * len(names) + 1.3, title)
    axis = axes[0, 0]
    plot_goal(axis, GOALS["order"])
    intervals(axis, names, [score[name] for name in names], BLUE, "by score", -0.13)
    intervals(axis, names, [greedy[name] for name in names], ORANGE, "by greedy number (ties are wrong)", 0.13)
    axis.set(xlabel="share of pairs in order, 95% interval", xlim=(0, 1.02))
    legend_below(figure, axes)
    return figure


def plot_preference(result: dict) -> Figure | None:
    """The ordered clip against each of its perturbations."""
    if "preference" not in result:
        return None
    found = result["preference"]
    expected, score = ({"all six": found[kind]["all"], **found[kind]["modes"]} for kind in ("expected", "score"))
    names = [name.replace("_", " ") for name in expected]
    figure, axes = panels(
        1, 1, 2.9, f"Is the clip in order preferred? {found['clips']} clips, {found['contents']} contents"
    )
    axis = axes[0, 0]
    plot_goal(axis, GOALS["preference_mode"])
    axis.axvline(0.5, color=GREY, linewidth=0.8, linestyle=":")
    intervals(axis, names, list(expected.values()), BLUE, "by expected", -0.13)
    intervals(axis, names, list(score.values()), ORANGE, "by score (ties are wrong)", 0.13)
    axis.set(xlabel="share of clips rated higher in order than perturbed, 95% interval", xlim=(0, 1.02))
    legend_below(figure, axes)
    return figure


def plot_calibration(result: dict) -> Figure | None:
    """Error against spread, for people's scores and for pseudo-labels."""
    sets = result.get("calibration", {}).get("sets", {})
    shown = {"human": ("people's scores", BLUE), "pseudo": ("pseudo-labels", GREEN)}
    shown = {name: told for name, told in shown.items() if name in sets and sets[name]["bins"]}
    if not shown:
        return None
    figure, axes = panels(1, 2, 2.9, "Does the spread of the sampled answers tell how wrong they are?")
    for name, (label, colour) in shown.items():
        bins = sets[name]["bins"]
        spread, error = (np.array([entry[key] for entry in bins]) for key in ("spread", "error"))
        spans = np.abs(np.array([[entry[side] for entry in bins] for side in ("low", "high")]) - error)
        axes[0, 0].errorbar(spread, error, yerr=spans, fmt="o-", color=colour, capsize=2.5, markersize=4, label=label)
        coverage = list(sets[name]["coverage"].values())
        normal, value = ([entry[key] for entry in coverage] for key in ("normal", "value"))
        axes[0, 1].plot([0, *normal], [0, *value], "o-", color=colour, markersize=4, label=label)
    top = max(axes[0, 0].get_xlim()[1], 0.1)
    axes[0, 0].plot(
        [0, top], [0, top * np.sqrt(2 / np.pi)], color=GREY, linewidth=0.9, label="normal errors of that spread"
    )
    axes[0, 0].set(xlabel="spread (bins of equal size)", ylabel="mean error", xlim=(0, top), ylim=(0, None))
    axes[0, 0].set_title("larger spread, larger error?")
    axes[0, 1].plot([0, 1], [0, 1], color=GREY, linewidth=0.9)
    axes[0, 1].set(xlabel="share expected within z spreads", ylabel="share found", xlim=(0, 1), ylim=(0, 1))
    axes[0, 1].set_title("below the line: too sure of itself")
    legend_below(figure, axes)
    return figure


def plot_defects(result: dict) -> Figure | None:
    """F1 of each named defect."""
    each = result.get("defects", {}).get("each", {})
    if not each:
        return None
    names = sorted(each, key=lambda name: -each[name]["f1"])
    macro = result["defects"]["macro_f1"]["value"]
    figure, axes = panels(1, 1, 0.24 * len(names) + 1.3, f"Defects that the words name: macro-F1 {macro:.3f}")
    axis, places = axes[0, 0], np.arange(len(names))
    axis.barh(places, [each[name]["f1"] for name in names], color=BLUE, height=0.62)
    for place, name in zip(places, names, strict=True):
        told = f"precision {each[name]['precision']:.2f}, recall {each[name]['recall']:.2f}"
        inside = each[name]["f1"] > 0.42
        start, colour = (0.012, "white") if inside else (each[name]["f1"] + 0.012, "black")
        axis.text(start, place, told, va="center", color=colour, fontsize=7.5)
    plot_goal(axis, GOALS["macro_f1"])
    axis.set_yticks(places, [f"{name.replace('_', ' ')} ({each[name]['samples']})" for name in names])
    axis.set(xlabel="F1 (in brackets: samples that have it)", xlim=(0, 1), ylim=(len(names) - 0.4, -0.6))
    legend_below(figure, axes)
    return figure


def plot_ablation(study: dict) -> Figure | None:
    """What each reward buys."""
    kinds = [kind for kind, entry in study.get("ablation", {}).items() if entry["seeds"]]
    keys = [
        key for key in BOUGHT if kinds and any(study["ablation"][k]["metrics"][key]["value"] is not None for k in kinds)
    ]
    if not keys:
        return None
    columns = 3
    lines = -(-len(keys) // columns)
    title = "What each reward buys: the full recipe minus the recipe without it"
    figure, axes = panels(lines, columns, (0.25 * len(kinds) + 0.95) * lines + 0.3, title, sharey=True)
    for axis, key in zip(axes.flat, keys, strict=False):
        axis.axvline(0, color=GREY, linewidth=0.9)
        intervals(
            axis, [k.removeprefix("no-") for k in kinds], [study["ablation"][k]["metrics"][key] for k in kinds], BLUE
        )
        axis.set_title(BOUGHT[key])
    for axis in axes.flat[len(keys) :]:
        axis.set_visible(False)
    return figure

"""Plots of the logs: the supervised stages and GRPO."""

from __future__ import annotations

from itertools import cycle

from matplotlib.figure import Figure

from vqathinker.rating.defects import DEFECTS
from vqathinker.rewards import REWARDS

from .plots_style import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PINK,
    RED,
    SET_COLOURS,
    SET_NAMES,
    SKY,
    legends_below,
    panels,
    plot_smoothed,
)

STAGE_TITLES = {
    "vision": "vision: tower and motion",
    "motion": "motion: bursts alone",
    "language": "language: words and score",
}
LINE_COLOURS = (SKY, BLUE, ORANGE, PINK, GREEN, GREY)
HEALTH_PANELS = {
    "kl": "KL to the start",
    "spread": "spread of scores in a group",
    "completions/mean_length": "tokens in an answer",
    "frac_reward_zero_std": "groups without a gradient",
    "completions/clipped_ratio": "answers cut at the limit",
    "grad_norm": "gradient norm",
}


def series(rows: list[dict], key: str) -> tuple[list, list]:
    """Steps and values of a key where it was logged."""
    found = [(row["step"], row[key]) for row in rows if row.get(key) is not None]
    return [step for step, _ in found], [value for _, value in found]


def validation_rows(rows: list[dict]) -> list[dict]:
    """The validation of every row that has one, with its step."""
    return [{"step": row["step"], **row["validation"]} for row in rows if row.get("validation")]


def plot_losses(log: list[dict]) -> Figure | None:
    """Loss of each supervised stage."""
    stages = [stage for stage in STAGE_TITLES if any(row.get("stage") == stage for row in log)]
    if not stages:
        return None
    figure, axes = panels(1, len(stages), 2.4, "Supervised start: the loss of each stage")
    for axis, stage in zip(axes[0], stages, strict=True):
        plot_smoothed(axis, *series([row for row in log if row.get("stage") == stage], "loss"), BLUE)
        axis.set(title=STAGE_TITLES[stage], xlabel="step", ylim=(0, None))
    axes[0, 0].set_ylabel("loss")
    return figure


def plot_learned(log: list[dict]) -> Figure | None:
    """Validation of the supervised stages: agreement with MOS, and F1 of defects."""
    stages = [
        stage for stage in STAGE_TITLES if any(row.get("stage") == stage and row.get("validation") for row in log)
    ]
    if not stages:
        return None
    figure, axes = panels(1, len(stages), 3.7, "Supervised start: what is learned on validation contents", sharey=True)
    for axis, stage in zip(axes[0], stages, strict=True):
        rows = validation_rows([row for row in log if row.get("stage") == stage])
        for name, colour in SET_COLOURS.items():
            if series(rows, f"{name}_srcc")[0]:
                label = f"SRCC {SET_NAMES[name].split(' (')[0]}"
                axis.plot(*series(rows, f"{name}_srcc"), "o-", color=colour, markersize=3.5, label=label)
        defects = [key for key in DEFECTS if series(rows, key)[0]]
        for key, colour in [("macro_f1", PINK), *zip(defects, (SKY, RED, GREY, BLUE, GREEN), strict=False)]:
            if series(rows, key)[0]:
                label = "macro-F1 of the defects" if key == "macro_f1" else f"F1 {key.replace('_', ' ')}"
                axis.plot(*series(rows, key), "s--", color=colour, markersize=3.5, label=label)
        axis.set(title=STAGE_TITLES[stage], xlabel="step", ylim=(0, 1))
    legends_below(axes)
    return figure


def plot_rewards(log: list[dict]) -> Figure | None:
    """Rewards by part, and their sum."""
    if not series(log, "reward")[0]:
        return None
    figure, axes = panels(1, 3, 2.9, "GRPO: what the sampled answers earn in training")
    for colour, (key, reward) in zip(cycle(LINE_COLOURS), REWARDS.items(), strict=False):
        if series(log, key)[0]:
            plot_smoothed(axes[0, 0], *series(log, key), colour, reward.title.lower())
    axes[0, 0].set_ylabel("mean reward")
    plot_smoothed(axes[0, 1], *series(log, "bonus"), GREEN, "temporal bonus")
    plot_smoothed(axes[0, 2], *series(log, "reward"), RED, "total")
    for axis, title in zip(axes[0], ("by reward", "temporal bonus", "total"), strict=True):
        axis.set(title=title, xlabel="step")
    legends_below(axes)
    return figure


def plot_health(log: list[dict]) -> Figure | None:
    """What tells whether a run is well."""
    known = [key for key in HEALTH_PANELS if len(series(log, key)[0]) > 1]
    if not known:
        return None
    figure, axes = panels(-(-len(known) // 3), 3, 1.9 * -(-len(known) // 3) + 0.4, "GRPO: is the run healthy?")
    for axis, key in zip(axes.flat, known, strict=False):
        plot_smoothed(axis, *series(log, key), GREY if key == "grad_norm" else BLUE)
        axis.set(title=HEALTH_PANELS[key], ylim=(0, None))
    for axis in axes.flat[len(known) :]:
        axis.set_visible(False)
    for axis in axes[-1]:
        axis.set_xlabel("step")
    return figure


def plot_grpo_validation(log: list[dict]) -> Figure | None:
    """Validation of a GRPO run; the first row is the supervised start."""
    rows = validation_rows(log)
    if len(rows) < 2:
        return None
    figure, axes = panels(1, 3, 3.1, "GRPO on validation contents; dotted: its supervised start")
    for name, colour in SET_COLOURS.items():
        plot_validations(axes[0, 0], rows, f"{name}_expected_srcc", colour, SET_NAMES[name].split(" (")[0])
    axes[0, 0].set(title="SRCC of expected")
    plot_validations(axes[0, 1], rows, "reward", BLUE, "mean reward")
    axes[0, 1].set(title="reward of sampled answers")
    for key, colour, name in (
        ("ordered_by_expected", BLUE, "by expected"),
        ("ordered_by_mean", ORANGE, "by mean of sampled"),
        ("ordered_by_regression", RED, "by regression reward"),
    ):
        plot_validations(axes[0, 2], rows, key, colour, name)
    axes[0, 2].set(title="ordered clip preferred")
    for axis in axes[0]:
        axis.set_xlabel("step")
    legends_below(axes)
    return figure


def plot_validations(axis, rows: list[dict], key: str, colour: str, label: str) -> None:
    """A line over the validations, and a dotted one at the height of the first."""
    steps, values = series(rows, key)
    if not steps:
        return
    axis.plot(steps, values, "o-", color=colour, markersize=3.5, label=label)
    axis.axhline(values[0], color=colour, linestyle=":", linewidth=1.2)

"""The curves of a run as plotly draws them: plain JSON, whose colours are names that the page's script looks up.

`tone` is such a name in the place of a colour. The x axis of every figure is the step of GRPO, where the script marks
the step of the slider; stages before GRPO have axes of their own.
"""

from __future__ import annotations

from collections.abc import Sequence

from .curves import CHECKED, HEALTH_TITLES, SET_TITLES, reward_titles, running_mean, smoothing_window
from .log import LogRow, StageLog, Story

REWARD_TONES = {"reward": "own", "format": "clive", "regression": "biq", "ranking": "avt", "bonus": "pseudo"}
OTHER_TONE = "avt"
SYMBOLS = {"clive": "circle", "biq": "square", "avt": "diamond", "pseudo": "triangle-up", "own": "circle"}
SET_DASHES = {"clive": "solid", "biq": "dash", "avt": "dot", "pseudo": "dashdot", "own": "solid"}
ROW_GAP, LOW_PART, LEAST_SPAN = 0.16, 0.04, 0.1
"""Share of the height between rows, share of the steps that stays free around them, and what a row of rewards shows at
least."""
STAGE_WIDTH, STAGE_GAP = 0.15, 0.06
"""Shares of the width of a stage before GRPO, and of the room after it."""


def figures(story: Story) -> dict[str, dict]:
    """Key -> {title, told, data, layout} of what was logged; `told` is for who cannot see it."""
    made = {
        "earned": rewards_figure(story),
        "checked": agreement_figure(story),
        "kept": kept_figure(story),
        "health": health_figure(story),
    }
    return {key: figure for key, figure in made.items() if figure["data"]}


def rewards_figure(story: Story) -> dict:
    """Rewards of every step: the total above its parts, single steps as dots, running means as lines."""
    data, told = [], []
    for key, title in reward_titles(story).items():
        axis = "y2" if key == "reward" else "y"
        data += steps_of(story, key, title, REWARD_TONES.get(key, OTHER_TONE), axis, dots=key == "reward")
        told.append(told_steps(story, key, title))
    rows = {"y": "Its parts", "y2": "Total"} if any(one["yaxis"] == "y" for one in data) else {"y2": "Total"}
    return figure("What its sampled answers earned", told, data, rows, story, heights=(0.55, 0.45))


def health_figure(story: Story) -> dict:
    """KL, length and spread, one above another."""
    shown = {key: title for key, title in HEALTH_TITLES.items() if known(story, key)}
    data, told = [], []
    for number, (key, title) in enumerate(shown.items()):
        data += steps_of(story, key, title, tuple(SYMBOLS)[number], axis_name(number), dots=True)
        told.append(told_steps(story, key, title))
    rows = {axis_name(number): title for number, title in enumerate(shown.values())}
    return figure("How its answers changed", told, data, rows, story)


def kept_figure(story: Story) -> dict:
    """Validations: the reward of the sampled answers, and the clips preferred in order."""
    titles = dict(zip(CHECKED, ("Mean reward", "Preferred in order"), strict=True))
    shown = {name.removeprefix("checked-"): title for name, title in titles.items()}
    shown = {key: title for key, title in shown.items() if any(row.get(key) is not None for row in story.validation)}
    data, told = [], []
    for number, (key, title) in enumerate(shown.items()):
        data.append(validation_trace(story.validation, key, title, ("own", "avt")[number], yaxis=axis_name(number)))
        told.append(told_checks(story.validation, key, title))
    rows = {axis_name(number): title for number, title in enumerate(shown.values())}
    made = figure("Rewards on videos it was not trained on", told, data, rows, story)
    for number, key in enumerate(shown):
        values = [row[key] for row in story.validation if row.get(key) is not None]
        made["layout"][f"yaxis{axis_name(number)[1:]}"]["range"] = axis_range(values)
    return made


def axis_range(values: Sequence[float]) -> list[float]:
    """A range of `LEAST_SPAN` at least: a step of one clip in fifty must not look like a fall."""
    middle, half = (min(values) + max(values)) / 2, max((max(values) - min(values)) * 0.6, LEAST_SPAN / 2)
    return [middle - half, middle + half]


def agreement_figure(story: Story) -> dict:
    """SRCC of the written score with MOS: the supervised stages on axes of their own, then GRPO."""
    stages = scored_stages(story)
    data, told = [], []
    for name, title in SET_TITLES.items():
        if any(row.get(f"{name}_greedy_srcc") is not None for row in story.validation):
            data.append(validation_trace(story.validation, f"{name}_greedy_srcc", title, name))
            told.append(told_checks(story.validation, f"{name}_greedy_srcc", f"{title} in GRPO"))
        for number, stage in enumerate(stages):
            if any(row.get(f"{name}_srcc") is not None for row in stage.validation):
                row = validation_trace(stage.validation, f"{name}_srcc", title, name, xaxis=f"x{number + 2}")
                data.append(row | {"showlegend": False, "meta": stage.name})
    made = figure("Agreement with people (SRCC)", told, data, {"y": ""}, story)
    made["layout"]["yaxis"] |= {"anchor": "free", "position": 0}
    made["layout"] |= stage_axes(stages, story)
    return made


def scored_stages(story: Story) -> list[StageLog]:
    """The stages before GRPO whose scores were measured."""
    keys = [f"{name}_srcc" for name in SET_TITLES]
    return [s for s in story.stages if any(row.get(key) is not None for row in s.validation for key in keys)]


def stage_axes(stages: Sequence[StageLog], story: Story) -> dict:
    """The x axes of the stages before GRPO, wide enough for their names on a phone, and the names of all above them."""
    whole = STAGE_WIDTH + STAGE_GAP
    begin = len(stages) * whole
    places = [(k * whole, k * whole + STAGE_WIDTH) for k in range(len(stages))]
    axes = {
        f"xaxis{k + 2}": {"domain": list(place), "anchor": "y", "tickvals": [stage_end(stage)]}
        | {"range": [-0.12 * stage_end(stage), 1.12 * stage_end(stage)]}
        for k, (stage, place) in enumerate(zip(stages, places, strict=True))
    }
    named = [*zip((stage.name for stage in stages), (place[0] for place in places), strict=True), ("GRPO", begin)]
    labels = [label(name, x, 1) for name, x in named]
    return axes | {"xaxis": step_axis(story) | {"domain": [begin, 1], "anchor": "y"}, "annotations": labels}


def label(text: str, x: float, y: float) -> dict:
    """A name that stands on a place of the paper, from (0, 0) to (1, 1)."""
    place = {"x": x, "y": y, "xref": "paper", "yref": "paper", "xanchor": "left", "yanchor": "bottom"}
    return {"text": text, **place, "showarrow": False}


def stage_end(stage: StageLog) -> float:
    return stage.validation[-1]["step"] or 1


def figure(
    title: str,
    told: Sequence[str],
    data: list[dict],
    rows: dict[str, str],
    story: Story,
    heights: Sequence[float] = (),
) -> dict:
    """Traces with the axes of their rows, from the lowest up; the share of each row is even where none is given."""
    shares = heights if len(heights) == len(rows) else [1 / len(rows)] * len(rows) if rows else []
    layout: dict = {"xaxis": step_axis(story) | {"anchor": "y"}, "annotations": []}
    bottom = 0.0
    for (axis, name), share in zip(rows.items(), shares, strict=True):
        top = bottom + share
        domain = [bottom, min(1.0, top - (ROW_GAP if top < 0.999 else 0))]
        layout[f"yaxis{axis[1:]}"] = {"domain": domain, "nticks": 4}
        layout["annotations"].append(label(name, 0, domain[1]))
        bottom = top
    return {"title": title, "told": ". ".join(one for one in told if one), "data": data, "layout": layout}


SWATCHES = {"solid": "", "dash": "6 4", "dot": "2 3", "dashdot": "7 3 2 3"}
"""How a line is dashed, for plotly and for SVG."""


def swatch(tone: str) -> str:
    """A piece of a curve, for a legend."""
    dashes = f' stroke-dasharray="{SWATCHES[SET_DASHES[tone]]}"' if SWATCHES[SET_DASHES[tone]] else ""
    line = f'<line x1="1" x2="25" y1="5" y2="5" style="stroke:var(--tone-{tone})"{dashes}></line>'
    return f'<svg width="26" height="10" viewBox="0 0 26 10" aria-hidden="true">{line}</svg>'


def step_axis(story: Story) -> dict:
    return {"range": [-LOW_PART * story.last, (1 + LOW_PART) * story.last], "nticks": 6}


def axis_name(number: int) -> str:
    return "y" if number == 0 else f"y{number + 1}"


def known(story: Story, key: str) -> list[float]:
    return [value for value in story.columns.get(key, ()) if value is not None]


def steps_of(story: Story, key: str, title: str, tone: str, axis: str, dots: bool) -> list[dict]:
    """A column over the steps: its running mean as a line, with `dots` the single steps, too; nothing without one."""
    if not known(story, key):
        return []
    values = story.columns[key]
    base = {"x": list(story.steps), "yaxis": axis, "tone": tone, "legendgroup": key}
    smooth = [None if mean is None else round(mean, 4) for mean in running_mean(values, smoothing_window(len(values)))]
    line = {"mode": "lines", "line": {"width": 2.4, "dash": SET_DASHES[tone]}, "hovertemplate": "%{y:.3f}"}
    single = {"mode": "markers", "marker": {"size": 4}, "opacity": 0.45, "hovertemplate": "%{y:.3f}"}
    quiet = {"name": f"{title}, single steps", "showlegend": False}
    rows = [base | {"y": list(values), **single, **quiet}] if dots else []
    return [*rows, base | {"y": smooth, "name": title, **line}]


def validation_trace(
    rows: Sequence[LogRow], key: str, title: str, tone: str, xaxis: str = "x", yaxis: str = "y"
) -> dict:
    """A figure of every validation that has it, as marks on a line."""
    some = [row for row in rows if row.get(key) is not None]
    group = key.removesuffix("_srcc").removesuffix("_greedy")
    return {
        "x": [row["step"] for row in some], "y": [row[key] for row in some], "name": title, "tone": tone,
        "legendgroup": group, "mode": "lines+markers", "xaxis": xaxis, "yaxis": yaxis,
        "line": {"width": 2, "dash": SET_DASHES[tone]}, "marker": {"size": 8, "symbol": SYMBOLS[tone]},
        "hovertemplate": "%{y:.3f}",
    }  # fmt: skip


def told_steps(story: Story, key: str, title: str) -> str:
    """ "Total reward: running mean from 2.51 to 2.74 over 80 steps" """
    if not known(story, key):
        return ""
    means = [mean for mean in running_mean(story.columns[key], smoothing_window(len(story.steps))) if mean is not None]
    return f"{title}: running mean from {means[0]:.3g} to {means[-1]:.3g} over {story.steps[-1]} steps"


def told_checks(rows: Sequence[LogRow], key: str, title: str) -> str:
    """ "Mean reward: 2.48 at step 0, 2.61 at step 20" """
    some = [f"{row[key]:.3g} at step {row['step']}" for row in rows if row.get(key) is not None]
    return f"{title}: {', '.join(some)}" if some else ""

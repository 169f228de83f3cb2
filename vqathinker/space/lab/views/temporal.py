"""The temporal bonus: the same clip in order and shuffled, two gates, two thresholds."""

from __future__ import annotations

from html import escape

from ....rewards.notation import num
from ..experiment.explain import bonus_of, reward_title, trace_of_bonus
from ..experiment.numbers import Numbers, differ
from ..experiment.state import CONSTANTS, LabState
from . import svg

BAR_LABEL_PX = 76


def view(numbers: Numbers, width: float) -> str:
    if numbers.hidden:
        return f"{BONUS_HIDDEN}{_sliders(numbers.state)}"
    each = svg.column_width(width)
    gates = "".join(
        f'<div class="lab-panel"><h4>{reward_title(name)}</h4>'
        f"{gate_bars(numbers, name, each)}{bonus_strip(numbers, name, each)}</div>"
        for name in numbers.repaired.paid
    )
    return f'<div class="lab-pair">{gates}</div>{_sliders(numbers.state)}{bonus_table(numbers)}'


BONUS_HIDDEN = (
    '<p class="lab-quietly">Compare the two groups of each video on the stage. The means that decide, the bonus of '
    "each answer and the table are here once you have guessed.</p>"
)


def _sliders(state: LabState) -> str:
    labels = {
        "bonus": "bonus",
        "ranking_gate": "ranking threshold",
        "regression_gate": "bell threshold",
    }
    sliders = "".join(
        svg.slider(name, label, getattr(state, name), *CONSTANTS[name], 0.01) for name, label in labels.items()
    )
    return f'<div class="lab-controls">{sliders}</div>'


def gate_bars(numbers: Numbers, name: str, width: float) -> str:
    """The means that decide, as bars, under both specs."""
    rows = []
    for (title, side), css in zip(numbers.sides, ("repaired", "released"), strict=True):
        if side is None:
            rows.append(f'<div class="lab-gate"><b class="{css}">{title}</b> divides by zero with one video</div>')
            continue
        decided, i = trace_of_bonus(side, name), numbers.state.video
        first, second, opened = float(decided.ordered[i]), float(decided.perturbed[i]), bool(decided.opened[i])
        scope = "" if side.spec.gate_per_video else ", all videos together"
        rows.append(
            f'<div class="lab-gate {"open" if opened else "closed"}"><b class="{css}">{title}{scope}</b>'
            f'<span class="verdict">gate {"open" if opened else "closed"}</span>'
            f"{bars(numbers.state.video, first, second, width)}</div>"
        )
    return "".join(rows)


def bars(i: int, first: float, second: float, width: float) -> str:
    plot = svg.Plot(width, 40, x_range=(0, 1.05), left=BAR_LABEL_PX, right=52, top=0, bottom=0)

    def bar(y: float, value: float, label: str, css: str) -> str:
        length = max(plot.x(value) - plot.x0, 1)
        return (
            svg.text(0, y + 11, label, "name")
            + f'<rect class="bar {css}" x="{plot.x0}" y="{y}" width="{length:.1f}" height="13" rx="2"/>'
            + svg.text(plot.x(value) + 6, y + 11, num(value), "value")
        )

    content = bar(2, first, "in order", f"v{i}") + bar(21, second, "shuffled", f"v{i} twin")
    return plot.svg(content, label=f"Mean reward in order {num(first)}, shuffled {num(second)}")


def bonus_strip(numbers: Numbers, name: str, width: float) -> str:
    """Every answer's reward before and after the bonus, with the threshold."""
    state, side = numbers.state, numbers.repaired
    top = 1.1 + state.bonus
    plot = svg.Plot(width, 26 + 22 * state.answers + 24, x_range=(0, top), left=26, right=16, top=18, bottom=24)
    threshold = trace_of_bonus(side, name).gate.threshold
    parts = [plot.x_ticks([x / 10 for x in range(0, int(top * 10) + 1, 5)]), plot.vertical(threshold, "threshold")]
    parts.append(svg.text(plot.x(threshold), 12, f"threshold {threshold:g}", "tick"))
    for j in range(state.answers):
        y = 30 + 22 * j
        start = float(side.ordered.parts[name][state.video, j])
        gain = bonus_of(side, state.video, j, name)
        x, end = plot.x(start), plot.x(start + gain)
        parts.append(f'<line class="lane" x1="{plot.x0}" x2="{plot.x1}" y1="{y}" y2="{y}"/>')
        parts.append(svg.text(plot.x0 - 8, y + 4, str(j + 1), "tick end"))
        if gain > 0:
            parts.append(f'<path class="gain v{state.video}" d="M{x:.1f} {y}H{end - 8:.1f}m-4.5 -4l4.5 4l-4.5 4"/>')
            parts.append(f'<circle class="ring v{state.video}" cx="{x:.1f}" cy="{y}" r="4.5"/>')
        parts.append(f'<circle class="disc v{state.video}" cx="{end:.1f}" cy="{y}" r="5.5"/>')
    return plot.svg(*parts, label=f"{reward_title(name)} rewards before and after the bonus")


def bonus_table(numbers: Numbers) -> str:
    """Who gets the bonus, under both specs."""
    state = numbers.state
    head = "".join(
        f'<th scope="col" class="roomy">{title}</th><th scope="col">{title} bonus</th>'
        '<th scope="col" class="released">released</th>'
        for title in map(reward_title, numbers.repaired.paid)
    )
    rows = []
    for j in range(state.answers):
        cells = "".join(_cells(numbers, j, name) for name in numbers.repaired.paid)
        name = f"{escape(state.chosen.name)}{j + 1}"
        rows.append(
            f'<tr class="{"chosen" if j == state.answer else ""}">'
            f'<th scope="row" class="v{state.video}">{name}</th>{cells}</tr>'
        )
    return (
        '<div class="lab-scroll"><table class="lab-table" data-grid><caption>Who gets the bonus</caption>'
        f"<thead><tr><th></th>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def _cells(numbers: Numbers, j: int, name: str) -> str:
    i, side, other = numbers.state.video, numbers.repaired, numbers.released
    lines = [(who, trace_of_bonus(one, name).explain(i, j, name)) for who, one in numbers.sides if one]
    title = f"{reward_title(name)} bonus of {numbers.state.chosen.name}{j + 1}"
    gain = bonus_of(side, i, j, name)
    released = 0.0 if other is None else bonus_of(other, i, j, name)
    return (
        f'<td class="roomy">{num(trace_of_bonus(side, name).gate.compared[i, j])}</td>'
        f'<td class="cell" {svg.math(f"bonus-{name}-{j}", title, lines)}><b>{_paid(gain)}</b></td>'
        f'<td class="released{" differs" if differ(gain, released) else ""}">{_paid(released)}</td>'
    )


def _paid(gain: float) -> str:
    return f"+{gain:.2f}" if gain > 0 else "0"

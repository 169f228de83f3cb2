"""The bell: every answer that could be written in this form, and what it earns, repaired and as released."""

from __future__ import annotations

from html import escape

import torch

from ....answer import compose
from ....rewards import RewardSpec, bell, read_answer, regression_reward
from ....rewards.notation import num, plain
from ..experiment.explain import reward_lines, score_of
from ..experiment.numbers import Numbers, answer_text, decimals_written, differ, group, position, specs
from ..experiment.state import CONSTANTS, HIGHEST, LOWEST, LabState
from . import svg

BELL_HEIGHT = 250
FINEST = 2
SPEC_TITLES = {"repaired": "Repaired", "released": "As released"}


def view(numbers: Numbers, width: float) -> str:
    each = svg.column_width(width)
    panels = "".join(
        f'<div class="lab-panel"><h4 class="{css}">{SPEC_TITLES[css]}</h4>{bell_chart(numbers, spec, css, each)}</div>'
        for css, spec in zip(SPEC_TITLES, specs(numbers.state), strict=True)
    )
    low, high = CONSTANTS["sigma"]
    sigma = svg.slider("sigma", "σ of the bell", numbers.state.sigma, low, high, 0.01)
    below = "" if numbers.hidden else bell_table(numbers)
    return f'<div class="lab-pair">{panels}</div><div class="lab-controls">{sigma}{score_forms(numbers)}</div>{below}'


def score_forms(numbers: Numbers) -> str:
    """The chosen score, written otherwise."""
    state = numbers.state
    text = group(state)[state.answer]
    value = position(text)
    base = min(max(state.chosen.mos if value is None else value, LOWEST), HIGHEST)
    near = (
        f"{min(max(base - 0.03, LOWEST), HIGHEST):.2f}" if abs(base * 10 - round(base * 10)) < 1e-6 else f"{base:.2f}"
    )
    options = [f"{base:.0f}", f"{base:.1f}", f"{round(base, 1):.2f}", near, "fair"]
    now = answer_text(text)
    buttons = "".join(
        svg.button({"kind": "number", "number": option}, escape(option), css="lab-form", current=option == now)
        for option in dict.fromkeys(options)
    )
    label = 'role="group" aria-label="How the score is written"'
    return f'<div class="lab-forms" {label}><span>Write it as</span>{buttons}</div>'


def bell_chart(numbers: Numbers, spec: RewardSpec, css: str, width: float) -> str:
    state = numbers.state
    plot = svg.Plot(width, BELL_HEIGHT, y_range=(0, 1.06), bottom=44, left=32)
    mos, decimals = state.chosen.mos, min(decimals_written(group(state)[state.answer]), FINEST)
    xs, ys = possible(mos, decimals, spec)
    smooth = torch.linspace(LOWEST, HIGHEST, 161, dtype=torch.float64)
    parts = [
        _sigma_band(plot, mos, state.sigma),
        plot.y_ticks((0, 0.5, 1)),
        plot.x_ticks(),
        _errors(plot, mos),
        plot.vertical(mos, "truth"),
        _guess(numbers, plot),
    ]
    if not numbers.hidden:
        parts += [
            plot.path(smooth, bell(smooth, mos, spec.sigma), "guide"),
            _curve(plot, xs, ys, mos, spec, f"curve {css}"),
            *(_answer(state, plot, spec, j) for j in _order(state.answers, state.answer)),
        ]
    return plot.svg(*parts, label=f"Regression reward over the predicted score, {css}", css="bell")


def possible(mos: float, decimals: int, spec: RewardSpec) -> tuple[torch.Tensor, torch.Tensor]:
    """Every score from 1 to 5 with so many decimals, and the reward of each as it would be written."""
    count = round((HIGHEST - LOWEST) * 10**decimals)
    texts = [f"{LOWEST + k / 10**decimals:.{decimals}f}" for k in range(count + 1)]
    answers = [read_answer(compose("", text), spec) for text in texts]
    scores = torch.tensor([[answer.value for answer in answers]], dtype=torch.float64)
    counted = torch.tensor([[answer.decimals for answer in answers]])
    return scores[0], regression_reward(scores, torch.tensor([mos], dtype=torch.float64), counted, spec)[0]


def _curve(plot: svg.Plot, xs: torch.Tensor, ys: torch.Tensor, mos: float, spec: RewardSpec, css: str) -> str:
    """The scores in full as a line, the punished ones as points below it."""
    full = (bell(xs, mos, spec.sigma) - ys).abs() < 1e-9
    line = plot.path(xs[full].tolist(), ys[full].tolist(), css) if bool(full.any()) else ""
    radius = 2.2 if len(xs) > 5 else 4
    points = "".join(
        f'<circle class="{css} punished" r="{radius}" cx="{plot.x(x):.1f}" cy="{plot.y(y):.1f}"/>'
        for x, y in zip(xs[~full].tolist(), ys[~full].tolist(), strict=True)
    )
    return line + points


def _guess(numbers: Numbers, plot: svg.Plot) -> str:
    """What was guessed for the chosen answer, as a level, with a cross where its score is."""
    if numbers.guess is None:
        return ""
    y, value = plot.y(numbers.guess), position(group(numbers.state)[numbers.state.answer])
    mark = "" if value is None else f'<path class="guessed" d="M{plot.x(value):.1f} {y:.1f}m-5 -5l10 10m0 -10l-10 10"/>'
    return f'<path class="guessed level" d="M{plot.x0} {y:.1f}H{plot.x1:.1f}"/>{mark}'


def _answer(state: LabState, plot: svg.Plot, spec: RewardSpec, j: int) -> str:
    text = group(state)[j]
    answer = read_answer(text, spec)
    if answer.value is None or not LOWEST <= answer.value <= HIGHEST:
        return ""
    mos, value = (
        torch.tensor([state.chosen.mos], dtype=torch.float64),
        torch.tensor([[answer.value]], dtype=torch.float64),
    )
    reward = float(regression_reward(value, mos, torch.tensor([[answer.decimals]]), spec))
    where = {"kind": "score", "video": state.video, "answer": j, "in_order": state.in_order}
    x, y, chosen = plot.x(answer.value), plot.y(reward), j == state.answer
    lines = "" if not chosen else f'<path class="cross" d="M{plot.x0} {y:.1f}H{x:.1f}V{plot.y0}"/>'
    css, shape = f"v{state.video} {'chosen' if chosen else ''}", svg.dot(j + 1, radius=9 if chosen else 7)
    point = svg.handle(
        x,
        y,
        where,
        label=f"Answer {j + 1}, on the curve",
        value=answer.value,
        shape=shape,
        css=css,
        decimals=decimals_written(text),
    )
    return lines + point + (svg.text(svg.beside(plot, x), y - 5, f"{reward:.3f}", "value") if chosen else "")


def _order(count: int, last: int) -> list[int]:
    return [j for j in range(count) if j != last] + [last]


def _errors(plot: svg.Plot, mos: float) -> str:
    """A second row below the axis: the error that a prediction would be."""
    some = [error for error in (-3, -2, -1, 0, 1, 2, 3) if LOWEST <= mos + error <= HIGHEST]
    marks = (
        svg.text(
            plot.x(mos + error), plot.y0 + 34, f"{error:+d}".replace("-", "−") if error else "error 0", "tick error"
        )
        for error in some
    )
    return "".join(marks)


def _sigma_band(plot: svg.Plot, mos: float, sigma: float) -> str:
    low, high = plot.x(max(mos - sigma, LOWEST)), plot.x(min(mos + sigma, HIGHEST))
    return (
        f'<rect class="band" x="{low:.1f}" width="{high - low:.1f}" y="{plot.top}" height="{plot.y0 - plot.top}"/>'
        + svg.text(high - 5, plot.y0 - 7, "σ", "tick end")
    )


def bell_table(numbers: Numbers) -> str:
    """The two specs side by side for the chosen answer."""
    state, rows = numbers.state, []
    i, j = state.video, state.answer
    text = group(state)[j]
    lines = [
        (name, reward_lines(numbers, side, "regression", i, j, state.in_order)) for name, side in numbers.sides if side
    ]
    title = f"Reward of “{answer_text(text)[:30]}”"
    for (name, side), css in zip(numbers.sides, SPEC_TITLES, strict=True):
        if side is None:
            continue
        trace, score = side.table(state.in_order).trace["regression"], score_of(side, i, j, state.in_order)
        answer, reward, full = trace.answers.read[i][j], trace.reward[i, j], trace.bell[i, j]
        read = "nothing" if answer.value is None else plain(answer.value) + (", off the scale" if score is None else "")
        factor = "" if not differ(reward, full) else f" × {plain(trace.factor[i, j])}"
        rows.append(
            f'<tr><th scope="row" class="{css}">{name}</th><td>{read}</td>'
            f'<td>{answer.decimals}</td><td class="roomy">{num(full)}{factor}</td>'
            f'<td class="cell" {svg.math(f"bell-{name}", title, lines)}><b>{num(reward)}</b></td></tr>'
        )
    head = '<tr><th></th><th>read as</th><th>decimals</th><th class="roomy">bell</th><th>reward</th></tr>'
    caption = f"“{escape(answer_text(text)[:40])}” against {state.chosen.mos:.2f}"
    return (
        f'<div class="lab-scroll"><table class="lab-table" data-grid><caption>{caption}</caption><thead>{head}</thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )

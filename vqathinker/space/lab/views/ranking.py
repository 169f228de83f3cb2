"""The ranking: who beats whom with what probability, and what each answer earns for it."""

from __future__ import annotations

from html import escape

import numpy as np
import torch

from ....rewards import bell
from ....rewards.notation import num
from ....rewards.ranking import what_if
from ..experiment.explain import matrix_lines, meeting_lines, ranking_of, reward_lines, score_of
from ..experiment.numbers import Numbers, Side, decimals_written, differ
from ..experiment.state import HIGHEST, LOWEST
from . import svg

RANKING_HEIGHT, CURVE_POINTS = 208, 81


def view(numbers: Numbers, width: float) -> str:
    each = svg.column_width(width)
    duel = duels(numbers, each) if numbers.state.opponent is not None else ""
    if numbers.hidden:
        return f'<div class="lab-panel">{duel}</div>'
    return (
        f'<div class="lab-pair"><div class="lab-panel">{matrix(numbers)}{reward_curve(numbers, each)}</div>'
        f'<div class="lab-panel">{duel}</div></div>{meetings(numbers)}'
    )


def matrix(numbers: Numbers) -> str:
    """P(row beats column) by the groups' means and variances; a cell chooses the pair."""
    state, side = numbers.state, numbers.repaired
    names = [escape(video.name) for video in state.videos]
    head = "".join(f'<th scope="col" class="v{k}">{name}</th>' for k, name in enumerate(names))
    rows = []
    for i, name in enumerate(names):
        cells = "".join(_pair(numbers, side, i, k) for k in range(len(names)))
        rows.append(f'<tr><th scope="row" class="v{i}">{name}</th>{cells}</tr>')
    return (
        '<div class="lab-scroll"><table class="lab-table lab-matrix" data-grid>'
        "<caption>P(row beats column), by means; the reward puts each answer in the place of its mean</caption>"
        f"<thead><tr><th></th>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def _pair(numbers: Numbers, side: Side, i: int, k: int) -> str:
    if i == k:
        return '<td class="self">·</td>'
    state, p, g = numbers.state, side.matrix[i, k], side.target[i, k]
    unknown = bool(p.isnan())
    agree = 0.0 if unknown else float(1 - (p - g).abs())
    css = "right" if agree >= 0.5 else "wrong"
    chosen = " chosen" if (i, k) == (state.video, state.opponent) else ""
    title = f"{state.videos[i].name} against {state.videos[k].name}"
    lines = [("Repaired", matrix_lines(numbers, side, i, k))]
    action = svg.data({"kind": "choose", "video": i, "rival": k})
    mark = "?" if unknown else "✓" if agree > 0.5 else "✗" if agree < 0.5 else "="
    return (
        f'<td class="cell {css}{chosen}" style="--agree:{abs(agree - 0.5) * 2:.2f}" data-act="{action}" '
        f"{svg.math(f'pair-{i}-{k}', title, lines)}>{'—' if unknown else num(p)} <small>{mark}</small></td>"
    )


def duels(numbers: Numbers, width: float) -> str:
    """Two groups as bells, and below them the bell of their difference: its part right of 0 is P."""
    state, side = numbers.state, numbers.repaired
    i, k = state.video, state.opponent
    first, second = state.videos[i].name, state.videos[k].name
    both = svg.Plot(width, 128, y_range=(0, 1.12), top=14, left=14)
    parts = [both.x_ticks(), *(_hill(both, side, x) for x in (i, k))]
    clash = svg.Plot(width, 150, x_range=(-4, 4), y_range=(0, 1.12), top=20, left=14)
    gap, deviation = side.mean[i] - side.mean[k], (side.variance[i] + side.variance[k] + side.spec.smoothing).sqrt()
    xs = torch.linspace(-4, 4, 321, dtype=torch.float64)
    ys, won = bell(xs, gap, float(deviation)), xs >= 0
    if gap.isnan():
        lower = [svg.text(width / 2, 70, "nothing readable to compare", "tick")]
    else:
        known = "?" if numbers.hidden else num(side.matrix[i, k])
        lower = [
            clash.path(xs.tolist(), ys.tolist(), "guide"),
            clash.path(xs[~won].tolist(), ys[~won].tolist(), f"area v{k}", closed=True),
            clash.path(xs[won].tolist(), ys[won].tolist(), f"area v{i}", closed=True),
            svg.text(clash.x(4), 14, f"P({first} beats {second}) = {known}", "value end"),
        ]
    lower += [clash.vertical(0, "zero"), clash.x_ticks((-4, -2, 0, 2, 4), sign=True)]
    return (
        f"<h4>{escape(first)} and {escape(second)} as bells</h4>"
        + both.svg(*parts, label=f"Predicted scores of {first} and {second} as bells")
        + f"<h4>{escape(first)} minus {escape(second)}</h4>"
        + clash.svg(*lower, label=f"The difference {first} minus {second}; the part above 0 is the probability")
    )


def _hill(plot: svg.Plot, side: Side, i: int) -> str:
    mean, deviation = float(side.mean[i]), max(float(side.variance[i]), side.spec.smoothing) ** 0.5
    if mean != mean:
        return ""
    xs = np.union1d(
        np.linspace(LOWEST, HIGHEST, 161), np.clip(mean + deviation * np.linspace(-3, 3, 25), LOWEST, HIGHEST)
    )
    ys = bell(torch.from_numpy(xs), mean, deviation).tolist()
    return plot.path(xs, ys, f"area v{i}", closed=True)


def reward_curve(numbers: Numbers, width: float) -> str:
    """The ranking reward of the chosen answer, were its number another one and all others the same."""
    state = numbers.state
    i, j = state.video, state.answer
    plot = svg.Plot(width, RANKING_HEIGHT, y_range=(0, 1.06), left=32)
    xs = torch.linspace(LOWEST, HIGHEST, CURVE_POINTS, dtype=torch.float64)
    parts = [plot.y_ticks((0, 0.5, 1)), plot.x_ticks(), plot.vertical(state.chosen.mos, "truth")]
    ranked = ranking_of(numbers.repaired)
    if ranked.opponents(i):
        parts.append(plot.path(xs.tolist(), what_if(ranked, i, j, xs).tolist(), "curve repaired"))
    score = score_of(numbers.repaired, i, j)
    if score is not None:
        reward = float(numbers.repaired.ordered.ranking[i, j])
        where = {"kind": "score", "video": i, "answer": j, "in_order": True}
        x, y = plot.x(score), plot.y(reward)
        parts.append(f'<path class="cross" d="M{plot.x0} {y:.1f}H{x:.1f}V{plot.y0}"/>')
        parts.append(
            svg.handle(
                x,
                y,
                where,
                label=f"Answer {j + 1}, on the curve",
                value=score,
                shape=svg.dot(j + 1),
                css=f"v{i} chosen",
                decimals=decimals_written(state.chosen.ordered[j]),
            )
        )
        parts.append(svg.text(svg.beside(plot, x), y + (14 if reward > 0.9 else -5), num(reward), "value"))
    name = f"{escape(state.chosen.name)}{j + 1}"
    return f"<h4>What {name} would earn with another score</h4>" + plot.svg(
        *parts, label="Ranking reward over the predicted score"
    )


def meetings(numbers: Numbers) -> str:
    """Each answer of the chosen video against each other video, and the average: its reward, under both specs."""
    state, side, other = numbers.state, numbers.repaired, numbers.released
    i, others = state.video, ranking_of(side).opponents(state.video)
    head = "".join(
        f'<th scope="col" class="v{k}">P beats {escape(state.videos[k].name)}</th><th scope="col">earns</th>'
        for k in others
    )
    rows = []
    for j in range(state.answers):
        name = f"{state.chosen.name}{j + 1}"
        cells = "".join(_met(numbers, i, j, k) for k in others)
        lines = [(who, reward_lines(numbers, one, "ranking", i, j)) for who, one in numbers.sides if one]
        reward = side.ordered.ranking[i, j]
        released = "—" if other is None else num(other.ordered.ranking[i, j])
        differs = " differs" if other is None or differ(reward, other.ordered.ranking[i, j]) else ""
        rows.append(
            f'<tr class="{"chosen" if j == state.answer else ""}"><th scope="row" class="v{i}">{escape(name)}</th>'
            f'<td class="roomy">{_shown(side, i, j)}</td>{cells}'
            f'<td class="cell" {svg.math(f"rank-{j}", f"Ranking reward of {name}", lines)}><b>{num(reward)}</b></td>'
            f'<td class="released{differs}">{released}</td></tr>'
        )
    return (
        '<div class="lab-scroll"><table class="lab-table" data-grid>'
        f"<caption>The answers to {escape(state.chosen.name)}, one by one</caption>"
        f'<thead><tr><th></th><th scope="col" class="roomy">score</th>{head}'
        '<th scope="col" class="repaired">reward</th>'
        f'<th scope="col" class="released">released</th></tr></thead><tbody>{"".join(rows)}</tbody></table></div>'
    )


def _shown(side: Side, i: int, j: int) -> str:
    score = score_of(side, i, j)
    return "—" if score is None else f"{score:.2f}"


def _met(numbers: Numbers, i: int, j: int, k: int) -> str:
    side = numbers.repaired
    if score_of(side, i, j) is None:
        return "<td>—</td><td>—</td>"
    ranked = ranking_of(side)
    p, earned = ranked.probability[i, j, k], ranked.fidelity[i, j, k]
    lines = [("Repaired", meeting_lines(numbers, side, i, j, k))]
    title = f"{numbers.state.videos[i].name}{j + 1} against {numbers.state.videos[k].name}"
    return (
        f'<td class="cell" {svg.math(f"meet-{j}-{k}-p", title, lines)}>{num(p)}</td>'
        f'<td class="cell" {svg.math(f"meet-{j}-{k}-f", title, lines)}>{num(earned)}</td>'
    )

"""The lab's stage: every video with its MOS and its answers as points that can be moved."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np
import torch

from ....rewards import bell, group_moments
from ..experiment.numbers import Numbers, answer_text, decimals_written, group_of, position
from ..experiment.state import MAX_TEXT, LabState
from . import svg

LANE, TOP_PX, FOOT, WRITTEN = 23, 34, 22, 62
MOS_SHAPE = '<path class="flag" d="M-8 -9h16v9l-8 8l-8 -8z"/>'


def stage(numbers: Numbers, width: float) -> str:
    state = numbers.state
    cards = "".join(video_card(numbers, i, width) for i in range(len(state.videos)))
    counts = _count("videos", "videos", len(state.videos)) + _count("answers", "answers each", state.answers)
    return (
        f'<section class="lab-stage" aria-label="Videos and answers">{cards}'
        f'<div class="lab-counts">{counts}</div>{editor(state)}</section>'
    )


def video_card(numbers: Numbers, i: int, width: float) -> str:
    state, video = numbers.state, numbers.state.videos[i]
    mean, variance = float(numbers.repaired.mean[i]), float(numbers.repaired.variance[i])
    stats = "nothing readable" if mean != mean else f"mean {mean:.2f}, spread {variance**0.5:.2f}"
    head = svg.button({"kind": "choose", "video": i}, escape(video.title), css="lab-name", current=i == state.video)
    chosen = " chosen" if i == state.video else ""
    tracks = track(state, i, True, width - 26, (mean, variance))
    if state.view == "temporal":
        twin = numbers.repaired.shuffled.scores[i : i + 1]
        tracks += track(state, i, False, width - 26, [float(x) for x in group_moments(twin, numbers.repaired.spec)])
    return (
        f'<div class="lab-card v{i}{chosen}"><div class="lab-cardhead">{head}<small>{stats}</small></div>{tracks}</div>'
    )


def track(state: LabState, i: int, in_order: bool, width: float, moments: Sequence[float]) -> str:
    """One group on the scale: a lane for each answer, the bell of their mean and spread behind them."""
    video = state.videos[i]
    texts = group_of(video, in_order)
    height = TOP_PX + LANE * len(texts) + FOOT
    plot = svg.Plot(width, height, left=14, right=WRITTEN, top=TOP_PX - 6, bottom=FOOT)
    parts = [plot.vertical(tick, "grid") for tick in svg.TICKS] + [plot.x_ticks(below=15), _hill(plot, *moments)]
    parts.append(plot.vertical(video.mos, "truth"))
    parts += [_lane(state, plot, i, j, in_order) for j in range(len(texts))]
    if in_order:
        action = {"kind": "mos", "video": i}
        label = f"MOS of video {video.name}, what people say"
        parts.append(
            svg.handle(plot.x(video.mos), 14, action, label=label, value=video.mos, shape=MOS_SHAPE, css="mos")
        )
        right = video.mos < 4
        parts.append(
            svg.text(
                plot.x(video.mos) + (14 if right else -14),
                17,
                f"people {video.mos:.2f}",
                f"mos{'' if right else ' end'}",
            )
        )
    else:
        parts.append(svg.text(plot.x0, 16, "with its frames shuffled", "mos"))
    kind = "in order" if in_order else "shuffled"
    return plot.svg(*parts, label=f"Answers to video {video.name}, {kind}", css="track" if in_order else "track twin")


def _hill(plot: svg.Plot, mean: float, variance: float) -> str:
    if mean != mean or not variance > 0:
        return ""
    xs = np.linspace(1, 5, 81)
    ys = bell(torch.from_numpy(xs), mean, variance**0.5).tolist()
    return plot.path(xs, [0.92 * y for y in ys], "hill", closed=True)


def _lane(state: LabState, plot: svg.Plot, i: int, j: int, in_order: bool) -> str:
    text = group_of(state.videos[i], in_order)[j]
    value, y = position(text), TOP_PX + LANE * j + 8
    shown = min(max(1.0 if value is None else value, 1.0), 5.0)
    where = {"video": i, "answer": j, "in_order": in_order}
    chosen = (i, j, in_order) == (state.video, state.answer, state.in_order)
    off = value is None or not 1 <= value <= 5
    label = f"Answer {j + 1} to video {state.videos[i].name}{'' if in_order else ', shuffled'}"
    css = f"{'chosen' if chosen else ''} {'off' if off else ''} {'' if in_order else 'twin'}"
    point = svg.handle(
        plot.x(shown),
        y,
        {"kind": "score", **where},
        label=label,
        value=value,
        css=css,
        decimals=2 if value is None else decimals_written(text),
        shape=svg.dot("?" if value is None else j + 1),
    )
    line = f'<line class="lane" x1="{plot.x0}" x2="{plot.x1}" y1="{y}" y2="{y}"/>'
    words = answer_text(text)
    return line + point + svg.text(plot.width - 4, y + 4, words if len(words) < 8 else words[:7] + "…", "written end")


def _count(kind: str, label: str, count: int) -> str:
    def one(sign: str, change: int, name: str) -> str:
        return svg.button({"kind": kind, "change": change}, sign, css="lab-round", label=name)

    return (
        f'<span class="lab-count">{one("−", -1, f"Fewer {label}")}<b>{count}</b> {label}'
        f"{one('+', 1, f'More {label}')}</span>"
    )


def editor(state: LabState) -> str:
    """What the chosen answer says, word by word."""
    text = group_of(state.chosen, state.in_order)[state.answer]
    which = f"{state.chosen.name}{state.answer + 1}{'' if state.in_order else ', shuffled'}"
    where = {"kind": "text", "video": state.video, "answer": state.answer, "in_order": state.in_order}
    return (
        f'<label class="lab-editor"><span>What {escape(which)} says, to the letter</span>'
        f'<textarea rows="3" spellcheck="false" maxlength="{MAX_TEXT}" data-text="{svg.data(where)}">'
        f"{escape(text)}</textarea></label>"
    )

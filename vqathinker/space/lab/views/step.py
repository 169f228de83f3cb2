"""The whole step, walked through: from what was written to which answers are made more likely."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from html import escape

from ....rewards import REWARDS, Reward
from ....rewards.notation import num
from ..experiment.explain import advantage_lines, bonus_lines, bonus_of, reward_lines, score_of
from ..experiment.numbers import Numbers, Side, answer_text, differ, last_step
from . import svg

FULL_ADVANTAGE, LONGEST_BAR, RAW = 2.0, 30, 240


@dataclass(frozen=True)
class Column:
    """A stage of the step: its title, what happens there, the value shown and its arithmetic."""

    title: str
    what: str
    value: Callable[[Side, int, int], float | None]
    lines: Callable[[Numbers, Side, int, int], list[str]]
    digits: int = 3


def _bonus(side: Side, i: int, j: int) -> float:
    return sum(bonus_of(side, i, j, name) for name in side.paid)


def _reward(reward: Reward, numbers: Numbers) -> Column:
    return Column(
        reward.title.lower(),
        reward.sentence(numbers.repaired.spec),
        lambda side, i, j: side.ordered.parts[reward.name][i, j],
        lambda numbers, side, i, j: reward_lines(numbers, side, reward.name, i, j),
        reward.digits,
    )


def step_columns(numbers: Numbers) -> list[Column]:
    """The stages of the step after the answers: every reward of the registry is one of them."""
    return [SCORE, *(_reward(reward, numbers) for reward in REWARDS.values()), *REST]


SCORE = Column(
    "score",
    "The number between the answer tags is read. What cannot be read has no score.",
    score_of,
    lambda numbers, side, i, j: side.ordered.answers.explain(i, j),
    2,
)
REST = (
    Column(
        "bonus",
        "Where the ordered clip earned more than its shuffled twin, good answers get a bonus.",
        _bonus,
        lambda numbers, side, i, j: bonus_lines(side, i, j),
        2,
    ),
    Column(
        "total",
        "The sum. Nothing else of the answer counts: not its words, only what they earned.",
        lambda side, i, j: side.rewarded.total[i, j],
        lambda numbers, side, i, j: side.rewarded.explain_total(i, j),
    ),
    Column(
        "advantage",
        "Compared with its siblings: above the mean of the group the answer becomes more likely, below it less likely.",
        lambda side, i, j: side.advantages[i, j],
        lambda numbers, side, i, j: advantage_lines(side, i, j),
        2,
    ),
)


BEFORE_REWARDS = "The model has answered each video several times. Next: what are these answers worth?"


def view(numbers: Numbers, width: float) -> str:
    if numbers.hidden:  # what can be read is known, what it earns is not
        numbers = replace(numbers, state=replace(numbers.state, step=min(numbers.state.step, 1)))
    return f"{walk(numbers)}{step_table(numbers, width)}"


def walk(numbers: Numbers) -> str:
    """Back, next, and where we are."""
    here, last = min(numbers.state.step, last_step()), last_step()
    stages = step_columns(numbers)
    title, what = ("answers", BEFORE_REWARDS) if here == 0 else (stages[here - 1].title, stages[here - 1].what)
    back = svg.button({"kind": "step", "change": -1}, "‹ Back", css="lab-go")
    ahead = svg.button(
        {"kind": "step", **({"step": 0} if here == last else {"change": 1})},
        "Once more ↺" if here == last else "Next ›",
        css="lab-go next",
    )
    names = ["answers", *(column.title for column in stages)]
    dots = "".join(
        svg.button({"kind": "step", "step": k}, "", css="lab-dot", current=k == here, label=f"Step {k + 1}: {name}")
        for k, name in enumerate(names)
    )
    again, released = "", numbers.released
    if released and any(table.scores.isnan().any() for table in (released.ordered, released.shuffled)):
        again = svg.button({"kind": "redraw"}, "Draw the random scores again", css="lab-form")
    return (
        f'<div class="lab-walk"><div class="lab-steps">{back}<span class="lab-dots">{dots}</span>{ahead}</div>'
        f'<p role="status"><b>{here + 1} of {last + 1}: {title}.</b> {what} {again}</p></div>'
    )


def step_table(numbers: Numbers, width: float, videos: int | None = None) -> str:
    """Every answer and what has been reached of it; of the first so many videos, or of all."""
    stages, step = step_columns(numbers), min(numbers.state.step, last_step())
    shown = {k: stages[k] for k in _window(step, len(stages), width)}
    head = "".join(f'<th scope="col" class="{_reached(k, step)}">{column.title}</th>' for k, column in shown.items())
    bodies = "".join(_body(numbers, i, shown, width) for i in range(len(numbers.state.videos[:videos])))
    return (
        '<div class="lab-scroll"><table class="lab-table lab-whole" data-grid>'
        "<caption>Every answer of this step. Small: the released code, where it differs.</caption>"
        f'<thead><tr><th scope="col">answer</th>{head}</tr></thead>{bodies}</table></div>'
    )


def _window(step: int, count: int, width: float) -> list[int]:
    """The columns that fit: all of them, or on a phone the one of this step and the two before it."""
    if width >= svg.TWO_COLUMNS_FROM:
        return list(range(count))
    end = max(step, 3)
    return list(range(end - 3, end))


def _reached(k: int, step: int) -> str:
    return "now" if k + 1 == step else "" if k < step else "later"


def _body(numbers: Numbers, i: int, shown: dict[int, Column], width: float) -> str:
    state, video = numbers.state, numbers.state.videos[i]
    rows = []
    for j in range(state.answers):
        cells = (
            "".join(_cell(numbers, i, j, *stage) for stage in shown.items())
            if state.step
            else _text(video.ordered[j], len(shown))
        )
        chosen = " chosen" if (i, j) == (state.video, state.answer) else ""
        text = answer_text(video.ordered[j])
        quote = f" <q>{escape(text if len(text) < 9 else text[:8] + '…')}</q>"
        said = quote if width >= svg.TWO_COLUMNS_FROM or not state.step else ""
        choose = svg.button(
            {"kind": "choose", "video": i, "answer": j}, f"{escape(video.name)}{j + 1}{said}", css="lab-answer"
        )
        rows.append(f'<tr class="v{i}{chosen}"><th scope="row">{choose}</th>{cells}</tr>')
    title = f"{escape(video.title)}: people say {video.mos:.2f}"
    head = f'<th scope="rowgroup" colspan="{len(shown) + 1}">{title}</th>'
    return f'<tbody><tr class="v{i} group">{head}</tr>{"".join(rows)}</tbody>'


def _text(text: str, columns: int) -> str:
    """Before the first step there is nothing but what was written."""
    return f'<td class="lab-raw" colspan="{columns}"><span>{escape(text[:RAW])}</span></td>'


def _cell(numbers: Numbers, i: int, j: int, k: int, column: Column) -> str:
    step = min(numbers.state.step, last_step())
    if k >= step:
        return '<td class="later"><span aria-hidden="true">·</span></td>'
    values = [None if side is None else column.value(side, i, j) for _, side in numbers.sides]
    lines = [(who, column.lines(numbers, side, i, j)) for who, side in numbers.sides if side]
    name = f"{column.title.capitalize()} of {numbers.state.videos[i].name}{j + 1}"
    shown = _push(values[0]) if column.title == "advantage" else _shown(values[0], column.digits)
    return (
        f'<td class="cell {_reached(k, step)}" {svg.math(f"step-{i}-{j}-{k}", name, lines)}>{shown}'
        f"{_released(numbers.released, *values, column.digits)}</td>"
    )


def _shown(value, digits: int) -> str:
    return "—" if value is None else num(value, digits)


def _released(side: Side | None, repaired, released, digits: int) -> str:
    if side is None:
        return ""
    same = (repaired is None) == (released is None) and (repaired is None or not differ(repaired, released))
    return "" if same else f'<small class="released">{_shown(released, digits)}</small>'


def _push(value) -> str:
    """An advantage as an arrow, a number and a bar that starts in the middle."""
    amount = float(value)
    css, arrow = ("up", "▲") if amount > 0 else ("down", "▼") if amount < 0 else ("still", "=")
    share = min(abs(amount) / FULL_ADVANTAGE, 1) * LONGEST_BAR
    marks = f'<u></u><i aria-hidden="true">{arrow}</i><span>{num(amount, 2)}</span>'
    return f'<span class="push {css}" style="--share:{share:.1f}px">{marks}</span>'

"""The update: what the policy answers shifts by the gradient, step after step."""

from __future__ import annotations

from html import escape

import torch

from ....rewards.notation import num
from ....rewards.registry import removable
from ..experiment.explain import reward_title
from ..experiment.learning import PolicySnapshot, all_on, course, logps_of
from ..experiment.numbers import Numbers, answer_text
from ..experiment.state import CONSTANTS, MOST_UPDATES, LabState
from . import policy, svg

SLIDERS = (
    ("epsilon", "clipping ε", 0.05),
    ("beta", "KL brake β", 0.01),
    ("learning_rate", "learning rate", 0.1),
    ("num_iterations", "updates per batch", 1),
)


def view(numbers: Numbers, width: float) -> str:
    state = numbers.state
    if numbers.hidden and state.off and state.updates:
        return f'{controls(state)}<p class="lab-quietly">{POLICY_HIDDEN}</p>{sliders(state)}'
    moments = course(state)
    whole = course(all_on(state)) if state.off else []
    each = svg.column_width(width)
    panels = "".join(
        f'<div class="lab-panel">{policy.scores(state, moments[0], moments[-1], i, each)}</div>'
        for i in range(len(state.videos))
    )
    return (
        f'{controls(state)}<div class="lab-pair">{panels}</div>{KEY}'
        f'<div class="lab-pair"><div class="lab-panel"><h4>How answers are written</h4>'
        f"{policy.form_chart(moments[0], moments[-1], each)}{sliders(state)}{braked(moments[-1])}</div>"
        f'<div class="lab-panel">{policy.courses(moments, whole, each)}</div></div>{update_table(state, moments)}'
    )


POLICY_HIDDEN = "What the policy answers now, and how well it does, is here once you have guessed."
KEY = (
    '<p class="lab-key"><span><i class="now"></i>now</span><span><i class="start"></i>at the start</span>'
    '<span><i class="shuffled"></i>frames shuffled</span><span>▲ ▼ answers of this step, pushed up or down</span></p>'
)


def controls(state: LabState) -> str:
    """Steps to take, and rewards to switch off."""
    ahead = "".join(
        svg.button({"kind": "learn", "change": count}, label, css=f"lab-go{' next' * (count == 1)}")
        for count, label in ((1, "1 step ›"), (5, "5 steps"), (20, "20 steps"))
    )
    back = svg.button({"kind": "learn", "change": -1}, "‹ Back", css="lab-go")
    start = svg.button({"kind": "learn", "change": -MOST_UPDATES}, "To the start ↺", css="lab-go")
    again = svg.button({"kind": "redraw"}, "Other samples", css="lab-form")
    switches = "".join(
        svg.button({"kind": "switch", "name": name}, reward_title(name), css="lab-form", current=name not in state.off)
        for name in removable()
    )
    return (
        f'<div class="lab-walk"><div class="lab-learn">{back}{ahead}{start}'
        f'<b role="status">step {state.updates} of {MOST_UPDATES}</b></div>'
        f'<div class="lab-forms" role="group" aria-label="Rewards that count"><span>Rewards that count</span>'
        f"{switches}{again}</div></div>"
    )


def sliders(state: LabState) -> str:
    found = (
        svg.slider(name, label, getattr(state, name), *CONSTANTS[name], step, digits=0 if step == 1 else 2)
        for name, label, step in SLIDERS
    )
    return f'<div class="lab-controls">{"".join(found)}</div>'


def braked(now: PolicySnapshot) -> str:
    """What the two brakes did in the last step."""
    if now.batch is None:
        return '<p class="lab-braked">No step has been taken yet: the policy answers as those on the stage do.</p>'
    return (
        f'<p class="lab-braked">In this step the clipping took the gradient from <b>{now.clipped:.0%}</b> of the '
        f"tokens; the policy is <b>{num(now.measures.kl, 2)}</b> nats away from its start.</p>"
    )


def update_table(state: LabState, moments: list[PolicySnapshot]) -> str:
    """The answers of the last step: what they earned, and how much likelier they are after it."""
    if state.updates == 0:
        return ""
    before, now = moments[-2:]
    head = "".join(
        f'<th scope="col"{css}>{title}</th>'
        for title, css in (("answer", ""), ("reward", ""), ("advantage", ""), ("before", ' class="roomy"'),
                           ("after", ' class="roomy"'), ("ratio", ""))
    )  # fmt: skip
    rows = "".join(_row(state, before, now, i, j) for i in range(len(state.videos)) for j in range(state.answers))
    caption = f"The answers of step {state.updates}, before and after it"
    return (
        f'<div class="lab-scroll"><table class="lab-table" data-grid><caption>{caption}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _row(state: LabState, before: PolicySnapshot, now: PolicySnapshot, i: int, j: int) -> str:
    batch = now.batch
    old, new = (logps_of(one.policy, batch.tokens)[i, j] for one in (before, now))
    name = f"{state.videos[i].name}{j + 1}"
    reward, push = float(batch.scored.table.total[i, j]), float(batch.advantages[i, j])
    ratio = float((new - old).exp())
    arrow = "▲" if ratio > 1.005 else "▼" if ratio < 0.995 else "="
    lines = [
        "probability after ÷ probability before, form × score",
        f"exp({num(new, 4)} − ({num(old, 4)})) = {num(ratio)}",
    ]
    css = "up" if ratio > 1.005 else "down" if ratio < 0.995 else "still"
    text = escape(answer_text(batch.texts[i][j])[:8])
    return (
        f'<tr><th scope="row" class="v{i}">{escape(name)} <q>{text}</q></th><td>{num(reward)}</td>'
        f"<td>{num(push, 2)}</td>"
        f'<td class="roomy">{_chance(old)}</td><td class="roomy">{_chance(new)}</td>'
        f'<td class="cell" {svg.math(f"update-{i}-{j}", f"How much likelier {name} became", [("Both", lines)])}>'
        f'<span class="ratio {css}">{arrow} <b>× {num(ratio, 2)}</b></span></td></tr>'
    )


def _chance(logp: torch.Tensor) -> str:
    share = float(logp.exp())
    return f"{share:.1%}" if share >= 0.001 else f"{share:.0e}"

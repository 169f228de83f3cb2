"""The lab as one piece of HTML: views to choose from, what to notice, the stage, and the view."""

from __future__ import annotations

from html import escape

from .experiment.numbers import score
from .experiment.presets import PRESETS
from .experiment.state import LabState
from .views import bell, ranking, step, svg, temporal
from .views.notice import notice
from .views.stage import stage

TITLES = {
    "bell": (
        "Bell",
        "Bell",
        "Is the score right? Full reward for the exact score, almost as much for a near miss, nothing far off.",
    ),
    "ranking": (
        "Ranking",
        "Ranking",
        "Is the order right? Every answer meets every other video; it earns most where P agrees with people.",
    ),
    "temporal": (
        "Temporal",
        "Temporal",
        "Did it watch the motion? The clip is answered once more with its frames shuffled; order must earn more.",
    ),
    "step": (
        "The whole step",
        "Step",
        "From what was written to which answers become more likely: one step of GRPO, number by number.",
    ),
}
VIEWS = {"bell": bell.view, "ranking": ranking.view, "temporal": temporal.view, "step": step.view}
WIDE, STAGE, GAP, PADDING = 860, 350, 24, 32
NARROWEST, WIDEST = 240, 1400


def render(state: LabState, width: float) -> str:
    """The whole body for a page that leaves `width` CSS pixels to the lab."""
    width = min(max(width, NARROWEST), WIDEST)
    stage_width, view_width = (STAGE, width - STAGE - GAP) if width >= WIDE else (width, width)
    padding = PADDING if width >= WIDE else 24
    numbers = score(state)
    title, _, what = TITLES[state.view]
    return (
        f'{navigation(state, width)}<div class="lab-columns{" wide" if width >= WIDE else ""}">'
        f'<div class="lab-head"><p class="lab-what">{what}</p>{presets(state)}'
        f'<p class="lab-notice" role="status"><b>Notice</b> <span>{escape(notice(numbers))}</span></p></div>'
        f"{stage(numbers, stage_width)}"
        f'<section class="lab-view" aria-label="{title}">'
        f"{VIEWS[state.view](numbers, view_width - padding)}</section></div>"
    )


def navigation(state: LabState, width: float) -> str:
    buttons = "".join(
        svg.button(
            {"kind": "view", "view": view},
            f"<b>{k}</b>{short if width < WIDE else title}",
            css="lab-tab",
            current=view == state.view,
            label=title,
        )
        for k, (view, (title, short, _)) in enumerate(TITLES.items(), 1)
    )
    return f'<nav class="lab-nav" aria-label="Views of the lab">{buttons}</nav>'


def presets(state: LabState) -> str:
    """The surprising cases of this view."""
    chips = "".join(
        svg.button(
            {"kind": "preset", "name": name}, escape(preset.title), css="lab-chip", current=preset.state == state
        )
        for name, preset in PRESETS.items()
        if preset.state.view == state.view
    )
    reset = svg.button({"kind": "reset"}, "Start again", css="lab-chip plain")
    return f'<div class="lab-presets" role="group" aria-label="Surprising cases"><span>Try</span>{chips}{reset}</div>'

"""The lab as one piece of HTML: views to choose from, what to notice, the stage, and the view."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from html import escape

from . import clip_views
from .clips import Example
from .experiment.lesson import Lesson, Question, fitting_guess, question
from .experiment.numbers import Numbers, score_state
from .experiment.presets import PRESETS
from .experiment.state import LabState
from .formula import formula
from .predict import predict
from .strip import way_strip
from .views import bell, ranking, step, svg, temporal, update
from .views.notice import notice
from .views.stage import stage

VIEW_TITLES = {
    "video": ("Video", "Where it begins: a clip, and what people said of it."),
    "frames": ("Frames", "All that the model sees of a clip."),
    "bell": (
        "Bell",
        "Is the score right? Full reward for the exact score, almost as much for a near miss, nothing far off.",
    ),
    "ranking": (
        "Ranking",
        "Is the order right? Every answer meets every other video; it earns most where P agrees with people.",
    ),
    "temporal": (
        "Temporal",
        "Did it watch the motion? The clip is answered once more with its frames shuffled; order must earn more.",
    ),
    "step": (
        "The whole step",
        "From what was written to which answers become more likely: one step of GRPO, number by number.",
    ),
    "update": (
        "The update",
        "What the policy would answer, as probabilities, and how a step of gradient shifts them. The policy is a toy, "
        "a table of probabilities; rewards, advantages and loss are those of training.",
    ),
}
DRAWN_VIEWS = {
    "bell": bell.view,
    "ranking": ranking.view,
    "temporal": temporal.view,
    "step": step.view,
    "update": update.view,
}
OF_CLIPS = {"video": clip_views.video_view, "frames": clip_views.frames_view}
STAGE_BESIDE_FROM, STAGE, COLUMN_GAP, PADDING = 860, 350, 24, 32
NARROWEST_LAB, WIDEST_LAB = 240, 1400
OFF = Lesson()


def render(state: LabState, width: float, examples: Mapping[str, Example] | None = None, lesson: Lesson = OFF) -> str:
    """The whole body for a page that leaves `width` CSS pixels to the lab; `examples` are the clips to choose from,
    `lesson` says whether there is something to guess."""
    width = min(max(width, NARROWEST_LAB), WIDEST_LAB)
    stage_width, view_width = (STAGE, width - STAGE - COLUMN_GAP) if width >= STAGE_BESIDE_FROM else (width, width)
    padding = PADDING if width >= STAGE_BESIDE_FROM else 24
    numbers = score_state(state)
    asked = question(numbers) if lesson.on else None
    lesson = fitting_guess(lesson, asked)
    numbers = guessed(numbers, asked, lesson)
    title, what = VIEW_TITLES[state.view]
    shown = (
        OF_CLIPS[state.view](numbers, examples or {})
        if state.view in OF_CLIPS
        else DRAWN_VIEWS[state.view](numbers, view_width - padding)
    )
    return (
        f'{way_strip(state)}<div class="lab-columns{" wide" if width >= STAGE_BESIDE_FROM else ""}">'
        f'<div class="lab-head"><p class="lab-what">{what}</p>{presets(state)}'
        f"{lead(numbers, asked, lesson)}</div>"
        f"{stage(numbers, stage_width)}"
        f'<section class="lab-view" aria-label="{title}">'
        f"{formula(numbers)}{shown}</section></div>"
    )


def guessed(numbers: Numbers, asked: Question | None, lesson: Lesson) -> Numbers:
    """The numbers, and whether they are to be seen."""
    guess = lesson.guess if asked and not asked.options else None
    return replace(numbers, hidden=asked is not None and not lesson.revealed, guess=guess)


def lead(numbers: Numbers, asked: Question | None, lesson: Lesson) -> str:
    """The question of a lesson and, once nothing is hidden any more, the one thing to notice."""
    told = f'<p class="lab-notice" role="status"><b>Notice</b> <span>{escape(notice(numbers))}</span></p>'
    return (predict(asked, lesson) if asked else "") + ("" if numbers.hidden else told)


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

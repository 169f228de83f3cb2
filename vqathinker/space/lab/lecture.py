"""Lecture mode: one idea a slide, from a real clip to what a step of GRPO changed. Every slide is a state of the lab
that can be played with, and has a link of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from html import escape

from ...rewards.notation import num
from ..widgets import markup
from .clips import Example
from .experiment.actions import act
from .experiment.explain import reward_title
from .experiment.learning import course
from .experiment.numbers import Numbers, answer_text, last_step, position, score_state
from .experiment.state import DEFAULT_STATE, LabState
from .formula import formula
from .views import bell, policy, ranking, stage, step, svg, temporal, update
from .views.notice import notice
from .views.shifts import course_notice
from .views.steps import most

Examples = Mapping[str, Example]
FIRST, SECOND = "squirrel", "plaza-compressed"
LARGER, WIDEST_SLIDE = 1.5, 1280
"""How much larger than on the page everything is drawn, and the width that a slide uses."""
SAMPLED = "These frames are all that it sees of it, with the motion around each"
MOST_SAID, BESIDE = 4, 700
"""Answers that are shown as they were written, and the width from which on they stand beside the scale."""


@dataclass(frozen=True)
class Slide:
    """One idea: a title, the view that its state stands in, the figure, and the sentence that tells the idea."""

    title: str
    view: str
    figure: Callable[[Numbers, float, Examples], str]
    idea: Callable[[Numbers], str]
    changes: Mapping[str, int] | None = None


def opening(examples: Examples) -> LabState:
    """A real clip beside a second one; the invented videos where no answers were recorded."""
    state = DEFAULT_STATE
    for place, name in enumerate((FIRST, SECOND)):
        if name in examples:
            state = act(state, examples[name].action(place))
    return replace(state, video=0, answer=0)


def at(slide: int, examples: Examples) -> LabState:
    """The state that a slide begins with."""
    one = SLIDES[slide]
    return replace(opening(examples), view=one.view, **{"step": last_step(), **(one.changes or {})})


def render_slide(state: LabState, slide: int, width: float, examples: Examples) -> str:
    """A slide for a page that leaves `width` CSS pixels; drawn small and shown LARGER."""
    one, numbers = SLIDES[slide], score_state(state)
    inner = min(max(width, 320), WIDEST_SLIDE * LARGER) / LARGER
    return (
        f'<section class="lab-slide" aria-label="Slide {slide + 1} of {len(SLIDES)}">'
        f"<h3><small>{slide + 1} / {len(SLIDES)}</small> {escape(one.title)}</h3>"
        f'<p class="lab-idea" role="status">{escape(one.idea(numbers))}</p>'
        f'<div class="lab-figure">{one.figure(numbers, inner, examples)}</div></section>'
    )


def _clip(numbers: Numbers, width: float, examples: Examples) -> str:
    example = examples.get(numbers.state.videos[0].clip)
    if example is None:
        return step.step_table(replace(numbers, state=replace(numbers.state, step=0)), width)
    said, title = escape(numbers.state.videos[0].ordered[0]), escape(example.title, quote=True)
    return (
        f'<div class="lab-real"><img src="{example.poster}" alt="{title}">'
        f"<div><blockquote>{said}</blockquote><small>{title}. {escape(example.credit)}</small></div></div>"
        f"{markup.filmstrip(example.film, SAMPLED)}"
    )


def _answers(numbers: Numbers, width: float, examples: Examples) -> str:
    said = "".join(f"<li>{escape(text)}</li>" for text in numbers.state.videos[0].ordered[:MOST_SAID])
    drawn = stage.video_card(numbers, 0, min(width, 620 if width < BESIDE else width * 0.56))
    return f'<div class="lab-asked">{drawn}<ol aria-label="What it wrote">{said}</ol></div>'


def _bell(numbers: Numbers, width: float, examples: Examples) -> str:
    chart = bell.bell_chart(numbers, numbers.repaired.spec, "repaired", min(width, 620))
    return f"{formula(numbers)}{chart}"


def _ranking(numbers: Numbers, width: float, examples: Examples) -> str:
    return ranking.duels(numbers, min(width, 620))


def _twin(numbers: Numbers, width: float, examples: Examples) -> str:
    example = examples.get(numbers.state.videos[0].clip)
    film = markup.filmstrip(example.twin, "Shuffled") if example and example.twin else ""
    each = svg.column_width(width, widest=380)
    gates = "".join(
        f'<div class="lab-panel"><h4>{reward_title(name)}</h4>{temporal.gate_bars(numbers, name, each)}</div>'
        for name in numbers.repaired.paid
    )
    return f'{film}<div class="lab-pair">{gates}</div>'


def _whole(numbers: Numbers, width: float, examples: Examples) -> str:
    return step.step_table(numbers, width, videos=1)


def _shift(numbers: Numbers, width: float, examples: Examples) -> str:
    state = numbers.state
    moments = course(state)
    each = svg.column_width(width, widest=420)
    panels = "".join(
        f'<div class="lab-panel">{policy.scores(state, moments[0], moments[-1], i, each)}</div>'
        for i in range(len(state.videos))
    )
    return f'{update.controls(state)}<div class="lab-pair">{panels}</div>{update.KEY}'


def _changed(numbers: Numbers, width: float, examples: Examples) -> str:
    state = numbers.state
    whole = course(update.all_on(state)) if state.off else []
    return update.controls(state) + policy.courses(course(state), whole, min(width, 760))


def _near(numbers: Numbers) -> str:
    state, reward = numbers.state, numbers.repaired.ordered.trace["regression"].reward
    first = position(state.chosen.ordered[0])
    if first is None:
        return notice(numbers, "bell")
    text, off = answer_text(state.chosen.ordered[0]), num(abs(first - state.chosen.mos), 2)
    return f"“{text}” is {off} from what people say, and earns {num(reward[state.video, 0])}."


SLIDES = (
    Slide(
        "A clip, and what the model says of it",
        "video",
        _clip,
        lambda numbers: "It writes what it sees, and then a number.",
    ),
    Slide(
        "Asked again, it answers otherwise",
        "video",
        _answers,
        lambda numbers: "Each answer is sampled. The flag is what people would say; the model never sees it.",
    ),
    Slide("Is the number right? The bell", "bell", _bell, _near),
    Slide("Is the order right? A second clip", "ranking", _ranking, notice),
    Slide("Did it watch the motion? The shuffled twin", "temporal", _twin, notice),
    Slide("Which answer was better than its siblings?", "step", _whole, most),
    Slide("One step: better answers become likelier", "update", _shift, notice, {"updates": 1}),
    Slide("Twenty steps: what changed", "update", _changed, course_notice, {"updates": 20}),
)

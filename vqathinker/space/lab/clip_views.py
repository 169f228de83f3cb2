"""The first two stops of the way: a real clip, and the frames that are all the model sees of it."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from ..widgets import markup
from .clips import Example
from .experiment.numbers import Numbers
from .views import svg

NO_CLIPS = "There are no recorded answers to example clips here: the answers on the stage are invented."
NO_CLIP_CHOSEN = (
    "The answers on the stage are invented. Take a real clip: its answers were recorded when the model rated it, and "
    "take the place of those of the chosen video."
)


def video_view(numbers: Numbers, examples: Mapping[str, Example]) -> str:
    """Clips to choose from, and the chosen one with what the model said of it first."""
    example = examples.get(numbers.state.chosen.clip)
    if not examples:
        return f'<p class="lab-quietly">{NO_CLIPS}</p>'
    cards = "".join(
        svg.button(
            {"kind": "example", "name": one.name},
            f'<img src="{one.poster}" alt=""><span>{escape(one.title)}</span>',
            css="lab-clip",
            current=one is example,
        )
        for one in examples.values()
    )
    return (
        f'{recorded_answer(numbers, example)}<div class="lab-clips" role="group" aria-label="Real clips">{cards}</div>'
    )


def recorded_answer(numbers: Numbers, example: Example | None) -> str:
    if example is None:
        return f'<p class="lab-quietly">{NO_CLIP_CHOSEN}</p>'
    said = numbers.state.chosen.ordered[numbers.state.answer]
    return (
        f'<figure class="lab-real"><img src="{example.poster}" alt="{escape(example.title, quote=True)}">'
        f"<figcaption><b>{escape(example.title)}</b> <small>{escape(example.credit)}</small>"
        f"<p>One of the {len(example.texts)} answers that the model was made to give:</p>"
        f"<blockquote>{escape(said)}</blockquote>"
        f"<p>Nobody rated this clip. We suppose that people would say {numbers.state.chosen.mos:.2f}; the flag on the "
        "stage changes it.</p></figcaption></figure>"
    )


def frames_view(numbers: Numbers, examples: Mapping[str, Example]) -> str:
    """The sampled frames in order and, where there is a twin, out of order."""
    example = examples.get(numbers.state.chosen.clip)
    if example is None:
        return video_view(numbers, examples)
    films = markup.filmstrip(example.film, f"{example.title}: the frames that the model looks at")
    if example.twin is not None:
        films += markup.filmstrip(example.twin, "Its twin: the same clip with its frames shuffled")
    return films

"""The question of a lesson: what to guess, and after the reveal how near it was and how the number comes about."""

from __future__ import annotations

from html import escape

from ...rewards.notation import num
from .experiment.lesson import GUESS_TOLERANCE, Lesson, Question
from .views import svg


def predict(question: Question, lesson: Lesson) -> str:
    asked = f'<p class="lab-asked"><b>Predict</b> <span>{escape(question.text)}</span></p>'
    field = _choices(question, lesson) if question.options else _range(lesson)
    if lesson.revealed:
        button = svg.button({"kind": "again"}, "Another question", css="lab-go next")
    else:
        button = svg.button({"kind": "reveal"}, "Reveal", css="lab-go next")
    score = f'<span class="lab-tally">{lesson.right} of {lesson.asked} right</span>' if lesson.asked else ""
    return (
        f'<div class="lab-lesson">{asked}<div class="lab-guess">{field}{button}{score}</div>'
        f"{_revealed(question, lesson) if lesson.revealed else ''}</div>"
    )


def _range(lesson: Lesson) -> str:
    value = lesson.guess if isinstance(lesson.guess, int | float) else 0.5
    shown = f"{value:.2f}" if lesson.guess is not None else "drag me"
    fixed = " disabled" if lesson.revealed else ""
    return (
        f'<label class="lab-slider"><span>Your guess <b>{shown}</b></span><input type="range" data-guess '
        f'min="0" max="1" step="0.01" value="{value:g}" aria-label="Your guess"{fixed}></label>'
    )


def _choices(question: Question, lesson: Lesson) -> str:
    buttons = "".join(
        svg.button({"kind": "guess", "value": value}, escape(label), css="lab-form", current=value == lesson.guess)
        for value, label in question.options
    )
    return f'<div class="lab-forms" role="group" aria-label="Your guess">{buttons}</div>'


def _revealed(question: Question, lesson: Lesson) -> str:
    lines = "".join(f"<code>{escape(line)}</code>" for _, some in question.lines for line in some)
    return f'<div class="lab-truth" role="status"><p>{_verdict(question, lesson)}</p>{lines}</div>'


def _verdict(question: Question, lesson: Lesson) -> str:
    right = question.right(lesson.guess)
    if question.options:
        label = dict(question.options)[question.truth]
        return f"<b>{'Right' if right else 'No'}.</b> The answer is {escape(label)}."
    off = abs(float(lesson.guess) - float(question.truth))
    within = "within" if right else "more than"
    return f"<b>It is {num(question.truth)}.</b> You were {num(off, 2)} off, {within} {GUESS_TOLERANCE:g}."

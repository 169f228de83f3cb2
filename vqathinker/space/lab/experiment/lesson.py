"""Predict, then reveal: a question about what is shown, a guess, and how near it came. Every truth is read from the
traces of the rewards, or from the toy policy's next step. Imports torch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Annotated

import numpy as np
from pydantic import Field

from ....checked import checked
from ....rewards.notation import num
from .explain import advantage_lines, bonus_lines, reward_lines
from .learning import MUCH, SCORE_GRID, WORSE, all_on, bare, broken, course, moment
from .numbers import Numbers, Side, answer_text, group, score_state, with_number
from .state import HIGHEST, LOWEST, MOST_UPDATES, LabError, LabState, LabVideo, made_up

GUESS_TOLERANCE = 0.1
"""A guessed reward that is no farther off counts as right."""
MOST_ASKED = 10_000
NONE = "none"
NEW_QUESTION = ("preset", "view", "go", "reset", "example", "clip", "mine", "learn", "step")
"""What leads to another question; moving points about does not."""


@checked()
class Lesson:
    """A visitor's lesson: whether it is on, the guess, whether the answer has been revealed, and the score so far."""

    on: bool = False
    guess: float | str | None = None
    revealed: bool = False
    asked: Annotated[int, Field(ge=0, le=MOST_ASKED)] = 0
    right: Annotated[int, Field(ge=0, le=MOST_ASKED)] = 0

    @staticmethod
    def from_json(content: object) -> Lesson:
        """What a page sent; a lesson that is off for anything that is none."""
        try:
            return Lesson(**content)
        except (TypeError, ValueError):
            return Lesson()

    def to_json(self) -> dict:
        return asdict(self)


@dataclass(frozen=True)
class Question:
    """What is asked and the truth: a number from 0 to 1, or one of `options` (value, label). lines: its arithmetic."""

    text: str
    truth: float | str
    lines: tuple[tuple[str, Sequence[str]], ...]
    options: tuple[tuple[str, str], ...] = ()

    def takes(self, guess: object) -> bool:
        """Whether this can be guessed at all."""
        if self.options:
            return guess in [value for value, _ in self.options]
        return type(guess) in (int, float) and 0 <= guess <= 1

    def right(self, guess: float | str) -> bool:
        return guess == self.truth if self.options else abs(guess - self.truth) <= GUESS_TOLERANCE + 1e-9


def question(numbers: Numbers) -> Question | None:
    """The question of the state's view; None where there is nothing to ask."""
    asks = ASKS.get(numbers.state.view)
    return asks(numbers) if asks else None


def fitting_guess(lesson: Lesson, asked: Question | None) -> Lesson:
    """The lesson, with a guess only where it is one at this question."""
    fits = asked is not None and asked.takes(lesson.guess)
    return lesson if fits else replace(lesson, guess=None, revealed=False)


def act_on_lesson(lesson: Lesson, state: LabState, action: dict) -> tuple[Lesson, LabState] | None:
    """The lesson and the state after an action of the lesson; None for one that is none of it. Raises LabError."""
    kind = action.get("kind") if isinstance(action, dict) else None
    does = LESSON_ACTIONS.get(kind) if isinstance(kind, str) else None
    return does(lesson, state, action) if does else None


def lesson_after(lesson: Lesson, action: dict) -> Lesson:
    """The lesson after an action of the lab: where that leads to another question, nothing has been guessed yet."""
    kind = action.get("kind") if isinstance(action, dict) else None
    fresh = isinstance(kind, str) and kind in NEW_QUESTION
    return replace(lesson, guess=None, revealed=False) if fresh else lesson


def _guess(lesson: Lesson, state: LabState, action: dict) -> tuple[Lesson, LabState]:
    value, asked = action.get("value"), question(score_state(state))
    if asked is None or not asked.takes(value):
        raise LabError("A guess is a number from 0 to 1, or one of the answers that are offered.")
    return (lesson if lesson.revealed else replace(lesson, guess=value)), state


def _reveal(lesson: Lesson, state: LabState, action: dict) -> tuple[Lesson, LabState]:
    asked = question(score_state(state))
    lesson = fitting_guess(lesson, asked)
    if asked is None or lesson.revealed:
        return lesson, state
    if lesson.guess is None:
        raise LabError("Guess first.")
    won = lesson.right + asked.right(lesson.guess)
    return replace(lesson, revealed=True, asked=min(lesson.asked + 1, MOST_ASKED), right=min(won, MOST_ASKED)), state


def _again(lesson: Lesson, state: LabState, action: dict) -> tuple[Lesson, LabState]:
    """Another question of the same kind, about numbers drawn by chance."""
    rng = np.random.default_rng([state.seed, lesson.asked])
    fresh = replace(lesson, guess=None, revealed=False)
    if state.view == "update":
        return fresh, replace(state, updates=min(state.updates + 1, MOST_UPDATES))
    if state.view == "bell":
        mos = round(float(rng.uniform(1.5, 4.5)), 2)
        number = f"{np.clip(mos + rng.uniform(-1.4, 1.4), LOWEST, HIGHEST):.2f}"
        texts = tuple(with_number(text, number) if j == state.answer else text for j, text in enumerate(group(state)))
        return fresh, _with(state, mos=mos, **{"ordered" if state.in_order else "shuffled": texts})
    return fresh, replace(state, videos=tuple(_drawn(video, state.answers, rng) for video in state.videos))


def _with(state: LabState, **changes) -> LabState:
    videos = list(state.videos)
    videos[state.video] = replace(state.chosen, **changes)
    return replace(state, videos=tuple(videos))


def _drawn(video: LabVideo, count: int, rng: np.random.Generator) -> LabVideo:
    """A video with invented answers."""
    mos, centre, twin = (round(float(x), 2) for x in rng.uniform(1.5, 4.5, 3))
    near = [np.clip(rng.normal((mos + at) / 2, 0.35, count), LOWEST, HIGHEST) for at in (centre, twin)]
    return made_up(video.name, mos, *([f"{x:.2f}" for x in some] for some in near))


def _bell(numbers: Numbers) -> Question:
    state = numbers.state
    i, j = state.video, state.answer

    def earned(side: Side) -> float:
        table = side.ordered if state.in_order else side.shuffled
        return float(table.trace["regression"].reward[i, j])

    who, side = _surprising(numbers, lambda side: round(earned(side), 3))
    text = answer_text(group(state)[j])[:30]
    text = f"Which reward does {who} pay for “{text}”, when people say {state.chosen.mos:.2f}?"
    return Question(text, earned(side), (("", reward_lines(numbers, side, "regression", i, j, state.in_order)),))


def _ranking(numbers: Numbers) -> Question:
    state, side = numbers.state, numbers.repaired
    i, j = state.video, state.answer
    truth = min(float(side.ordered.trace["ranking"].reward[i, j]), 1.0)
    name = f"{state.chosen.name}{j + 1}"
    text = f"Which ranking reward does {name} get: the root of how sure it is of the right order, from 0 to 1?"
    return Question(text, truth, (("", reward_lines(numbers, side, "ranking", i, j)),))


def _temporal(numbers: Numbers) -> Question:
    state = numbers.state
    i, j = state.video, state.answer

    def paid(side: Side) -> bool:
        return any(bool(bonus.paid[i].any()) for bonus in side.rewarded.bonus.values())

    who, side = _surprising(numbers, paid)
    lines = (("", bonus_lines(side, i, j)),)
    text = f"Does the bonus open: does {who} pay it to any answer to {state.chosen.name}?"
    return Question(text, "yes" if paid(side) else "no", lines, (("yes", "Yes"), ("no", "No")))


def _step(numbers: Numbers) -> Question:
    state, i = numbers.state, numbers.state.video

    def most(side: Side) -> str:
        return f"{int(side.advantages[i].argmax())}" if bool(side.advantages[i].any()) else NONE

    who, side = _surprising(numbers, most)
    best = most(side)
    names = tuple((f"{j}", f"{state.chosen.name}{j + 1}") for j in range(state.answers))
    lines = (("", advantage_lines(side, i, 0 if best == NONE else int(best))),)
    text = f"Which answer to {state.chosen.name} is pushed up most, with the rewards that {who} pays?"
    return Question(text, best, lines, (*names, (NONE, "None of them")))


def _update(numbers: Numbers) -> Question | None:
    state = numbers.state
    if state.off and state.updates:
        return _broken(state)
    if state.updates >= MOST_UPDATES:
        return None
    expected = [
        float(moment(bare(state), k).policy.score_logps()[state.video].exp().detach() @ SCORE_GRID)
        for k in (state.updates, state.updates + 1)
    ]
    name = state.chosen.name
    text = f"Step {state.updates + 1} will shift what is answered to {name}. Will its expected score rise or fall?"
    line = f"expected score of {name}: {num(expected[0])} before, {num(expected[1])} after"
    way = "up" if expected[1] > expected[0] else "down"
    return Question(text, way, (("", [line]),), (("up", "It rises"), ("down", "It falls")))


BREAKS = (
    ("form", "The form of the answers"),
    ("error", "How near the scores are"),
    ("order", "The order of the videos"),
    ("gain", "The gain from the right order of the frames"),
    (NONE, f"Nothing, by {MUCH:g}"),
)


def _broken(state: LabState) -> Question:
    steps = f"{state.updates} step{'s' * (state.updates != 1)}"
    text = f"These are {steps} without {' and '.join(state.off)}. What is worst beside {steps} with every reward?"
    pairs = [(getattr(course(one)[-1].measures, name) for one in (state, all_on(state))) for name in WORSE]
    lines = [
        f"{name}: {num(mine)} without, {num(whole)} with" for name, (mine, whole) in zip(WORSE, pairs, strict=True)
    ]
    return Question(text, broken(state) or NONE, (("", lines),), BREAKS)


def _surprising(numbers: Numbers, truth: Callable[[Side], object]) -> tuple[str, Side]:
    """The side to ask about: the released code where it decides otherwise, which is what surprises."""
    if numbers.released is not None and truth(numbers.released) != truth(numbers.repaired):
        return "the released code", numbers.released
    return "the repaired code", numbers.repaired


ASKS: dict[str, Callable[[Numbers], Question | None]] = {
    "bell": _bell,
    "ranking": _ranking,
    "temporal": _temporal,
    "step": _step,
    "update": _update,
}
LESSON_ACTIONS = {
    "guess": _guess,
    "reveal": _reveal,
    "again": _again,
}

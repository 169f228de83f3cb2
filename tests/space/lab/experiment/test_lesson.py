"""Questions whose truths are those of the rewards' traces, and a score that counts near guesses only."""

from __future__ import annotations

from dataclasses import replace

import pytest

from vqathinker.space.lab.experiment.lesson import GUESS_TOLERANCE, Lesson, act_on_lesson, lesson_after, question
from vqathinker.space.lab.experiment.numbers import score_state
from vqathinker.space.lab.experiment.presets import PRESETS
from vqathinker.space.lab.experiment.state import DEFAULT_STATE, LabError, LabState
from vqathinker.space.lab.page import render
from vqathinker.space.lab.tab import lab_answer

ON = Lesson(on=True)


def done(lesson: Lesson, state: LabState, *actions: dict) -> tuple[Lesson, LabState]:
    for action in actions:
        lesson, state = act_on_lesson(lesson, state, action)
    return lesson, state


def guess(value: float | str) -> dict:
    return {"kind": "guess", "value": value}


REVEAL, AGAIN = {"kind": "reveal"}, {"kind": "again"}


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_every_preset_is_a_question_that_can_be_answered_right_and_wrong(name: str):
    state = PRESETS[name].state
    asked = question(score_state(state))
    assert asked.text.endswith("?") and all(lines for _, lines in asked.lines)
    right, _ = done(ON, state, guess(asked.truth), REVEAL)
    assert (right.asked, right.right, right.revealed) == (1, 1, True)
    others = [value for value, _ in asked.options if value != asked.truth]
    off = others[0] if others else asked.truth + (GUESS_TOLERANCE + 0.05) * (-1 if asked.truth > 0.5 else 1)
    wrong, _ = done(ON, state, guess(off), REVEAL)
    assert (wrong.asked, wrong.right) == (1, 0)


def test_truths_are_those_of_the_rewards():
    def truth(name: str):
        return question(score_state(PRESETS[name].state)).truth

    punished = score_state(PRESETS["punished"].state).released.ordered.trace["regression"]
    assert truth("punished") == float(punished.reward[0, 0]) == pytest.approx(0.8)
    assert truth("tie") == pytest.approx(float(score_state(PRESETS["tie"].state).repaired.ordered.ranking[0, 0]))
    assert (truth("twin"), truth("same"), truth("equal"), truth("flipped")) == ("no", "yes", "none", "2")


@pytest.mark.parametrize("view", ["bell", "ranking", "temporal", "step"])
def test_nothing_gives_the_truth_away_before_the_reveal(view: str):
    state = replace(DEFAULT_STATE, view=view, step=7)
    before = render(state, 1100, lesson=ON)
    assert "lab-notice" not in before and "data-math" not in before.replace("step-0-0-0", "") or view == "step"
    asked = question(score_state(state))
    lesson, _ = done(ON, state, guess(asked.truth), REVEAL)
    after = render(state, 1100, lesson=lesson)
    assert "lab-notice" in after and "data-math" in after and "lab-truth" in after
    if view == "step":
        assert "Advantage of" not in before and "Advantage of" in after


def test_a_guess_comes_before_the_reveal_and_is_not_changed_after_it():
    with pytest.raises(LabError, match="Guess first"):
        act_on_lesson(ON, DEFAULT_STATE, REVEAL)
    lesson, _ = done(ON, DEFAULT_STATE, guess(0.2), REVEAL, guess(0.99), REVEAL)
    assert (lesson.guess, lesson.asked, lesson.right) == (0.2, 1, 0)


@pytest.mark.parametrize("view", ["bell", "ranking", "temporal", "step", "update"])
def test_another_question_is_another_one(view: str):
    state = replace(DEFAULT_STATE, view=view, step=7)
    lesson, after = done(replace(ON, guess=0.4, revealed=True, asked=3), state, AGAIN)
    assert (lesson.guess, lesson.revealed, lesson.asked) == (None, False, 3)
    assert after != state and question(score_state(after)) is not None


def test_a_preset_starts_a_question_and_a_moved_point_does_not():
    lesson = replace(ON, guess=0.3, revealed=True, asked=1)
    assert not lesson_after(lesson, {"kind": "preset", "name": "tie"}).revealed
    assert lesson_after(lesson, {"kind": "score", "value": 2}) == lesson


@pytest.mark.parametrize("value", [None, [], {}, True, float("nan"), 1.2, -1])
def test_what_is_no_guess_is_refused(value):
    with pytest.raises(LabError):
        act_on_lesson(ON, DEFAULT_STATE, {"kind": "guess", "value": value})


@pytest.mark.parametrize("content", [None, 3, [], {"on": 1}, {"asked": -1}, {"right": 10**9}, {"guess": []}, {"x": 1}])
def test_what_is_no_lesson_is_one_that_is_off(content):
    assert Lesson.from_json(content) == Lesson()


@pytest.mark.parametrize("guess_", ["yes", "0", 7, -1, None, float("nan")])
@pytest.mark.parametrize("view", ["bell", "temporal", "video"])
def test_a_guess_that_fits_no_question_is_none(view: str, guess_):
    lesson = {"on": True, "guess": guess_, "revealed": True, "asked": 2, "right": 1}
    page = lab_answer({"width": 900, "state": replace(DEFAULT_STATE, view=view).to_json(), "lesson": lesson})["html"]
    fits = view == "temporal" and guess_ == "yes"
    assert ("lab-truth" in page) == fits


def test_a_lesson_goes_through_the_server_and_back():
    answer = lab_answer({"width": 900, "lesson": {"on": True}, "actions": [guess(0.9), REVEAL]})
    assert answer["problem"] == "" and answer["lesson"]["asked"] == 1 and "lab-truth" in answer["html"]
    again = lab_answer({"width": 900, "lesson": answer["lesson"], "state": answer["state"], "actions": [AGAIN]})
    assert "lab-truth" not in again["html"] and again["lesson"] == {
        **answer["lesson"],
        "guess": None,
        "revealed": False,
    }

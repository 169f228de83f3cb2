"""What a visitor does, and what becomes of the state."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.space.lab_states import states
from vqathinker.answer import compose
from vqathinker.space.lab.experiment.actions import ACTIONS, act
from vqathinker.space.lab.experiment.numbers import group, position, with_number
from vqathinker.space.lab.experiment.presets import PRESETS
from vqathinker.space.lab.experiment.state import DEFAULT_STATE, LabError, LabState


def moved(state: LabState, **action) -> str:
    after = act(state, {"kind": "score", **action})
    return group(after)[after.answer]


def test_a_moved_answer_keeps_its_words_and_its_decimals():
    where = {"video": 0, "answer": 1, "in_order": True}
    assert moved(DEFAULT_STATE, **where, value=2.3456) == compose("Slight noise in the dark.", "2.35")
    for number, wanted in (("3", "2"), ("3.5", "2.3"), ("3.500", "2.346"), ("fair", "2.35")):
        state = act(act(DEFAULT_STATE, {"kind": "choose", **where}), {"kind": "number", "number": number})
        assert moved(state, value=2.3456).endswith(f"<answer>{wanted}</answer>")
    assert moved(DEFAULT_STATE, **where, value=99).endswith("<answer>5.00</answer>")


def test_a_twin_is_moved_without_its_original():
    state = act(DEFAULT_STATE, {"kind": "score", "video": 1, "answer": 2, "in_order": False, "value": 1.5})
    assert position(state.videos[1].shuffled[2]) == 1.5
    assert state.videos[1].ordered == DEFAULT_STATE.videos[1].ordered and state.videos[0] == DEFAULT_STATE.videos[0]
    assert (state.video, state.answer, state.in_order) == (1, 2, False)


def test_only_the_last_answer_of_a_text_is_rewritten():
    text = "<think>4 of 5</think><answer>3.1</answer><answer>about 2.50 of 5</answer>"
    assert with_number(text, "4.00") == "<think>4 of 5</think><answer>3.1</answer><answer>about 4.00 of 5</answer>"
    assert with_number("no tags", "4.00") == compose("no tags", "4.00")


def test_words_mos_constants_and_the_walk():
    state = act(DEFAULT_STATE, {"kind": "text", "video": 0, "answer": 0, "in_order": True, "text": "three"})
    assert state.videos[0].ordered[0] == "three"
    assert act(state, {"kind": "mos", "video": 1, "value": 4.4444}).videos[1].mos == 4.44
    assert act(state, {"kind": "constant", "name": "sigma", "value": 77}).sigma == 1.5
    assert act(state, {"kind": "step", "step": 4}).step == 4
    assert act(act(state, {"kind": "step", "change": 1}), {"kind": "step", "change": 99}).step == 7
    assert act(state, {"kind": "redraw"}).seed == 1
    assert act(act(state, {"kind": "view", "view": "step"}), {"kind": "reset"}).videos == DEFAULT_STATE.videos


def test_videos_and_answers_come_and_go():
    state = act(act(DEFAULT_STATE, {"kind": "videos", "change": 2}), {"kind": "answers", "change": 2})
    assert [video.name for video in state.videos] == ["A", "B", "C", "D"] and state.answers == 6
    state = act(state, {"kind": "choose", "video": 3, "answer": 5})
    state = act(act(state, {"kind": "videos", "change": -9}), {"kind": "answers", "change": -9})
    assert (len(state.videos), state.answers, state.video, state.answer) == (1, 1, 0, 0)
    assert act(state, {"kind": "videos", "change": 99}).opponent == 1


def test_presets_and_rollouts():
    assert act(DEFAULT_STATE, {"kind": "preset", "name": "tie"}) == PRESETS["tie"].state
    after = act(DEFAULT_STATE, {"kind": "mine", "texts": ["<answer>3.21</answer>", "?"], "mos": 3.456})
    assert (after.videos[0].mos, after.answers) == (3.46, 2)


@pytest.mark.parametrize(
    "action",
    [
        {},
        {"kind": "dance"},
        {"kind": "score"},
        {"kind": "score", "value": "wide"},
        {"kind": "score", "value": float("nan")},
        {"kind": "choose", "video": 9},
        {"kind": "choose", "video": -1},
        {"kind": "choose", "answer": 1.5},
        {"kind": "view", "view": "spiral"},
        {"kind": "step", "step": 99},
        {"kind": "constant", "name": "seed", "value": 1},
        {"kind": "preset", "name": "none"},
        {"kind": "videos", "change": "many"},
        {"kind": "mine", "texts": [], "mos": 3},
        {"kind": "mine", "texts": ["3"], "mos": None},
    ],
)
def test_what_is_no_action_is_told_in_a_sentence(action: dict):
    with pytest.raises(LabError):
        act(DEFAULT_STATE, action)


@settings(max_examples=80, deadline=None)
@given(
    states(),
    st.fixed_dictionaries(
        {"kind": st.sampled_from(sorted(ACTIONS))},
        optional={
            "video": st.integers(-1, 4),
            "answer": st.integers(-1, 8),
            "in_order": st.booleans(),
            "value": st.floats() | st.text(max_size=3),
            "name": st.sampled_from(["sigma", "bonus", "videos", "tie"]),
            "change": st.integers(-2, 9),
            "text": st.text(max_size=9),
            "number": st.text(max_size=5),
        },
    ),
)
def test_every_action_gives_a_whole_state_or_a_sentence(state: LabState, action: dict):
    try:
        after = act(state, action)
    except LabError as error:
        assert str(error).endswith(".")
    else:
        assert LabState.from_json(after.to_json()) == after

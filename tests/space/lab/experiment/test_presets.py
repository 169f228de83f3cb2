"""Each preset keeps its promise, and the notices say what the numbers say."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings

from tests.space.lab_states import states
from vqathinker.answer import compose
from vqathinker.space.lab.experiment.actions import act
from vqathinker.space.lab.experiment.numbers import last_step, score_state
from vqathinker.space.lab.experiment.presets import PRESETS
from vqathinker.space.lab.experiment.state import DEFAULT_STATE, VIEWS, LabState, use_rollouts
from vqathinker.space.lab.views.notice import notice


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_a_preset_shows_the_sentence_that_it_promises(name: str):
    assert notice(score_state(PRESETS[name].state)) == PRESETS[name].promise


def test_every_view_has_its_surprising_cases():
    assert {preset.state.view for preset in PRESETS.values()} == {*VIEWS} - {"video", "frames"}
    assert len({preset.title for preset in PRESETS.values()}) == len(PRESETS)


def test_the_promises_are_what_the_rewards_do():
    def side(name: str, released: bool = False):
        numbers = score_state(PRESETS[name].state)
        return numbers.released if released else numbers.repaired

    assert side("punished").ordered.regression[0, 0] == 1 and side("punished", True).ordered.regression[
        0, 0
    ] == pytest.approx(0.8)
    assert not side("equal").advantages[0].any() and side("equal").advantages[1].any()
    assert side("tie").target[0, 1] == 0.5
    assert side("wrong").target[0, 1] == 1 and side("wrong").matrix[0, 1] < 0.01
    assert side("spike").variance.tolist() == [0, 0]
    assert side("twin").rewarded.total[0].equal(side("twin").ordered.total[0])
    assert side("same").rewarded.total.equal(side("same").ordered.total)
    assert (side("same", True).rewarded.total > side("same", True).ordered.total).all()
    assert side("batch").rewarded.total[0].equal(side("batch").ordered.total[0])
    assert (side("batch", True).rewarded.total[0] > side("batch", True).ordered.total[0]).any()
    assert side("unreadable").ordered.scores[0, 2].isnan()
    assert side("flipped").advantages[0, 0] > 0 > side("flipped", True).advantages[0, 0]


def sentence(view: str, *actions: dict, start: LabState = DEFAULT_STATE) -> str:
    for action in actions:
        start = act(start, action)
    return notice(score_state(replace(start, view=view, step=last_step())))


def number(text: str) -> dict:
    return {"kind": "number", "number": text}


def test_the_bell_tells_how_the_score_was_written():
    assert "near the truth the bell is flat" in sentence("bell", number("3.47"))
    assert "on this slope" in sentence("bell", number("3.01"))
    assert "too few decimals" in sentence("bell", number("3.5"))
    assert "draws a score at random" in sentence("bell", number("fair"))
    assert "takes it for 3110" in sentence("bell", number("3110"))
    untagged = {"kind": "text", "video": 0, "answer": 0, "in_order": True, "text": "Frame1 is sharp"}
    assert "takes it for 1" in sentence("bell", untagged)
    assert "so it earns 0." in sentence("bell", untagged, {"kind": "videos", "change": -1})


def test_the_bell_counts_the_decimals_that_were_written_and_those_that_counted():
    whole = sentence("bell", {"kind": "mos", "video": 0, "value": 4.0}, number("4.00"))
    assert whole.startswith("“4.00” shows two decimals") and "counts none" in whole
    assert "shows three decimals" in sentence("bell", number("3.500"))


def test_the_bell_is_flat_again_where_it_is():
    assert "on this slope" in sentence("bell", number("2.45"))
    assert "flat again" in sentence("bell", number("1.95"))


def test_the_ranking_of_two_points_without_a_lead_is_a_tie():
    point = (compose("Clear enough.", "3.05"),) * 4
    same = replace(DEFAULT_STATE, videos=tuple(replace(video, ordered=point) for video in DEFAULT_STATE.videos))
    assert "both say the same" in sentence("ranking", start=same)


def test_the_ranking_of_many_says_whom_the_reward_is_against():
    assert "against all the others" not in sentence("ranking")
    assert "against all the others" in sentence("ranking", {"kind": "videos", "change": 1})


def test_the_temporal_view_says_what_keeps_the_bonus_away():
    one = {"kind": "videos", "change": -1}
    same = replace(
        DEFAULT_STATE, videos=tuple(replace(video, shuffled=video.ordered) for video in DEFAULT_STATE.videos)
    )
    assert "counts a tie as a win" in sentence("temporal", start=same)
    assert "released" not in sentence("temporal", one, start=same)
    unpaid = sentence("temporal", {"kind": "constant", "name": "bonus", "value": 0})
    assert unpaid.endswith("but the bonus is set to 0.")
    mine = use_rollouts(DEFAULT_STATE, ["<answer>3.2</answer>", "<answer>3.4</answer>"], 3)
    assert "has not been shown in disorder yet" in sentence("temporal", start=mine)
    shown = use_rollouts(DEFAULT_STATE, ["<answer>3.25</answer>"] * 2, 3, shuffled=["<answer>2.20</answer>"] * 2)
    assert "In order, Y earns more" in sentence("temporal", start=shown)


def test_a_gate_that_is_closed_passes_nobody():
    ordered, shuffled = (
        tuple(compose("Sharp.", number) for number in group.split())
        for group in ("2.91 2.85 2.95 2.88", "4.31 4.28 4.25 4.35")
    )
    video = replace(DEFAULT_STATE.videos[0], ordered=ordered, shuffled=shuffled)
    told = sentence("temporal", start=replace(DEFAULT_STATE, videos=(video, DEFAULT_STATE.videos[1])))
    assert "(bell), but no answer passes the threshold there" in told


def test_the_step_tells_what_the_released_code_reads():
    for text, taken in (("<think>a</think><answer>31</answer>", "31"), ("Frame1 is sharp, 3.5", "1")):
        told = sentence("step", {"kind": "text", "video": 0, "answer": 0, "in_order": True, "text": text})
        assert f"takes it for {taken}, which earns" in told


def test_the_ranking_tells_who_cannot_be_compared():
    assert "divides by zero" in sentence("ranking", {"kind": "videos", "change": -1})
    state = DEFAULT_STATE
    for j in range(4):
        state = act(state, {"kind": "text", "video": 1, "answer": j, "in_order": True, "text": "?"})
    assert "No answer to B can be read" in sentence("ranking", {"kind": "choose", "video": 0}, start=state)


def test_the_step_tells_when_there_is_nothing_to_learn():
    assert "nothing to be compared with" in sentence("step", {"kind": "answers", "change": -9})
    assert "pushed up most" in sentence("step")


@settings(max_examples=40, deadline=None)
@given(states())
def test_every_view_of_every_state_has_a_sentence(state: LabState):
    for view in VIEWS:
        told = notice(score_state(state), view)
        assert told.endswith(".") and " nan" not in told and len(told) < 420

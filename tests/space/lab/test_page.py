"""The lab as HTML: whole for every state and width, and nothing that a visitor wrote is markup."""

from __future__ import annotations

import json
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.space.lab_states import states
from vqathinker.space.lab.experiment.link import BROKEN_LINK, from_link, to_link
from vqathinker.space.lab.experiment.presets import PRESETS
from vqathinker.space.lab.experiment.state import DEFAULT_STATE, LabState
from vqathinker.space.lab.page import render
from vqathinker.space.lab.tab import MOST_ACTIONS, lab_answer, offer

EMPTY = {"input", "br", "img"}


class Reader(HTMLParser):
    """Checks that tags nest, and collects attributes."""

    def __init__(self):
        super().__init__()
        self.open, self.found, self.widths = [], [], []

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        self.found.append((tag, values))
        if tag not in EMPTY:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def read(html: str) -> Reader:
    reader = Reader()
    reader.feed(html)
    assert reader.open == []
    return reader


@settings(max_examples=60, deadline=None)
@given(states(), st.sampled_from([0, 280, 330, 700, 1120, 4000]))
def test_every_state_is_drawn(state: LabState, width: int):
    reader = read(render(state, width))
    tags = {tag for tag, _ in reader.found}
    assert tags <= set("nav ol li div p section span button b small svg path line rect text circle g label textarea "
                       "input table caption thead tbody tr th td h4 q i u ul sub".split())  # fmt: skip
    for tag, values in reader.found:
        if tag == "svg":
            assert float(values["width"]) <= max(width, 240)
        if "data-math" in values:
            sides = json.loads(values["data-math"])["sides"]
            assert sides and all(lines for _, lines in sides)
        if tag == "path":
            assert "nan" not in values["d"]
        if values.get("role") == "slider":
            assert values["aria-label"] and 1 <= float(values["aria-valuenow"]) <= 5


def test_the_answer_of_the_server_is_a_state_and_its_page():
    answer = lab_answer({"width": 900})
    assert LabState.from_json(answer["state"]) == DEFAULT_STATE == from_link(answer["link"])
    assert "lab-notice" in answer["html"] and answer["problem"] == ""
    answer = lab_answer({"state": answer["state"], "width": 900, "actions": [{"kind": "preset", "name": "tie"}]})
    assert LabState.from_json(answer["state"]) == PRESETS["tie"].state


def test_what_cannot_be_done_is_said_and_nothing_is_lost():
    actions = [{"kind": "step", "step": 3}, {"kind": "dance"}, {"kind": "view", "view": "step"}]
    answer = lab_answer({"width": 900, "actions": actions})
    state = LabState.from_json(answer["state"])
    assert (state.step, state.view) == (3, "step") and answer["problem"].endswith(".")


def test_a_link_restores_its_state_and_a_bad_one_the_first():
    link = to_link(PRESETS["wrong"].state)
    assert LabState.from_json(lab_answer({"link": link})["state"]) == PRESETS["wrong"].state
    answer = lab_answer({"link": "broken"})
    assert LabState.from_json(answer["state"]) == DEFAULT_STATE and answer["problem"] == BROKEN_LINK


@pytest.mark.parametrize("width", [None, "wide", float("nan"), -5, 0, 1e9])
def test_a_width_that_makes_no_sense_is_not_drawn(width):
    html = lab_answer({"width": width})["html"]
    assert "nan" not in html and html.startswith("<nav")


@pytest.mark.parametrize("nothing", [None, [], {}])
def test_there_is_nothing_to_offer_before_there_are_rollouts(nothing):
    assert offer(nothing) is None


def test_rollouts_are_offered_to_the_page():
    assert json.loads(offer(["a", "b"])) == {"texts": ["a", "b"], "shuffled": []}
    assert json.loads(offer({"texts": ["a"], "shuffled": ["b"]})) == {"texts": ["a"], "shuffled": ["b"]}


def test_as_many_actions_as_hands_can_make_are_carried_out_and_no_more():
    many = [{"kind": "videos", "change": 1}] * (MOST_ACTIONS + 1)
    answer = lab_answer({"width": 900, "actions": many})
    assert "at most 64 actions" in answer["problem"] and LabState.from_json(answer["state"]) == DEFAULT_STATE
    assert lab_answer({"width": 900, "actions": many[1:]})["problem"] == ""


HUGE, HALF = 10**400, "\ud800"


@pytest.mark.parametrize(
    "request_",
    [
        None,
        [],
        {"actions": "x"},
        {"actions": 7},
        {"actions": [None, [], "x", {"kind": None}, {"kind": []}]},
        {"width": HUGE, "actions": [{"kind": "constant", "name": "sigma", "value": HUGE}]},
        {"actions": [{"kind": "mos", "video": 0, "value": HUGE}, {"kind": "step", "change": HUGE}]},
        {"actions": [{"kind": "choose", "video": HUGE}, {"kind": "score", "video": 0, "answer": 0, "value": HUGE}]},
        {"actions": [{"kind": "text", "text": HALF}, {"kind": "number", "number": HALF}]},
        {"actions": [{"kind": "mine", "mos": 3, "texts": [HALF]}, {"kind": "mine", "mos": HUGE, "texts": ["a"]}]},
        {"state": DEFAULT_STATE.to_json().replace('"name":"A"', '"name":"\\ud800"')},
        {"state": DEFAULT_STATE.to_json().replace("0.5", str(HUGE), 1)},
        {"state": 5, "link": [HALF]},
        {"link": HALF},
    ],
)
def test_whatever_a_program_sends_the_lab_answers_with_a_page(request_):
    answer = lab_answer(request_)
    assert answer["html"].startswith("<nav") and json.dumps(answer, ensure_ascii=False).encode()
    assert from_link(answer["link"]) == LabState.from_json(answer["state"])

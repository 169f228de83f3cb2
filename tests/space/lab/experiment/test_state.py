"""The lab's state: whole or refused, and the same after every journey."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import FrozenInstanceError, replace

import pytest
from hypothesis import given, settings

from tests.space.lab_states import states
from vqathinker.answer import compose
from vqathinker.rewards import RewardSpec, score_groups
from vqathinker.space.lab.experiment.link import BROKEN, MAX_LINK, from_link, to_link
from vqathinker.space.lab.experiment.state import (
    DEFAULT,
    MAX_ANSWERS,
    THOUGHT_SHOWN,
    LabError,
    LabState,
    LabVideo,
    condense,
    use_rollouts,
)


@settings(max_examples=60, deadline=None)
@given(states())
def test_json_and_links_bring_the_same_state_back(state: LabState):
    assert LabState.from_json(state.to_json()) == state
    assert from_link(to_link(state)) == state


def test_a_link_is_short_and_safe_in_an_address():
    link = to_link(DEFAULT)
    assert len(link) < 700
    assert all(letter.isalnum() or letter in "-_" for letter in link)


def _link_of(text: str) -> str:
    import base64
    import zlib

    return base64.urlsafe_b64encode(zlib.compress(text.encode())).decode().rstrip("=")


@pytest.mark.parametrize(
    "link",
    [
        "",
        "nonsense",
        "ä" * 20,
        to_link(DEFAULT)[:-7],
        to_link(DEFAULT)[7:],
        to_link(DEFAULT) + "!!!",
        _link_of("{}"),
        _link_of("[" * 5000),
        _link_of(" " * 30_000_000),
        _link_of(DEFAULT.to_json().replace('"step":0', '"step":99')),
        "A" * (MAX_LINK + 1),
    ],
)
def test_a_link_that_cannot_be_read_is_told_in_one_sentence(link: str):
    with pytest.raises(LabError) as told:
        from_link(link)
    assert str(told.value) == BROKEN


def _with(**changes) -> str:
    return json.dumps({**json.loads(DEFAULT.to_json()), **changes})


def _with_video(**changes) -> str:
    content = json.loads(DEFAULT.to_json())
    content["videos"][0].update(changes)
    return json.dumps(content)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("no", "not JSON"),
        ("3", "exactly the keys"),
        (_with(extra=1), "exactly the keys"),
        (_with(version=2), "another version"),
        (_with(videos=[]), "1 to 4 videos"),
        (_with(videos="A"), "another version"),
        (_with(videos=[3]), "a video of the lab"),
        (_with(view="spiral"), "views video"),
        (_with(sigma=0), "sigma must be"),
        (_with(sigma="0.5"), "sigma must be"),
        (_with(bonus=float("nan")), "bonus must be"),
        (_with(step=31), "The step"),
        (_with(step=True), "The step"),
        (_with(answer=4), "The answer"),
        (_with(video=2), "The video"),
        (_with(in_order=1), "in_order"),
        (_with_video(mos=0.5), "The MOS"),
        (_with_video(name=""), "name"),
        (_with_video(ordered=["a"]), "same number of answers"),
        (_with_video(ordered="abcd"), "list of texts"),
        (_with_video(ordered=[1, 2, 3, 4]), "a text"),
        (_with_video(ordered=["a" * 4001] * 4), "a text"),
    ],
)
def test_what_is_no_state_is_refused_with_the_reason(text: str, sentence: str):
    with pytest.raises(LabError, match=sentence):
        LabState.from_json(text)


def test_a_state_cannot_be_changed_in_place():
    with pytest.raises(FrozenInstanceError):
        DEFAULT.sigma = 1.0  # type: ignore[misc]


def test_rollouts_take_the_place_of_the_first_video():
    texts = [compose("Soft.", f"{2 + j / 10:.2f}") for j in range(6)]
    state = LabState.from_rollouts(texts, 2.75)
    assert state.videos[0] == LabVideo("Y", 2.75, tuple(texts), tuple(texts))
    assert state.answers == 6 and len(state.videos) == 2
    assert state.videos[1].ordered[:4] == DEFAULT.videos[1].ordered

    busy = replace(DEFAULT, view="step", sigma=0.8, video=1, answer=3)
    after = use_rollouts(busy, texts[:3], 4.0, shuffled=texts[3:])
    assert (after.view, after.sigma, after.video, after.answer) == ("step", 0.8, 0, 0)
    assert after.videos[0].shuffled == tuple(texts[3:])


def test_too_many_rollouts_are_cut_and_none_are_refused():
    assert LabState.from_rollouts(["4.00"] * 20, 3.0).answers == MAX_ANSWERS
    with pytest.raises(LabError, match="no rollouts"):
        LabState.from_rollouts([], 3.0)
    with pytest.raises(LabError, match="The MOS"):
        LabState.from_rollouts(["4.00"], 9)


@pytest.mark.parametrize("spec", [RewardSpec(), RewardSpec.official()])
@pytest.mark.parametrize("tail", ["<answer>3.50</answer>", "\n<answer>3.5</answer>\n", " <answer>fair</answer>", ""])
def test_a_shortened_thought_earns_what_the_long_one_earns(spec: RewardSpec, tail: str):
    text = "<think>" + "Frame 1 is sharp and frame 2 is not. " * 40 + "</think>" + tail
    short = condense(text)
    assert len(short) < THOUGHT_SHOWN + 60 or not tail
    tables = [
        score_groups([[one, "<answer>3.11</answer>"], ["<answer>2.22</answer>"] * 2], [3.0, 2.0], spec)
        for one in (text, short)
    ]
    assert tables[0].total.equal(tables[1].total)


def test_the_state_knows_no_torch():
    code = "import sys, vqathinker.space.lab.tab; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], timeout=120).returncode == 0

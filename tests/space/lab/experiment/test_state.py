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
from vqathinker.space.lab.experiment.link import BROKEN_LINK, MAX_LINK, from_link, to_link
from vqathinker.space.lab.experiment.state import (
    DEFAULT_STATE,
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
    link = to_link(DEFAULT_STATE)
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
        to_link(DEFAULT_STATE)[:-7],
        to_link(DEFAULT_STATE)[7:],
        to_link(DEFAULT_STATE) + "!!!",
        _link_of("{}"),
        _link_of("[" * 5000),
        _link_of(" " * 30_000_000),
        _link_of(DEFAULT_STATE.to_json().replace('"step":0', '"step":99')),
        "A" * (MAX_LINK + 1),
    ],
)
def test_a_link_that_cannot_be_read_is_told_in_one_sentence(link: str):
    with pytest.raises(LabError) as told:
        from_link(link)
    assert str(told.value) == BROKEN_LINK


def _with(**changes) -> str:
    return json.dumps({**json.loads(DEFAULT_STATE.to_json()), **changes})


def _with_video(**changes) -> str:
    content = json.loads(DEFAULT_STATE.to_json())
    content["videos"][0].update(changes)
    return json.dumps(content)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("no", "invalid JSON"),
        ("3", "input should be an object"),
        (_with(extra=1), "extra: unexpected keyword argument"),
        (_with(version=2), "version: input should be 1"),
        (_with(videos=[]), "videos: tuple should have at least 1 item"),
        (_with(videos="A"), "videos: input should be a valid array"),
        (_with(videos=[3]), "videos.0: input should be an object"),
        (_with(videos=[{"name": "A"}]), "videos.0.mos: field required"),
        (_with(view="spiral"), "view: input should be 'video', 'frames'"),
        (_with(sigma=0), "sigma: input should be greater than or equal to 0.1"),
        (_with(sigma="0.5"), "sigma: input should be a valid number"),
        (_with(sigma=10**400), "sigma: input should be"),
        (_with(bonus=float("nan")), "bonus: input should be a finite number"),
        (_with(step=31), "step: input should be less than or equal to 30"),
        (_with(step=True), "step: input should be a valid integer"),
        (_with(num_iterations=1.5), "num_iterations: input should be a valid integer"),
        (_with(answer=4), "the chosen video or answer is not there"),
        (_with(video=2), "the chosen video or answer is not there"),
        (_with(in_order=1), "in_order: input should be a valid boolean"),
        (_with(off=[1]), "off.0: input should be a valid string"),
        (_with_video(mos=0.5), "videos.0.mos: input should be greater than or equal to 1"),
        (_with_video(name=""), "videos.0.name: string should have at least 1 character"),
        (_with_video(ordered=["a"]), "every video needs the same number of answers"),
        (_with_video(ordered="abcd"), "videos.0.ordered: input should be a valid array"),
        (_with_video(ordered=[1, 2, 3, 4]), "videos.0.ordered.0: input should be a valid string"),
        (_with_video(ordered=["a" * 4001] * 4), "videos.0.ordered.0: string should have at most 4000 characters"),
        (_with_video(name="\ud800"), "invalid JSON"),
    ],
)
def test_what_is_no_state_is_refused_with_the_reason(text: str, sentence: str):
    with pytest.raises(LabError) as told:
        LabState.from_json(text)
    said = str(told.value)
    assert said.lower().startswith(f"the lab cannot show this: {sentence.lower()}") and said.endswith(".")
    assert said.count("\n") == 0 and "pydantic" not in said


def test_what_is_made_of_a_state_is_checked_as_what_is_read():
    for change in ({"sigma": 3.0}, {"videos": list(DEFAULT_STATE.videos)}, {"answer": 4}, {"step": True}, {"view": ""}):
        with pytest.raises(LabError, match="The lab cannot show this"):
            replace(DEFAULT_STATE, **change)
    with pytest.raises(LabError, match="name: input should be a valid string"):
        LabVideo("\ud800", 3.0, ("a",), ("a",))


def test_a_link_from_before_there_were_updates_is_read():
    content = json.loads(DEFAULT_STATE.to_json())
    for name in ("off", "epsilon", "beta", "learning_rate", "num_iterations", "updates"):
        del content[name]
    for video in content["videos"]:
        del video["clip"]
    assert LabState.from_json(json.dumps(content)) == DEFAULT_STATE


def test_a_state_cannot_be_changed_in_place():
    with pytest.raises(FrozenInstanceError):
        DEFAULT_STATE.sigma = 1.0  # type: ignore[misc]


def test_rollouts_take_the_place_of_the_first_video():
    texts = [compose("Soft.", f"{2 + j / 10:.2f}") for j in range(6)]
    state = use_rollouts(DEFAULT_STATE, texts, 2.75)
    assert state.videos[0] == LabVideo("Y", 2.75, tuple(texts), tuple(texts))
    assert state.answers == 6 and len(state.videos) == 2
    assert state.videos[1].ordered[:4] == DEFAULT_STATE.videos[1].ordered

    busy = replace(DEFAULT_STATE, view="step", sigma=0.8, video=1, answer=3)
    after = use_rollouts(busy, texts[:3], 4.0, shuffled=texts[3:])
    assert (after.view, after.sigma, after.video, after.answer) == ("step", 0.8, 0, 0)
    assert after.videos[0].shuffled == tuple(texts[3:])


def test_too_many_rollouts_are_cut_and_none_are_refused():
    assert use_rollouts(DEFAULT_STATE, ["4.00"] * 20, 3.0).answers == MAX_ANSWERS
    with pytest.raises(LabError, match="no rollouts"):
        use_rollouts(DEFAULT_STATE, [], 3.0)
    with pytest.raises(LabError, match="mos: input should be less than or equal to 5"):
        use_rollouts(DEFAULT_STATE, ["4.00"], 9)


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

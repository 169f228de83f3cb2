"""Sentences follow the figures: what is beyond chance, what is not, and what was never run."""

from __future__ import annotations

import pytest

from tests.space.stories import DOWN, KEYS, STILL, UP, change, content, save, story
from vqathinker.space.history.log import Change, read_story
from vqathinker.space.history.words import (
    against_start,
    bought,
    change_since_start,
    direction,
    enumerated,
    interval,
    intro,
    signed_difference,
    step_notice,
    study_caveat,
)


@pytest.mark.parametrize(
    ("value", "told"), [(0.0123, "+0.012"), (-0.5, "−0.500"), (0, "0"), (-0.00004, "−0.00004"), (0.0005, "+0.001")]
)
def test_a_difference_never_reads_zero_unless_it_is(value: float, told: str):
    assert signed_difference(value) == told


def test_intervals_and_lists():
    assert interval(Change(0.02, 0.01, 0.03)) == "+0.020 [+0.010, +0.030]"
    assert interval(Change(None, None, None)) == "not measured"
    assert [enumerated(x) for x in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == ["", "a", "a and b", "a, b and c"]


def test_the_notice_follows_the_slider(tmp_path):
    found = story(tmp_path)
    assert step_notice(found, 0) == (
        "This is the supervised start: its own scores of these videos lie 0.25 from the MOS on average and its sampled "
        "answers about one video spread by 0.21."
    )
    after = (
        "Since the start, its own score has moved for one of the two videos, by 0.25 at most. On average it lies 0.12 "
        "from the MOS, closer than at the start (0.25); the sampled answers draw together (0.21 → 0.14)."
    )
    assert step_notice(found, 5) == after
    assert step_notice(found, 10) == f"Not one of these answers has changed since step 5. {after}"


def test_the_notice_says_when_it_got_worse_and_copes_with_what_cannot_be_read(tmp_path):
    probes = content()["probes"][:1]
    probes[0]["saves"] = [save(0, 3.0, [3.0, 3.0]), save(5, 4.0, [3.0, 4.0]), save(10, None, [None, None])]
    found = story(tmp_path, probes=probes)
    assert step_notice(found, 5).startswith(
        "Since the start, its own score has moved for each of the videos, by 1.00 at most"
    )
    assert "farther than at the start (0.00)" in step_notice(found, 5) and "spread out (0.00 → 0.71)" in step_notice(
        found, 5
    )
    assert step_notice(found, 10) == "Since the start, its own score has moved for none of the videos."
    assert step_notice(story(tmp_path, probes=[]), 5) == "No probe video was kept at step 5."


def test_a_card_says_what_changed(tmp_path):
    a, b = story(tmp_path).probes
    assert change_since_start(a, 0, 0) == "Here it begins."
    assert change_since_start(a, 0, 5) == (
        "Score 3.50 → 3.25, closer to the MOS. Sampled answers: mean 3.50 → 3.30, spread 0.14 → 0.14."
    )
    assert change_since_start(b, 0, 5).startswith("Score 2.00 as at the start. Sampled answers: mean 2.00 → 2.00")
    probes = content()["probes"][:1]
    probes[0]["saves"] = [save(0, None, [None]), save(5, 3.0, [3.0]), save(10, None, [None])]
    [c] = story(tmp_path, probes=probes).probes
    assert (
        change_since_start(c, 0, 5) == "Readable now."
        and change_since_start(c, 0, 10) == "Nothing has changed since the start."
    )


def study(folder, **changes: object):
    return story(folder, study=content()["study"] | changes).study


def recipe(*changes: dict) -> dict:
    filled = zip(KEYS, changes, strict=True)
    return {key: {"start": 0.5, "mean": 0.5, "deviation": None, **entry} for key, entry in filled}


def test_what_grpo_did_is_counted(tmp_path):
    told = against_start(study(tmp_path))
    assert "100 validation samples" in told and "mean of two seeds" in told
    assert "one of 4 measures rose beyond chance, two fell, and one did not move measurably" in told
    nothing = against_start(study(tmp_path, recipe=recipe(STILL, STILL, STILL, change(None, None, None)), seeds=1))
    assert nothing.endswith("none of 3 measures moved beyond chance. GRPO bought nothing measurable.")
    assert "one seed" in nothing


def test_better_and_worse_are_those_of_the_metric():
    up, down, still = (Change(*entry.values()) for entry in (UP, DOWN, STILL))
    assert [direction("srcc_clive", x) for x in (up, down, still)] == ["better", "worse", ""]
    assert direction("spread", up) == direction("spread", down) == "neither better nor worse"


def removed(folder, own: dict, **others: dict) -> str:
    metrics = dict.fromkeys(KEYS, STILL) | {"ranking_human": own} | others
    return bought(study(folder, ablation={"ranking": {"seeds": 1, "metrics": metrics}}), "ranking")


def test_a_reward_is_said_to_buy_what_the_interval_bears_out(tmp_path):
    figure = "ranking reward, human MOS"
    assert removed(tmp_path, UP) == (
        f"The ranking reward bought what it pays for: {figure} +0.020 [+0.010, +0.030], beyond chance."
    )
    assert removed(tmp_path, STILL) == (
        f"The ranking reward bought nothing measurable: {figure} +0.004 [−0.010, +0.020], an interval that holds 0."
    )
    assert "did not buy what it pays for" in removed(tmp_path, DOWN)
    assert removed(tmp_path, STILL, srcc_clive=UP) == (
        f"What the ranking reward pays for did not rise measurably: {figure} +0.004 [−0.010, +0.020], an interval that "
        "holds 0. Otherwise beyond chance: SRCC LIVE-Challenge, score +0.020 [+0.010, +0.030]."
    )
    worse = removed(tmp_path, STILL, srcc_clive=DOWN)
    assert "bought nothing measurable" in worse and worse.endswith("score −0.020 [−0.030, −0.010].")
    assert "Otherwise" not in removed(tmp_path, UP, spread=DOWN)
    assert "not measured" in removed(tmp_path, change(None, None, None))


def test_what_was_not_run_is_said(tmp_path):
    found = study(tmp_path)
    assert bought(found, "format") == "The recipe without the format reward was not run: what it buys is not known."
    assert "from other seeds only" in bought(found, "temporal")
    assert "among 3 measures about one leaves 0 out by chance" in study_caveat(found) and "run once" in study_caveat(
        found
    )
    assert study_caveat(study(tmp_path, ablation={"format": None})) == ""


def test_the_intro_says_what_a_step_was(tmp_path):
    assert "10 steps of GRPO: in each it wrote 4 answers about each of 16 videos, and those" in intro(story(tmp_path))
    assert "10 steps of GRPO." in intro(story(tmp_path, settings={}))
    assert "their mean" not in intro(story(tmp_path))
    assert "This run is one of 2; the page's model is their mean." in intro(story(tmp_path, averaged=2))


def test_the_words_are_those_of_any_run(tmp_path):
    """The same figures under other steps: nothing of one run is written down in the code."""
    probes = content()["probes"]
    for probe in probes:
        for k, entry in enumerate(probe["saves"]):
            entry["step"] = (40, 80, 120)[k]
    steps = {"step": list(range(10, 130, 10)), "reward": [2.0] * 12}
    (tmp_path / "other").mkdir()
    found = story(tmp_path / "other", probes=probes, steps=steps, validation=[])
    assert read_story(tmp_path / "other").saves == (40, 80, 120)
    assert step_notice(found, 40).startswith("This is the first save, after step 40: ")
    assert step_notice(found, 80).startswith("Since step 40, its own score has moved for one of the two videos")

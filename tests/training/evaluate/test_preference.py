"""Which clips may be disordered, that a disorder is always the same one, and how wins are counted."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from tests.training.toys import make_loaded, picture_row, row, write_built
from training.evaluate.preference import choose_clips, disorders, order_is_intact, preference_report, rate_all_orders
from training.policy.answers import greedy_answers
from vqathinker.model.generation import prefill
from vqathinker.video import PERTURBATIONS, load_clip


@pytest.mark.parametrize(
    ("values", "intact"),
    [
        ({}, True),
        ({"family": "blur", "variant": "soft"}, True),
        ({"family": "shake", "variant": "hand"}, True),
        ({"family": "mixture", "variant": "blur-soft+noise-grain"}, True),
        ({"family": "freeze", "variant": "single"}, False),
        ({"family": "corruption", "variant": "bits"}, False),
        ({"family": "mixture", "variant": "color-cast+disorder-jumps"}, False),
        ({"family": "mixture", "variant": "low_frame_rate-saved+noise-grain"}, False),
        ({"defects": [{"name": "freeze", "severity": "slight"}]}, False),
    ],
)
def test_clips_whose_own_order_is_broken_are_left_out(values, intact):
    assert order_is_intact(row(0, **values)) == intact


def test_pictures_have_no_order():
    assert not order_is_intact(picture_row(0))
    assert not order_is_intact(row(0, facts={"num_frames": 1}))


def test_chosen_clips_are_spread_over_contents_and_always_the_same():
    rows = [row(i, content=f"clips:{i // 10}") for i in range(40)] + [row(99, family="freeze", variant="single")]
    picked = choose_clips(rows, 8)
    assert len({one["id"] for one in picked}) == 8
    assert all(1 <= count <= 3 for count in Counter(one["content"] for one in picked).values())
    assert picked == choose_clips(rows[::-1], 8)
    assert len(choose_clips(rows, None)) == len(choose_clips(rows, 500)) == 40


def test_a_disorder_follows_from_seed_clip_and_mode():
    first = disorders("a", 0)
    assert [twin.mode for twin in first] == list(PERTURBATIONS) and first == disorders("a", 0)
    shown = first[0].timeline(30)
    assert (shown == first[0].timeline(30)).all()
    for other in (disorders("b", 0)[0], disorders("a", 1)[0], first[1]):
        assert (shown != other.timeline(30)).any()


def line(name: str, ordered: float, **modes: float) -> dict:
    numbers = {mode: {"score": modes.get(mode, 1.0), "expected": modes.get(mode, 1.0)} for mode in PERTURBATIONS}
    return {"id": name, "ordered": {"score": ordered, "expected": ordered}, "modes": numbers}


def test_a_tie_is_wrong_and_every_mode_is_reported():
    rows = [row(0), row(1, content="clips:0"), row(2), row(3)]
    lines = [line("clip0", 3.0), line("clip1", 3.0, reverse=3.0, drop=4.0), line("clip2", 2.0, reverse=1.5)]
    report = preference_report(rows, [*lines, {"id": "clip3", "error": "gone"}])
    assert report["clips"] == 3 and report["contents"] == 2 and report["not_rated"] == 1
    expected = report["expected"]
    assert expected["all"]["value"] == pytest.approx(16 / 18) and expected["all"]["clusters"] == 2
    assert expected["modes"]["reverse"]["value"] == pytest.approx(2 / 3) and expected["modes"]["reverse"]["ties"] == 1
    assert expected["modes"]["drop"]["gain"] == pytest.approx((2 - 1 + 1) / 3)
    assert expected["groups"]["clips"] == {"all": expected["all"], "modes": expected["modes"]}
    assert expected["modes"]["jitter"] == {
        "value": 1.0, "low": 1.0, "high": 1.0, "pairs": 3, "clusters": 2, "gain": pytest.approx(5 / 3), "ties": 0,
    }  # fmt: skip


def test_clips_are_rated_in_every_order_once(tmp_path):
    data, built, out, loaded = tmp_path / "data", tmp_path / "built", tmp_path / "out", make_loaded()
    rows = choose_clips(write_built(data, built))
    lines = rate_all_orders(loaded, rows, data, built, out, seed=3)
    assert [one["id"] for one in lines] == [one["id"] for one in rows]
    assert "is empty" in next(one for one in lines if one["id"] == "clip3")["error"]
    written = (out / "preference.jsonl").read_bytes()
    assert rate_all_orders(loaded, rows, data, built, out, seed=3) == lines
    assert (out / "preference.jsonl").read_bytes() == written
    first = next(one for one in lines if one["id"] == "clip0")
    timelines = {"": None} | {twin.mode: twin.timeline for twin in disorders("clip0", 3)}
    found = first["modes"] | {"": first["ordered"]}
    assert len({np.round(numbers["expected"], 6) for numbers in found.values()}) > 3
    for mode, timeline in timelines.items():
        shown = load_clip(built / "videos/clip0.mp4", loaded.processor.video_spec, timeline=timeline)
        alone = greedy_answers(loaded, prefill(loaded.model, loaded.processor(shown)))[0]
        assert found[mode] == {"score": alone.score, "expected": pytest.approx(alone.expected, abs=1e-4)}

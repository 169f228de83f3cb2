"""Faults with places, from what windows name."""

from __future__ import annotations

from dataclasses import replace

import pytest

from vqathinker.rating.faults import FaultRule, Sighting, confident, find_faults, place_words
from vqathinker.rating.sureness import sureness

RULE = FaultRule(keep=0.4, core=0.75)


def sees(**faults: tuple[str, float]) -> dict[str, tuple[str, float]]:
    return faults


BLUR, WORSE, UNSURE = sees(blur=("noticeable", 0.8)), sees(blur=("severe", 0.9)), sees(blur=("", 0.3))


def film(*seen: dict, step: float = 1.0, window: float = 2.0) -> list[Sighting]:
    """One window after the other; a fault without a severity was not named."""
    return [
        Sighting(
            k * step,
            k * step + window,
            {name: severity for name, (severity, _) in one.items() if severity},
            {name: sure for name, (_, sure) in one.items()},
        )
        for k, one in enumerate(seen)
    ]


def places(sightings, rule: FaultRule = RULE) -> list[tuple]:
    return [(fault.name, fault.start_s, fault.end_s) for fault in find_faults(sightings, rule=rule)]


def test_no_windows_and_clean_windows_have_no_faults():
    assert find_faults([]) == () and find_faults(film({}, {}, {})) == ()


def test_a_fault_lasts_while_every_window_over_a_moment_names_it():
    # From 3 to 6 s: the windows 2-4 (half of it), 3-5, 4-6, 5-7 (half) name it.
    assert places(film({}, {}, BLUR, BLUR, BLUR, BLUR, {}, {})) == [("blur", 3, 6)]


def test_a_short_fault_in_two_windows_is_where_they_overlap_and_in_one_in_its_middle():
    assert places(film({}, BLUR, BLUR, {})) == [("blur", 2, 3)]
    assert places(film({}, BLUR, {})) == [("blur", 1.5, 2.5)]


def test_a_window_that_misses_it_once_does_not_divide_a_fault():
    assert places(film(BLUR, BLUR, BLUR, {}, BLUR, BLUR, BLUR)) == [("blur", 0, 8)]
    assert places(film(BLUR, BLUR, {}, {}, BLUR, BLUR)) == [("blur", 0, 2), ("blur", 5, 7)]


def test_a_window_that_nearly_named_it_counts_by_how_near_it_was():
    assert places(film(BLUR, UNSURE, {}), replace(RULE, core=0.55)) == [("blur", 0, 2)]
    assert places(film(BLUR, {}, {}), replace(RULE, core=0.55)) == [("blur", 0, 1)]
    assert places(film(UNSURE, UNSURE, UNSURE), replace(RULE, keep=0.2)) == []


def test_windows_that_do_not_overlap_say_so_alone():
    assert places(film({}, BLUR, BLUR, {}, step=2)) == [("blur", 2, 6)]


def test_nothing_is_joined_over_a_gap():
    assert places(film(BLUR, BLUR, step=10)) == [("blur", 0, 2), ("blur", 10, 12)]


def test_a_fault_has_its_worst_severity_its_best_window_and_the_mean_of_all_that_show_it():
    plain = replace(RULE, slope=1.0, offset=0.0)
    [fault] = find_faults(film({}, BLUR, WORSE, {}), rule=plain)
    assert (fault.severity, fault.window) == ("severe", 2)
    assert fault.confidence == pytest.approx((0.8 + 0.9) / 2)
    [single] = find_faults(film(UNSURE, WORSE, UNSURE), rule=plain)
    assert single.confidence == pytest.approx((0.9 + 2 * 0.3) / 3) and single.window == 1


def test_a_confidence_is_between_0_and_1_and_grows_with_what_windows_say():
    found = [confident(sure, FaultRule()) for sure in (0.0, 0.2, 0.5, 0.8, 1.0)]
    assert found == sorted(found) and 0 < found[0] < found[-1] < 1
    assert confident(0.5, replace(RULE, slope=2.0, offset=0.0)) == pytest.approx(0.5)


def test_faults_stand_in_the_order_of_their_beginnings():
    both = {"noise": ("slight", 0.5), "freeze": ("severe", 0.7)}
    assert [name for name, *_ in places(film({}, both, both, {"blur": ("slight", 0.5)}))] == ["noise", "freeze", "blur"]


def test_how_sure_words_were_is_told_by_the_least_sure_of_the_clause():
    pieces = "<think>|It| is| sharp|.| There| is| noise|,| and| a| blur|.|</think>".split("|")
    sure = [1, 0.3, 1, 1, 1, 0.7, 0.9, 0.6, 1, 1, 0.95, 0.5, 1, 1]
    found = sureness(pieces, sure)
    assert found["noise"] == 0.6 and found["blur"] == 0.5 and set(found) == {"noise", "blur"}
    assert sureness([], []) == {}


@pytest.mark.parametrize(
    ("grid", "words"),
    [
        (None, ""),
        (((0.9, 0.8, 0.9), (0.7, 0.9, 0.8), (0.9, 0.9, 0.6)), "all over"),
        (((0.0, 0.1, 0.9), (0.0, 0.1, 0.9), (0.0, 0.0, 0.8)), "right"),
        (((0.0, 0.0, 0.0), (0.0, 0.0, 0.1), (0.3, 0.8, 0.2)), "lower"),
        (((0.0, 0.0, 0.0), (0.0, 0.9, 0.0), (0.0, 0.0, 0.0)), "middle"),
        (((0.0, 0.0), (0.9, 0.0)), "lower left"),
    ],
)
def test_a_place_in_the_picture_has_words(grid, words):
    assert place_words(grid) == words


def moments(*noise: float, step: float = 0.4) -> list[Sighting]:
    """One moment after the other, each with a probability of noise; above a half the model tells how bad it is."""
    return [
        Sighting(k * step, (k + 1) * step, {"noise": "severe"} if sure > 0.5 else {}, {"noise": sure})
        for k, sure in enumerate(noise)
    ]


def brief(*noise: float, cuts: tuple[float, ...] = (), windows=None) -> list[tuple]:
    windows = windows or film(*[{}] * 8)
    return [
        (fault.name, fault.severity, fault.start_s, pytest.approx(fault.end_s), fault.window)
        for fault in find_faults(windows, moments(*noise), cuts)
    ]


CALM = [0.001] * 8


def test_a_moment_that_stands_out_of_its_shot_is_a_brief_fault():
    assert brief(*CALM, 0.3, *CALM) == [("noise", "slight", 3.2, 3.6, 2)]
    assert brief(*CALM, 0.3, 0.9, *CALM) == [("noise", "severe", 3.2, 4.0, 3)]  # moments without a gap are one fault


def test_what_all_of_a_shot_looks_like_is_no_brief_fault():
    assert brief(*[0.3] * 17) == [] and brief(*CALM, 0.2, *CALM) == []
    assert brief(*[0.02] * 8, 0.3, *[0.02] * 8) == []  # it stands out, but not by much


def test_other_shots_tell_nothing_of_a_moment_and_a_short_shot_has_none():
    assert brief(*CALM, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3, cuts=(3.2,)) == []
    assert brief(*CALM, 0.3, 0.001, *CALM, cuts=(3.2, 4.0)) == []


def test_what_windows_have_found_is_not_found_again():
    noisy = film({}, {}, *[sees(noise=("noticeable", 0.9))] * 2, {}, {}, {})
    assert [name for name, *_ in brief(*CALM, 0.9, *CALM, windows=noisy)] == ["noise"]

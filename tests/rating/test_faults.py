"""Faults with places, from what windows name."""

from __future__ import annotations

import pytest

from vqathinker.rating.faults import Sighting, find_faults
from vqathinker.rating.sureness import sureness


def film(*named: dict, step: float = 1.0, window: float = 2.0) -> list[Sighting]:
    return [Sighting(k * step, k * step + window, one) for k, one in enumerate(named)]


BLUR = {"blur": ("noticeable", 0.8)}
WORSE = {"blur": ("severe", 0.9)}


def places(sightings) -> list[tuple]:
    return [(fault.name, fault.start_s, fault.end_s) for fault in find_faults(sightings)]


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


def test_windows_that_do_not_overlap_say_so_alone():
    assert places(film({}, BLUR, BLUR, {}, step=2)) == [("blur", 2, 6)]


def test_nothing_is_joined_over_a_gap():
    assert places(film(BLUR, BLUR, step=10)) == [("blur", 0, 2), ("blur", 10, 12)]


def test_a_fault_has_its_worst_severity_its_best_window_and_the_mean_of_all_that_show_it():
    [fault] = find_faults(film({}, BLUR, WORSE, {}))
    assert (fault.severity, fault.window) == ("severe", 2)
    assert fault.confidence == pytest.approx((0.8 + 0.9) / 2)
    [single] = find_faults(film({}, WORSE, {}))
    assert single.confidence == pytest.approx(0.9 / 3) and single.window == 1


def test_faults_stand_in_the_order_of_their_beginnings():
    both = {"noise": ("slight", 0.5), "freeze": ("severe", 0.7)}
    assert [name for name, *_ in places(film({}, both, both, {"blur": ("slight", 0.5)}))] == ["noise", "freeze", "blur"]


def test_how_sure_words_were_is_told_by_the_least_sure_of_the_clause():
    pieces = "<think>|It| is| sharp|.| There| is| noise|,| and| a| blur|.|</think>".split("|")
    sure = [1, 0.3, 1, 1, 1, 0.7, 0.9, 0.6, 1, 1, 0.95, 0.5, 1, 1]
    found = sureness(pieces, sure)
    assert found["noise"] == 0.6 and found["blur"] == 0.5 and set(found) == {"noise", "blur"}
    assert sureness([], []) == {}

"""The figures of timeline_places, from windows whose truth is known."""

from __future__ import annotations

import pytest

from tests.benchmarks.timeline_judge import best_rule, judge, match, orders, pairs, told_and_right
from vqathinker.rating.faults import FaultRule

RULE = FaultRule(keep=0.5, core=0.75, slope=1.0, offset=0.0)


def version(true, named: dict[int, float], film: int = 0, length: int = 10, six: float = 3.0) -> dict:
    """Windows of two seconds, one a second; those in `named` name blur with a probability."""
    windows = [
        {
            "start_s": k, "end_s": k + 2, "score": 2.0 if k in named else 4.0,
            "defects": {"blur": "severe"} if named.get(k, 0) > 0.5 else {}, "naming": {"blur": named.get(k, 0.0)},
        }
        for k in range(length - 1)
    ]  # fmt: skip
    return {
        "film": film, "true": true, "windows": windows, "duration_s": float(length), "window_s": 2.0, "six": six,
        "version": "all", "half": 0,
    }  # fmt: skip


FOUND = version([("blur", 3.0, 5.0)], {2: 0.9, 3: 0.9, 4: 0.9})


def test_a_fault_in_its_place_is_found_without_error():
    report = judge([FOUND], RULE)
    assert report["found, 2 s (1)"] == 1 and report["start error, median, s"] == report["end error, median, s"] == 0
    assert report["F1 of (fault, second)"] == 1 and report["faults named in clean films, a minute"] is None


def test_what_is_missed_or_made_up_costs():
    report = judge([version([("noise", 3.0, 5.0)], {2: 0.9, 3: 0.9, 4: 0.9}), version([], {2: 0.9})], RULE)
    assert report["found, 2 s (1)"] == 0 and report["F1 of (fault, second)"] == 0
    assert report["faults named in clean films, a minute"] == 0  # a single window among others that do not see it
    assert match(("blur", 3, 5), [("blur", 2.5, 4), ("blur", 4.9, 9)]) == (-0.5, -1)


def test_a_short_fault_counts_in_the_second_of_its_middle():
    assert pairs([("blur", 1.9, 2.3), ("noise", 0.0, 2.6)], 5) == {
        ("blur", 2), ("noise", 0), ("noise", 1), ("noise", 2),
    }  # fmt: skip


def test_the_rule_that_fits_finds_what_the_milder_one_misses():
    shy = [version([("blur", 3.0, 7.0)], {2: 0.3, 3: 0.6, 4: 0.5, 5: 0.5, 6: 0.3})]
    fitted = best_rule(shy)
    assert judge(shy, RULE)["F1 of (fault, second)"] < judge(shy, fitted)["F1 of (fault, second)"] == 1
    once, right = told_and_right(shy, fitted)
    often, _ = told_and_right(shy, best_rule(12 * shy))
    assert right.all() and 0.45 < once.mean() < 0.6 < often.mean()  # one fault that was right says little of others


def test_orders_are_of_versions_of_one_film():
    clean = version([], {}, six=2.0)
    report = orders([FOUND, clean, version([], {2: 0.9}, film=1)])
    assert list(report) == [f"more degraded is lower, by {kind} (1)" for kind in ("timeline", "mean", "six frames")]
    assert list(report.values()) == pytest.approx([1, 1, 0])

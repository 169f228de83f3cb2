"""The measures of the model card, on answers whose result is known."""

import numpy as np
import pytest

from training.evaluate import defect_report, ladder_pairs, order_report, share_in_order, summary


def row(index, **values):
    base = {
        "id": str(index),
        "group": "clips",
        "kind": "pseudo",
        "mos": 3.0,
        "family": "blur",
        "ladder": None,
        "strength": 0.0,
        "defects": [],
    }
    return base | values


def test_pairs_are_counted_within_a_ladder_and_ties_are_wrong():
    rows = [row(i, ladder="a", strength=float(i)) for i in range(3)] + [row(3, ladder="b", strength=9.0)]
    pairs = ladder_pairs(rows, np.array([3.0, 2.0, 2.0, 5.0]))
    assert pairs == {"blur": {"a": [True, True, False]}}


def test_order_is_reported_for_all_and_for_each_family():
    rows = [
        row(0, ladder="a", strength=1.0),
        row(1, ladder="a", strength=2.0),
        row(2, ladder="n", family="noise", strength=1.0),
        row(3, ladder="n", family="noise", strength=2.0),
    ]
    report = order_report(rows, np.array([3.0, 2.0, 2.0, 3.0]))
    assert report["all"]["value"] == 0.5 and report["all"]["pairs"] == 2
    assert report["families"]["blur"]["value"] == 1.0 and report["families"]["noise"]["value"] == 0.0


def test_the_interval_of_a_perfect_order_has_no_width():
    assert share_in_order([[True, True], [True]]) == {"value": 1.0, "low": 1.0, "high": 1.0, "pairs": 3}


def test_defects_are_scored_on_samples_whose_truth_is_known():
    blur, noise = [{"name": "blur", "severity": "slight"}], [{"name": "noise", "severity": "severe"}]
    rows = [row(0, defects=blur), row(1, defects=blur), row(2, defects=noise), row(3, kind="human", group="clive")]
    predictions = [{"defects": blur}, {"defects": []}, {"defects": noise + blur}, {"defects": noise}]
    report = defect_report(rows, predictions)
    assert report["each"]["blur"] == {"precision": 0.5, "recall": 0.5, "f1": 0.5, "samples": 2}
    assert report["each"]["noise"]["f1"] == 1.0
    assert report["macro_f1"]["value"] == pytest.approx(0.75)
    assert report["samples"] == 3


def test_a_summary_leaves_out_what_could_not_be_rated():
    rows = [
        row(i, mos=1.0 + i, ladder="a", strength=float(-i), defects=[{"name": "blur", "severity": "slight"}])
        for i in range(4)
    ]
    lines = [
        {"id": str(i), "score": 1.5 + i, "expected": 1.0 + i, "defects": [], "well_formed": i > 0} for i in range(3)
    ]
    result = summary(rows, [*lines, {"id": "3", "error": "gone"}], "tiny")
    assert result["samples"] == 3 and result["not_rated"] == 1
    assert result["sets"]["pseudo"]["score"]["srcc"]["value"] == pytest.approx(1.0)
    assert result["sets"]["pseudo"]["score"]["mae"]["value"] == pytest.approx(0.5)
    assert result["well_formed"] == pytest.approx(2 / 3)

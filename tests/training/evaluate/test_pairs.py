"""How often a preference is right, on answers whose errors are known."""

from __future__ import annotations

import numpy as np
import pytest

from training.evaluate.pairs import FEWEST_PAIRS, PROBABILITY_EDGES, reliability

CALIBRATION = {"factor": 1.0, "floor": 0.3}


def made(count: int, seed: int, name: str = "clive", error: float = 0.3) -> list[dict]:
    """Scores with normal errors of the deviation `error`; the calibration expects 0.3."""
    rng = np.random.default_rng(seed)
    scores = rng.uniform(1.5, 4.5, count)
    mos = scores + rng.normal(0, error, count)
    rows = zip(scores, mos, strict=True)
    return [
        {"set": name, "content": f"{name}:{k}", "score": float(s), "mos": float(m), "variance": 0.0}
        for k, (s, m) in enumerate(rows)
    ]


def test_what_is_said_is_what_happens_where_the_errors_are_as_calibrated():
    for step in reliability(made(700, 0), CALIBRATION):
        assert step["from"] - 0.03 <= step["right"] <= step["to"] + 0.03
        assert step["low"] <= step["right"] <= step["high"] and step["pairs"] >= FEWEST_PAIRS


def test_a_model_that_is_surer_than_it_should_be_is_found_out():
    wrong = {step["from"]: step for step in reliability(made(500, 1, error=1.5), CALIBRATION)}
    assert wrong[PROBABILITY_EDGES[4]]["high"] < PROBABILITY_EDGES[4]


def test_a_small_set_counts_as_much_as_a_large_one():
    good, bad = made(500, 2), made(120, 3, "avt", error=3.0)
    both = {step["from"]: step["right"] for step in reliability([*good, *bad], CALIBRATION)}
    alone = [{step["from"]: step["right"] for step in reliability(some, CALIBRATION)} for some in (good, bad)]
    for low in both:
        assert both[low] == pytest.approx((alone[0][low] + alone[1][low]) / 2)


def test_pairs_of_one_content_of_two_sets_and_of_equal_scores_by_people_do_not_count():
    lines = made(60, 4)
    assert sum(step["pairs"] for step in reliability(lines, CALIBRATION)) > 1000
    assert reliability([line | {"content": "same"} for line in lines], CALIBRATION) == []
    assert reliability([line | {"mos": 3.0} for line in lines], CALIBRATION) == []
    assert reliability([line | {"set": f"set {k}"} for k, line in enumerate(lines)], CALIBRATION) == []


def test_the_same_lines_give_the_same_intervals():
    assert reliability(made(80, 5), CALIBRATION) == reliability(made(80, 5), CALIBRATION)

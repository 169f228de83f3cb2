"""The drawings say what the numbers say: places on the scale, and areas that are probabilities."""

from __future__ import annotations

import math
import re

import pytest

from tests.space.markup import parse
from vqathinker.rating import first_better
from vqathinker.space.widgets.charts import (
    RADIUS,
    AxisRow,
    axis,
    bell_of,
    bell_path,
    bells,
    gauge,
    on_arc,
    percent,
    place,
)


@pytest.mark.parametrize(("score", "share"), [(1, 0), (2, 0.25), (5, 1), (0.2, 0), (7, 1)])
def test_places_on_the_scale(score: float, share: float):
    assert place(score) == share


def test_the_gauge_runs_from_left_over_the_top_to_the_right():
    (left, low), (middle, top), (right, low_again) = (on_arc(score) for score in (1, 3, 5))
    assert left < middle < right and top < low == pytest.approx(low_again)


def test_an_interval_is_an_arc_outside_of_the_gauge_and_else_there_is_a_dot():
    page = parse(gauge(3.0, 3.1, (2.0, 4.5)))
    [arc] = page.classed("interval")
    assert page.classed("expected") == []
    x, y, *_, end_x, end_y = map(float, re.findall(r"[\d.]+", arc["d"]))
    assert (x, y) == pytest.approx(on_arc(2.0, RADIUS + 14), abs=0.06)
    assert (end_x, end_y) == pytest.approx(on_arc(4.5, RADIUS + 14), abs=0.06)
    assert len(parse(gauge(3.0, 3.1)).classed("expected")) == 1


def points(path: str) -> list[tuple[float, float]]:
    return [tuple(map(float, pair.split())) for pair in re.findall(r"[\d.]+ [\d.]+", path)]


def area(path: str) -> float:
    curve = points(path)
    steps = zip(curve, curve[1:], strict=False)
    return sum((x2 - x1) * ((40 - y1) + (40 - y2)) / 2 for (x1, y1), (x2, y2) in steps)


@pytest.mark.parametrize(
    "scores", [([3.4, 3.9, 3.1], [2.9, 3.3, 3.6]), ([2.0, 2.2], [4.0, 3.9]), ([3.0, 4.0], [3.0, 4.0])]
)
def test_the_filled_share_of_the_difference_is_the_probability(scores):
    first, second = (AxisRow(row, 3.0) for row in scores)
    gap, width = first.mean - second.mean, math.hypot(first.spread, second.spread)
    share = area(bell_path(gap, width, -4, 4, start=0.0)) / area(bell_path(gap, width, -4, 4))
    assert share == pytest.approx(first_better(*scores), abs=0.01)


def test_a_bell_without_spread_is_a_spike_that_can_be_drawn():
    curve = points(bell_path(3.0, 0.0, 1, 5))
    assert min(y for _, y in curve) == pytest.approx(2, abs=0.2)
    assert all(0 <= x <= 100 and 0 <= y <= 40 for x, y in curve)


def test_two_bells_and_their_difference_are_told_to_who_cannot_see_them():
    rows = AxisRow([3.0, 4.0], 3.5, "A", "first"), AxisRow([2.0, 3.0], 2.5, "B", "second")
    drawn = [bell_of(row) for row in rows]
    page = parse(bells(*drawn, first_better(rows[0].scores, rows[1].scores), "Both"))
    assert len(page.named("path")) == 4 and "Both" in page.text
    labels = " ".join(svg["aria-label"] for svg in page.named("svg"))
    assert (
        "A: own answer 3.50; 2 sampled answers, mean 3.50, spread 0.71" in labels and "84% of it lies above 0" in labels
    )


def test_an_axis_has_a_row_for_each_video_even_without_sampled_answers():
    page = parse(axis([AxisRow([], 2.0, "in order"), AxisRow([3.0], 4.0, "disordered", "second")]))
    assert [row["aria-label"] for row in page.classed("vq-row")] == [
        "in order: own answer 2.00",
        "disordered: own answer 4.00; 1 sampled answers, mean 3.00",
    ]
    assert len(page.classed("own")) == 2 and len(page.classed("dot")) == 1


def test_no_probability_is_certain():
    assert percent(0.99999) == "over 99%" and percent(0.0) == "under 1%" and percent(0.123) == "12%"

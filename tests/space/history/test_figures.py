"""What plotly is given: every logged figure at its step, named, told, and on the axes that it belongs to."""

from __future__ import annotations

import json

import pytest

from tests.space.markup import parse
from tests.space.stories import content, story
from vqathinker.space.history.curves import running_mean
from vqathinker.space.history.figures import LEAST_SPAN, axis_range, figures, swatch


def rows_of(figure: dict, **wanted: object) -> list[dict]:
    return [row for row in figure["data"] if all(row.get(key) == value for key, value in wanted.items())]


def test_a_curve_goes_through_its_steps(tmp_path):
    found = story(tmp_path)
    earned = figures(found)["earned"]
    [dots] = rows_of(earned, mode="markers")
    assert dots["x"] == list(found.steps) and dots["y"] == list(found.columns["reward"])
    [line] = rows_of(earned, mode="lines", legendgroup="reward")
    assert line["y"] == [round(mean, 4) for mean in running_mean(found.columns["reward"], 1)]
    assert earned["told"].startswith("Total reward: running mean from 2 to 2.9 over 10 steps")
    [kl, *_] = rows_of(figures(found)["health"], legendgroup="kl", mode="markers")
    assert kl["y"][0] is None, "a step without a figure has no dot"


def test_all_axes_of_a_figure_are_there_and_none_is_without_a_curve(tmp_path):
    for figure in figures(story(tmp_path)).values():
        axes = {f"yaxis{row['yaxis'][1:]}" for row in figure["data"]}
        axes |= {f"xaxis{row.get('xaxis', 'x')[1:]}" for row in figure["data"]}
        assert axes == {key for key in figure["layout"] if "axis" in key}
        assert all(0 <= low < high <= 1 for low, high in (
            figure["layout"][key]["domain"] for key in axes if "domain" in figure["layout"][key]
        ))  # fmt: skip


def test_the_stages_stand_before_grpo_on_axes_of_their_own(tmp_path):
    checked = figures(story(tmp_path))["checked"]
    assert [label["text"] for label in checked["layout"]["annotations"]] == ["vision", "language", "GRPO"]
    [ours] = rows_of(checked, xaxis="x")
    assert (ours["x"], ours["name"]) == ([0, 5, 10], "LIVE-Challenge")
    assert ours["y"] == pytest.approx([0.7, 0.75, 0.8])
    assert [row["x"] for row in checked["data"] if row["xaxis"] != "x"] == [[20], [20, 40]]
    assert "LIVE-Challenge in GRPO: 0.7 at step 0, 0.75 at step 5, 0.8 at step 10" in checked["told"]
    alone = figures(story(tmp_path, supervised=[]))["checked"]
    assert alone["layout"]["xaxis"]["domain"] == [0, 1]


def test_what_was_not_logged_is_no_figure(tmp_path):
    bare = story(tmp_path, steps={"step": [1], "reward": [2.0]}, validation=[], supervised=[], probes=[])
    assert list(figures(bare)) == ["earned"]
    steps = content()["steps"]
    del steps["format"]
    assert "yaxis" not in figures(story(tmp_path, steps=steps))["earned"]["layout"]


def test_figures_are_json_without_numbers_that_are_none(tmp_path):
    assert json.loads(json.dumps(figures(story(tmp_path)), allow_nan=False))


def test_a_small_change_does_not_fill_the_height():
    low, high = axis_range([0.90, 0.89])
    assert high - low == pytest.approx(LEAST_SPAN) and low < 0.89 < 0.9 < high
    assert axis_range([0.0, 1.0])[0] < 0 and axis_range([0.0, 1.0])[1] > 1


def test_two_curves_of_a_figure_differ_by_more_than_colour(tmp_path):
    for figure in figures(story(tmp_path)).values():
        lines = [row for row in figure["data"] if "line" in row and row.get("xaxis", "x") == "x"]
        looks = {(row["yaxis"], row["line"]["dash"]) for row in lines}
        assert len(looks) == len(lines)
    assert parse(swatch("own")).named("line")[0].get("stroke-dasharray") is None
    assert parse(swatch("avt")).named("line")[0]["stroke-dasharray"]

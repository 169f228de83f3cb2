"""The tab as HTML: curves that go through the figures, slots for every step, and nothing that breaks out of it."""

from __future__ import annotations

import math
import re
import statistics

import pytest

from tests.space.markup import parse
from tests.space.stories import content, save, story
from vqathinker.space.history import curves
from vqathinker.space.history.log import FILE, MISSING, Change
from vqathinker.space.history.page import page, slots, whisker
from vqathinker.space.history.replay import marked, words
from vqathinker.space.history.tab import content as tab
from vqathinker.space.widgets.charts import Answers, axis


@pytest.mark.parametrize(
    ("values", "ticks"),
    [
        ([0.81, 0.94], (0.8, 0.85, 0.9, 0.95)),
        ([2.81, 3.18], (2.8, 3.0, 3.2)),
        ([41, 47], (40, 42, 44, 46, 48)),
        ([0.5, 0.5], (0.48, 0.5, 0.52)),
    ],
)
def test_ticks_are_round_and_hold_all_values(values: list, ticks: tuple):
    found = curves.scale(values)
    assert found.ticks == pytest.approx(ticks)
    assert all(
        f"{tick:.{found.digits}f}" == f"{want:.{found.digits}f}" for tick, want in zip(found.ticks, ticks, strict=True)
    )
    assert all(-1e-9 <= found.share(value) <= 1 + 1e-9 for value in values)


@pytest.mark.parametrize("values", [[0.0], [1e-5, 3e-4], [-2.0, 5.0], [1e6, 3e6], [0.99999, 1.0]])
def test_any_values_have_a_scale(values: list):
    for zero in (False, True):
        found = curves.scale(values, zero)
        assert 2 <= len(found.ticks) <= 6 and all(-1e-6 <= found.share(v) <= 1 + 1e-6 for v in values)
    assert curves.scale([0.01, 0.06], zero=True).ticks[0] == 0


def test_the_running_mean_is_that_of_the_neighbours():
    assert curves.running_mean([1.0, 2.0, 6.0, None, None, None], 3) == [1.5, 3.0, 4.0, 6.0, None, None]
    values = [math.sin(k) for k in range(40)]
    assert curves.running_mean(values, 7) == pytest.approx(
        [statistics.fmean(values[max(0, k - 3) : k + 4]) for k in range(40)]
    )
    assert curves.running_mean([1.0, 2.0], 1) == [1.0, 2.0]
    assert [curves.window_of(n) for n in (1, 13, 14, 64, 5000)] == [1, 1, 3, 9, 51]


def path_of(html: str, css: str) -> list[tuple[float, float]]:
    [path] = [tag["d"] for tag in parse(html).named("path") if tag["class"] == css]
    return [tuple(map(float, pair.split())) for pair in re.findall(r"-?[\d.]+ -?[\d.]+", path)]


def test_a_curve_goes_through_its_steps(tmp_path):
    found = story(tmp_path)
    html = curves.step_chart(found, "reward", "Total reward")
    raw = path_of(html, "raw")
    ticks = curves.scale(found.columns["reward"])
    assert raw == [
        pytest.approx((100 * step / 10, 100 - 100 * ticks.share(value)), abs=0.01)
        for step, value in zip(found.steps, found.columns["reward"], strict=True)
    ]
    assert len(path_of(html, "mean")) == 10
    [drawing] = parse(html).named("svg")
    assert drawing["aria-label"] == (
        "Total reward over 10 steps: running mean from 2.00 to 2.90, single steps between 2.00 and 2.90"
    )
    assert len(path_of(curves.step_chart(found, "kl", "KL"), "raw")) == 9, "a step without a figure has no dot"
    assert curves.step_chart(found, "bonus", "Bonus") == ""


def test_the_start_is_marked_and_the_stages_stand_before_it(tmp_path):
    html = curves.agreement_chart(story(tmp_path))
    parsed = parse(html)
    assert re.findall(r"learned-part[^>]*>(\w+)<", html) == ["vision", "language", "GRPO"], "motion has no score"
    drawings = parsed.named("svg")
    assert "LIVE-Challenge, 0.70 at step 0, 0.75 at step 5, 0.80 at step 10" in drawings[2]["aria-label"]
    level = [tag["d"] for tag in parsed.named("path") if tag["class"] == "begin clive"]
    ticks = curves.scale([0.4, 0.6, 0.8, 0.7, 0.75])
    assert level == [f"M0 {100 - 100 * ticks.share(0.7):.2f}H100"]
    assert len(parsed.classed("learned-now")) == 1, "only GRPO has the line of the slider"
    assert "up to 60 samples" in parsed.text and "AVT" not in parsed.text
    assert curves.agreement_chart(story(tmp_path, supervised=[], validation=[])) == ""
    alone = curves.agreement_chart(story(tmp_path, supervised=[]))
    assert "samples" not in alone and "Dotted" in alone
    again = "second run of the supervised start"
    assert again in curves.agreement_chart(story(tmp_path, repeat=True)) and again not in html + alone
    assert again not in curves.agreement_chart(story(tmp_path, supervised=[], repeat=True))


def test_the_figures_are_those_of_the_step(tmp_path):
    found = story(tmp_path)
    assert curves.step_figure(found, "reward", 0) == "–" and curves.step_figure(found, "reward", 5) == "2.40"
    assert curves.step_figure(found, "bonus", 5) == "–"
    told = [curves.checked_figure(found, "clive_greedy_srcc", step) for step in (0, 3, 5)]
    assert told == ["0.700", "–", "0.750 (+0.050)"]
    assert curves.checked_figure(found, "reward", 10) == "2.400 (−0.100)"
    assert curves.checked_figure(found, "avt_greedy_srcc", 10) == "–"


def test_every_step_fills_the_same_slots_and_the_last_is_shown(tmp_path):
    found = story(tmp_path)
    html = page(found)
    parsed = parse(html)
    templates = parsed.named("template")
    assert [(t["data-at"], t["data-told"]) for t in templates] == [
        ("0.0000", "step 0 of 10"),
        ("0.5000", "step 5 of 10"),
        ("1.0000", "step 10 of 10"),
    ]
    frame, *kept = re.split(r"<template[^>]*>", html)
    here = re.findall(r'data-slot="([^"]+)"', frame)
    assert len(here) == len(set(here)) and {"step", "notice", "reward", "axis-0", "said-1", "srcc-clive"} <= set(here)
    for part, step in zip(kept, found.saves, strict=True):
        assert set(here) <= set(re.findall(r'data-slot="([^"]+)"', part)) == set(slots(found, step))
    [slider] = [tag for tag in parsed.named("input") if tag["type"] == "range"]
    assert (slider["min"], slider["max"], slider["value"]) == ("0", "2", "2")
    assert slider["aria-valuetext"] == "step 10 of 10" and "--at:1.0000" in parsed.classed("learned")[0]["style"]
    assert slots(found, 10)["notice"] in frame and slots(found, 10)["axis-0"] in frame


def test_what_a_model_wrote_stays_text(tmp_path):
    probes = content()["probes"][:1]
    probes[0]["saves"] = [
        save(0, 3.0, [3.0, 3.1], "<script>alert(1)</script>"),
        save(5, 3.0, [3.0], "<b data-slot=step>"),
    ]
    html = page(story(tmp_path, probes=probes))
    assert "<script" not in html and "<b data-slot=step" not in html and "&lt;script&gt;" in html
    assert "Photograph &lt;7&gt;" in html


@pytest.mark.parametrize(
    "lacking",
    [
        {"probes": []},
        {"study": None},
        {"supervised": []},
        {"validation": []},
        {"settings": {}},
        {"probes": [], "study": None, "supervised": [], "validation": [], "settings": {}},
        {"steps": {"step": [1], "reward": [2.0]}, "validation": [], "probes": []},
    ],
)
def test_a_log_that_lacks_a_part_is_shown_without_it(tmp_path, lacking: dict):
    parsed = parse(page(story(tmp_path, **lacking)))
    assert "How it learned" in parsed.text and "NaN" not in parsed.text and "None" not in parsed.text


def test_a_video_that_was_not_kept_at_a_step_says_so(tmp_path):
    probes = content()["probes"]
    probes[1]["saves"] = probes[1]["saves"][:2]
    filled = slots(story(tmp_path, probes=probes), 10)
    assert filled["said-1"] == "Nothing was kept at this step." and filled["axis-1"] == "" and filled["axis-0"]


def test_cut_answers_are_told(tmp_path):
    assert "No answer was cut at the limit of 110 tokens." in page(story(tmp_path))
    steps = content()["steps"] | {"completions/clipped_ratio": [0.0] * 9 + [0.25]}
    assert "In no step more than 25% of the answers were cut" in page(story(tmp_path, steps=steps))


def test_only_words_that_were_not_there_are_marked():
    assert (
        marked("It is very sharp & wide", "It was very sharp")
        == "It <mark>is</mark> very sharp <mark>&amp; wide</mark>"
    )
    assert marked("same words", "same words") == "same words"
    assert words("<think> Sharp. </think><answer>3.00</answer>") == "Sharp." and words("no form") == "no form"


def test_a_row_tells_mos_start_and_what_cannot_be_read():
    parsed = parse(axis([Answers([3.0], None, before=2.5, people=3.25)]))
    [row] = parsed.classed("vq-row")
    assert row["aria-label"] == "own answer unreadable, MOS 3.25; 1 sampled answers, mean 3.00"
    assert (
        parsed.classed("people")[0]["style"] == "left:56.25%" and parsed.classed("before")[0]["style"] == "left:37.50%"
    )
    assert not parsed.classed("own")


def test_a_whisker_crosses_the_middle_only_if_the_interval_holds_0():
    def ends(change: Change) -> tuple[float, float]:
        left, width = map(
            float, re.search(r'class="span" style="left:([\d.]+)%;width:([\d.]+)%', whisker(change)).groups()
        )
        return left, left + width

    low, high = ends(Change(0.01, -0.01, 0.02))
    assert low < 50 < high <= 100 and "beyond" not in whisker(Change(0.01, -0.01, 0.02))
    assert ends(Change(0.02, 0.01, 0.04))[0] > 50 and "beyond" in whisker(Change(0.02, 0.01, 0.04))
    assert ends(Change(-0.02, -0.04, -0.01))[1] < 50 and whisker(Change(None, None, None)) == ""


def test_the_tab_says_in_one_sentence_that_there_is_no_log(tmp_path):
    assert MISSING.split("(")[0] in parse(tab(tmp_path)).text and "learned" not in tab(tmp_path)
    (tmp_path / FILE).write_text("<b>{")
    assert "cannot be read" in parse(tab(tmp_path)).text

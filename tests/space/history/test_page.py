"""The tab as HTML: curves that go through the figures, slots for every step, and nothing that breaks out of it."""

from __future__ import annotations

import json
import math
import re
import statistics

import pytest

from tests.space.markup import parse
from tests.space.stories import content, save, story
from vqathinker.space.history import curves
from vqathinker.space.history.log import LOG_FILE, MISSING, Change
from vqathinker.space.history.page import page, slots, whisker
from vqathinker.space.history.replay import marked_changes, words
from vqathinker.space.history.tab import content as tab
from vqathinker.space.widgets.charts import AxisRow, axis


def test_the_running_mean_is_that_of_the_neighbours():
    assert curves.running_mean([1.0, 2.0, 6.0, None, None, None], 3) == [1.5, 3.0, 4.0, 6.0, None, None]
    values = [math.sin(k) for k in range(40)]
    assert curves.running_mean(values, 7) == pytest.approx(
        [statistics.fmean(values[max(0, k - 3) : k + 4]) for k in range(40)]
    )
    assert curves.running_mean([1.0, 2.0], 1) == [1.0, 2.0]
    assert [curves.smoothing_window(n) for n in (1, 13, 14, 64, 5000)] == [1, 1, 3, 9, 51]


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
    assert [(t["data-step"], t["data-told"]) for t in templates] == [
        ("0", "step 0 of 10"),
        ("5", "step 5 of 10"),
        ("10", "step 10 of 10"),
    ]
    frame, *kept = re.split(r"<template[^>]*>", html)
    here = re.findall(r'data-slot="([^"]+)"', frame)
    assert len(here) == len(set(here)) and {"step", "notice", "reward", "axis-0", "said-1", "srcc-clive"} <= set(here)
    for part, step in zip(kept, found.saves, strict=True):
        assert set(here) <= set(re.findall(r'data-slot="([^"]+)"', part)) == set(slots(found, step))
    [slider] = [tag for tag in parsed.named("input") if tag["type"] == "range"]
    assert (slider["min"], slider["max"], slider["value"]) == ("0", "2", "2")
    assert slider["aria-valuetext"] == "step 10 of 10"
    assert slots(found, 10)["notice"] in frame and slots(found, 10)["axis-0"] in frame


def test_the_first_answer_stands_beside_that_of_the_step(tmp_path):
    found = story(tmp_path)
    frame = page(found).split("<template")[0]
    first, second = frame.split("<article")[1:3]
    assert "At the start" in first and "<b>3.50</b> It is sharp." in first.split('data-slot="said-0"')[0]
    assert slots(found, 5)["at-0"] == "After step 5" and slots(found, 0)["at-0"] == "At the start"
    assert "People gave it <b>3.00</b>" in first and "By rules it has <b>2.00</b>" in second


def test_a_picture_is_shown_where_there_is_one_and_else_told(tmp_path):
    probes = content()["probes"]
    probes[0] |= {"title": "A phone photograph", "picture": "data:image/jpeg;base64,AAAA", "credit": "(c) <somebody>"}
    parsed = parse(page(story(tmp_path, probes=probes)))
    [image] = [tag for tag in parsed.named("img")]
    assert image == {"src": "data:image/jpeg;base64,AAAA", "alt": "A phone photograph"}
    assert "(c) <somebody>" in parsed.text and len(parsed.classed("learned-tile")) == 1
    assert "Clip b: rules gave it 2.0. Its licence keeps it from being shown." in parsed.text


def test_each_curve_has_a_button_with_its_number(tmp_path):
    parsed = parse(page(story(tmp_path)))
    keys = [tag["data-figure"] for tag in parsed.named("figure")]
    assert keys == ["earned", "checked", "kept", "health"]
    series = [tag["data-series"] for tag in parsed.named("button") if "data-series" in tag]
    assert series == ["reward", "format", "clive", "reward", "kl", "completions/mean_length"]
    drawn = json.loads(parsed.classed("learned")[0]["data-figures"])
    groups = {row["legendgroup"] for key in keys for row in drawn[key]["data"]}
    assert groups == set(series), "every curve can be hidden"


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
        marked_changes("It is very sharp & wide", "It was very sharp")
        == "It <mark>is</mark> very sharp <mark>&amp; wide</mark>"
    )
    assert marked_changes("same words", "same words") == "same words"
    assert words("<think> Sharp. </think><answer>3.00</answer>") == "Sharp." and words("no form") == "no form"


def test_a_row_tells_mos_start_and_what_cannot_be_read():
    parsed = parse(axis([AxisRow([3.0], None, before=2.5, people=3.25)]))
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
    (tmp_path / LOG_FILE).write_text("<b>{")
    assert "cannot be read" in parse(tab(tmp_path)).text

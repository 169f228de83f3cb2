"""A visitor compares two videos in a real Chromium."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests import raters
from tests.browser.tabs import open_tab
from tests.browser.test_rate import EXAMPLES, FOLDER, overflow
from vqathinker.bundled import checkpoint_folder
from vqathinker.space.compare.often import how_often, read_steps
from vqathinker.space.compare.tab import EXAMPLE_PAIRS
from vqathinker.space.compare.views import better_one, preference_of_reports
from vqathinker.space.settings import Settings
from vqathinker.space.widgets.records import read_records


def open_compare(visit, **options) -> Page:
    page = visit(**options)
    open_tab(page, "Compare")
    expect(page.locator("#pairs button").first).to_be_visible()
    return page


def choose(page: Page, letter: str, path) -> None:
    page.locator(f"#upload-{letter} input[type=file]").set_input_files(path)
    expect(page.locator(f"#slot-{letter}")).to_contain_text(path.name)


def test_two_uploads_are_compared_as_the_python_interface_compares_them(visit, clip):
    page = open_compare(visit)
    page.locator("#compare-count").get_by_text("4", exact=True).click()
    choose(page, "a", clip("plain.mp4"))
    choose(page, "b", clip("odd.mp4"))
    page.locator("#compare").click()
    told = page.locator("#outcome .vq-told")
    expect(told).to_be_visible()
    rows = [page.locator(f"#outcome .vq-row.{kind} .dot") for kind in ("first", "second")]
    scores = [sorted(float(dot.get_attribute("title")) for dot in row.all()) for row in rows]
    assert all(2 <= len(row) <= 4 for row in scores)
    sides = raters.tiny().compare(clip("plain.mp4"), clip("odd.mp4"), rollouts=4)
    assert scores == [sorted(side.rollout_scores) for side in (sides.first, sides.second)]
    expect(told).to_have_text(better_one(sides.probability_first_better))
    for letter in "ab":
        expect(page.locator(f"#side-{letter} .vq-score b")).to_have_text(re.compile(r"^[1-5]\.\d\d$"))
    expect(page.locator("#outcome .vq-bells path")).to_have_count(4)
    expect(page.locator("#compare-status")).to_contain_text("Both rated in")


def test_a_pair_is_answered_at_once_from_the_records(visit):
    page = open_compare(visit, color_scheme="dark")
    page.locator("#pairs button").first.click()
    records = read_records([FOLDER / entry["file"] for entry in EXAMPLES], Settings(examples=FOLDER))
    reports = [records[FOLDER / name].report for name in EXAMPLE_PAIRS[0]]
    expect(page.locator("#outcome .vq-told")).to_have_text(better_one(preference_of_reports(*reports)))
    often = how_often(
        read_steps(checkpoint_folder("tiny")), max(preference_of_reports(*reports), 1 - preference_of_reports(*reports))
    )
    expect(page.locator("#outcome .vq-often")).to_have_text([often] if often else [])
    for letter, report in zip("ab", reports, strict=True):
        expect(page.locator(f"#side-{letter} .vq-score b")).to_have_text(f"{report['score']:.2f}")


def test_one_video_is_not_enough_and_a_bad_one_is_told(visit, clip):
    page = open_compare(visit)
    choose(page, "b", clip("plain.mp4"))
    page.locator("#compare").click()
    expect(page.locator("#compare-status")).to_contain_text("A is missing")
    choose(page, "a", clip("text.mp4"))
    page.locator("#compare").click()
    expect(page.locator("#compare-status")).to_contain_text("is a text file")
    expect(page.get_by_test_id("toast-body")).to_contain_text("This file cannot be rated")
    choose(page, "a", clip("odd.mp4"))
    page.locator("#compare").click()
    expect(page.locator("#outcome .vq-told")).to_be_visible()


def test_stop_ends_the_comparison_and_it_can_be_started_again(visit, clip):
    page = open_compare(visit)
    choose(page, "a", FOLDER / EXAMPLES[0]["file"])
    choose(page, "b", clip("plain.mp4"))
    page.locator("#compare-count").get_by_text("16", exact=True).click()
    page.locator("#compare").click()
    page.locator("#compare-stop").click()
    expect(page.locator("#compare-status")).to_contain_text("Stopped")
    expect(page.locator("#compare")).to_be_visible()
    expect(page.locator("#outcome")).to_be_empty()
    page.locator("#compare").click()
    expect(page.locator("#outcome .vq-told")).to_be_visible()


def test_it_fits_a_phone(visit):
    page = open_compare(visit, viewport={"width": 360, "height": 800}, has_touch=True, is_mobile=True)
    assert overflow(page) == 0
    page.locator("#pairs button").first.click()
    expect(page.locator("#outcome .vq-told")).to_be_visible()
    assert overflow(page) == 0


def test_two_timelines_lie_in_one_figure_and_go_with_the_videos(visit):
    page = visit()
    open_tab(page, "Compare")
    page.locator("#pairs button").first.click()
    page.locator("#timelines-start").click()
    expect(page.locator("#timelines-status")).to_contain_text("windows rated")
    expect(page.locator("#timelines-plot .js-plotly-plot")).to_be_visible()
    expect(page.locator("#timelines .vq-whole")).to_have_count(2)
    slider = page.locator("#timelines").get_by_role("slider", name="Moment")
    slider.press("End")
    at = "[...document.querySelectorAll('#player-a video, #player-b video')].map(video => video.currentTime)"
    page.wait_for_function(f"{at}.every(time => time > 1.5)")
    page.locator("#pairs button").nth(1).click()
    expect(page.locator("#timelines-plot")).to_be_hidden()

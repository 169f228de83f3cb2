"""What a visitor sees before doing anything, and the pictures that they may score first, in a real Chromium."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PATIENCE_MS
from tests.browser.test_rate import EXAMPLES, FOLDER, overflow, score, tab_to
from vqathinker.space.rate.opening import EXAMPLE
from vqathinker.space.settings import Settings
from vqathinker.space.widgets import texts
from vqathinker.space.widgets.records import load_rated, read_records

expect.set_options(timeout=PATIENCE_MS)
RATED = load_rated(FOLDER)
PHONE = {"viewport": {"width": 360, "height": 800}, "has_touch": True, "is_mobile": True}


def test_an_example_stands_there_with_its_rating_and_all_that_can_be_done_with_it(visit):
    [entry] = [entry for entry in EXAMPLES if entry["file"] == EXAMPLE]
    report = read_records([FOLDER / EXAMPLE], Settings(examples=FOLDER))[FOLDER / EXAMPLE].report
    page = visit()
    assert score(page) == pytest.approx(report["score"], abs=0.005)
    expect(page.locator("#status")).to_contain_text("An example, recorded with this model")
    expect(page.locator("#caption")).to_contain_text(entry["notice"])
    expect(page.locator("#film figure")).to_have_count(6)
    expect(page.locator("#place svg")).to_have_attribute("aria-label", re.compile("got a (score|lower)"))
    expect(page.locator("#timeline-start")).to_be_visible()
    page.locator("#rate").click()
    expect(page.locator("#status li.done")).to_have_count(3)
    assert score(page) == pytest.approx(report["score"], abs=0.005)
    page.get_by_text("Report (JSON)").click()
    expect(page.locator("#report")).to_contain_text(EXAMPLE)


def test_the_order_of_the_opening_example_can_be_checked_at_once(visit):
    page = visit()
    page.get_by_role("button", name="Does the order").click()
    page.locator("#check-order").click()
    expect(page.locator("#checked .vq-row")).to_have_count(2)


def test_on_a_phone_the_score_is_in_the_first_view(visit):
    page = visit(**PHONE)
    expect(page.locator(".vq-at-once b")).to_be_in_viewport(ratio=1)
    expect(page.locator(".vq-to-lab")).to_be_in_viewport(ratio=1)
    assert overflow(page) == 0


def test_one_line_leads_teachers_to_the_lab(visit):
    for options in ({}, PHONE):
        page = visit(**options)
        tab_to(page, "#teachers")
        page.keyboard.press("Enter")
        expect(page.locator(".lab-strip")).to_be_visible()
        expect(page.locator("#verdict")).to_be_hidden()


def open_first(page: Page) -> None:
    page.get_by_role("button", name=texts.FIRST).click()
    expect(page.locator(".vq-first img")).to_be_visible()


@pytest.mark.parametrize("options", [{}, PHONE], ids=["desk", "phone"])
def test_who_scores_first_sees_people_and_the_model_afterwards(visit, options: dict):
    records = read_records([FOLDER / entry["file"] for entry in RATED], Settings(examples=FOLDER))
    said = [round(records[FOLDER / entry["file"]].report["score"], 2) for entry in RATED]
    page = visit(**options)
    open_first(page)
    told, slider = page.locator(".vq-told-first"), page.locator(".vq-first input")
    for k in range(2):
        expect(page.locator(".vq-first img")).to_have_attribute("src", re.compile(re.escape(RATED[k]["file"]) + "$"))
        page.wait_for_function("document.querySelector('.vq-first img').naturalWidth > 300")
        expect(told).to_be_empty()
        slider.press("ArrowRight")
        expect(page.locator(".vq-mine b")).to_have_text("3.1")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        expect(told.locator(".people b")).to_have_text(f"{RATED[k]['mos']:.2f}")
        expect(told.locator(".model b")).to_have_text(f"{said[k]:.2f}")
        expect(told.locator(".mine b")).to_have_text("3.10")
        expect(slider).to_be_disabled()
        assert overflow(page) == 0
        if k == 0:
            page.keyboard.press("Enter")  # the next picture has the focus
    off = [abs(3.1 - entry["mos"]) for entry in RATED[:2]]
    expect(told).to_contain_text(f"After 2 pictures: you are {sum(off) / 2:.2f} from people")


def test_the_model_s_reasons_are_shown_for_a_picture_that_was_scored(visit):
    page = visit()
    open_first(page)
    page.locator(".vq-first .show").click()
    page.locator(".vq-first .why").click()
    expect(page.locator("#caption")).to_contain_text(texts.PEOPLE_GAVE.format(RATED[0]["mos"]))
    expect(page.locator("#film figure")).to_have_count(1)
    expect(page.locator("#player img")).to_be_visible()
    page.locator("#rate").click()
    expect(page.locator("#status li.done")).to_have_count(3)

"""No serious accessibility violation by axe-core, on any of these tabs, in light and in dark."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.accessibility import violations
from tests.browser.tabs import open_tab
from tests.browser.test_rate import choose, score


def open_rate(page: Page) -> None:
    choose(page, 0)
    score(page)
    for name in ("Does the order", "Record with the webcam", "Report (JSON)", "Score a picture first"):
        page.get_by_role("button", name=name).click()
    page.locator(".vq-first .show").click()
    expect(page.locator("#report")).to_contain_text("precision")


def open_timeline(page: Page) -> None:
    open_rate(page)
    page.locator("#timeline-start").click()
    expect(page.locator("#timeline-status")).to_contain_text("windows rated")
    for summary in page.locator("#timeline summary").all():
        summary.click()
    expect(page.locator("#timeline-plot .js-plotly-plot")).to_be_visible()


def open_compare(page: Page) -> None:
    open_tab(page, "Compare")
    page.locator("#pairs button").first.click()
    expect(page.locator("#outcome .vq-told")).to_be_visible()


def open_lab(page: Page) -> None:
    open_tab(page, "Reward lab")
    expect(page.locator(".lab-lesson")).to_be_visible()


def open_learned(page: Page) -> None:
    open_tab(page, "How it learned")
    expect(page.locator("#learned .js-plotly-plot")).to_have_count(page.locator("#learned figure").count())
    for summary in page.locator("#learned .learned-card summary").all():
        summary.click()
    page.locator("#learned-step").press("ArrowLeft")


def open_about(page: Page) -> None:
    open_tab(page, "About")
    expect(page.locator("#about")).to_contain_text("Limits")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("lead", [open_rate, open_timeline, open_compare, open_lab, open_learned, open_about])
def test_nobody_is_kept_out(visit, lead, scheme: str):
    page = visit(color_scheme=scheme)
    lead(page)
    page.wait_for_timeout(400)  # until nothing fades any more
    assert violations(page) == []


def test_dark_is_dark_and_light_is_light(visit):
    for scheme, low, high in (("light", 200, 255), ("dark", 0, 60)):
        page = visit(color_scheme=scheme)
        colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
        shades = [int(part) for part in colour.removeprefix("rgb(").removesuffix(")").split(",")]
        assert all(low <= shade <= high for shade in shades), colour

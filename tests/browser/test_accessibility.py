"""No serious accessibility violation by axe-core, in any view of the page, in light and in dark."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PATIENCE_MS
from tests.browser.test_rate import tab_to
from tests.browser.views import THEMES, VIEWS, look

expect.set_options(timeout=PATIENCE_MS)
OF_THE_LAB = [name for name in VIEWS if name.startswith(("lab_", "slide_"))]
"""Walked through by test_lab.py."""


@pytest.mark.parametrize("scheme", THEMES)
@pytest.mark.parametrize("name", [name for name in VIEWS if name not in OF_THE_LAB])
def test_nobody_is_kept_out(visit, name: str, scheme: str):
    page = visit(color_scheme=scheme)
    VIEWS[name](page)
    assert list(look(page)) == []


@pytest.mark.parametrize("name", ["score_first", "tour", "revealed", "update", "explore", "slide_4", "about"])
def test_nothing_sticks_out_or_is_cut_off_on_a_phone(visit, name: str):
    page = visit(viewport={"width": 360, "height": 800}, is_mobile=True, has_touch=True)
    VIEWS[name](page)
    assert list(look(page)) == []


def test_a_timeline_and_the_curves_need_the_keyboard_alone(visit):
    page = visit(viewport={"width": 1280, "height": 900})
    tab_to(page, "#timeline-start")
    page.keyboard.press("Enter")
    expect(page.locator("#timeline-status")).to_contain_text("windows rated")
    tab_to(page, ".vq-moment")
    page.keyboard.press("End")
    page.wait_for_function("document.querySelector('#player video').currentTime > 1")
    page.locator("[role=tab][data-tab-id=learned]").focus()
    page.keyboard.press("Enter")
    tab_to(page, "#explore", presses=200)
    page.keyboard.press("Enter")
    expect(page.locator(".vq-explore .scatterlayer .trace")).to_have_count(8)


def test_dark_is_dark_and_light_is_light(visit):
    for scheme, low, high in (("light", 200, 255), ("dark", 0, 60)):
        page = visit(color_scheme=scheme)
        colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
        shades = [int(part) for part in colour.removeprefix("rgb(").removesuffix(")").split(",")]
        assert all(low <= shade <= high for shade in shades), colour

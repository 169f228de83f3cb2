"""Opening the page, and a tab of it, also where it is too narrow for all of them and Gradio puts the rest behind a
button."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Page

from tests.browser.app import PATIENCE_S


@contextmanager
def opened_page(browser: Browser, address: str) -> Iterator[Page]:
    """The page at an address with its examples, as a visitor of its own sees it."""
    context = browser.new_context()
    context.set_default_timeout(1000 * PATIENCE_S)
    page = context.new_page()
    page.goto(address)
    page.locator("#examples button").first.wait_for()
    yield page
    context.close()


def open_tab(page: Page, title: str) -> None:
    tab, more = page.get_by_role("tab", name=title), page.get_by_role("button", name="More tabs")
    if tab.count() == 0:
        more.click()
        tab = page.locator(".overflow-dropdown").get_by_role("button", name=title)
    tab.click()

"""Opening a tab, also where the page is too narrow for all of them and Gradio puts the rest behind a button."""

from __future__ import annotations

from playwright.sync_api import Page


def open_tab(page: Page, title: str) -> None:
    tab, more = page.get_by_role("tab", name=title), page.get_by_role("button", name="More tabs")
    if tab.count() == 0:
        more.click()
        tab = page.locator(".overflow-dropdown").get_by_role("button", name=title)
    tab.click()

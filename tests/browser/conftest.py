from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.app import PATIENCE_S, chromium_options, running_app

PATIENCE_MS = 1000 * PATIENCE_S


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict) -> dict:
    return {**browser_type_launch_args, **chromium_options()}


@pytest.fixture(scope="session")
def uploads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("app") / "run" / "uploads"


@pytest.fixture(scope="session")
def app(uploads: Path) -> Iterator[str]:
    with running_app(uploads.parent) as address:
        yield address
    left = [path for path in uploads.rglob("*") if path.is_file()]
    assert not left, f"left behind when the app ended: {left}"


@pytest.fixture
def visit(browser: Browser, app: str) -> Iterator[Callable[..., Page]]:
    """Open the page in a fresh context; at the end nothing may have left this machine, and no error been logged."""
    contexts, outside, errors = [], [], []

    def open_page(**options) -> Page:
        context = browser.new_context(**options)
        context.set_default_timeout(PATIENCE_MS)
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda r: None if r.url.startswith((app, "data:", "blob:")) else outside.append(r.url))
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(app)
        page.locator("#examples button").first.wait_for()
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert outside == []
    assert errors == []

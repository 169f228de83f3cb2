"""Play the lecture of the lab from its first slide to its last, as somebody with a projector does, and take a picture
of each:

python -m tests.browser.lecture OUT [--dark] [--width 1440 --height 900]
"""

from __future__ import annotations

import argparse
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright

from tests.browser.app import PATIENCE_S, chromium_options, running_app
from vqathinker.space.lab.tab import SLIDE_COUNT


def play(page: Page) -> Iterator[int]:
    """The number of each slide, while it is shown: begun with the button, gone on with the arrow key, left with
    Escape. The page shows the lab."""
    page.get_by_role("button", name="Lecture", exact=True).click()
    for number in range(1, SLIDE_COUNT + 1):
        expect(page.locator(".lab-slide h3")).to_contain_text(f"{number} / {SLIDE_COUNT}")
        expect(page.locator(".lab:not([data-asking]) .lab-idea")).not_to_be_empty()
        expect(page).to_have_url(re.compile(f"#lecture={number}$"))
        yield number
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Escape")
    expect(page.locator(".lab-strip")).to_be_visible()


def main() -> None:
    parser = argparse.ArgumentParser(description="Play the lecture and take a picture of each slide.")
    parser.add_argument("out", type=Path, help="folder for the pictures")
    parser.add_argument("--dark", action="store_true")
    parser.add_argument("--width", type=int, default=1440)
    parser.add_argument("--height", type=int, default=900)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    expect.set_options(timeout=1000 * PATIENCE_S)
    with tempfile.TemporaryDirectory() as folder, running_app(Path(folder) / "run") as address, sync_playwright() as p:
        browser = p.chromium.launch(**chromium_options())
        page = browser.new_page(
            viewport={"width": args.width, "height": args.height}, color_scheme="dark" if args.dark else "light"
        )
        page.set_default_timeout(1000 * PATIENCE_S)
        page.goto(address)
        page.locator("[role=tab][data-tab-id=lab]").click()
        for number in play(page):
            path = args.out / f"slide-{number}.png"
            page.screenshot(path=path)
            print(f"{path}: {page.locator('.lab-idea').inner_text()}", flush=True)
        browser.close()


if __name__ == "__main__":
    main()

"""Take the screenshots of the README again, as a visitor at a desk sees the tabs:

python -m tests.browser.screenshot                       # every tab, into examples/
python -m tests.browser.screenshot --tab compare --dark --width 390 --out /tmp/compare.png
"""

from __future__ import annotations

import argparse
import json
import re
import tempfile
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.browser.app import REPOSITORY, chromium_options, running_app
from tests.browser.tabs import open_tab

QUALITY, PATIENCE_MS = 86, 120_000
RECORDED = re.compile("^Recorded with")
"""Said of an example that was clicked, not of the one that the page opens with."""
PHONE = 600
"""Pages narrower than this are those of a phone, with a finger for a mouse."""


def rate(page: Page, example: str) -> None:
    manifest = json.loads((REPOSITORY / "examples" / "manifest.json").read_text(encoding="utf-8"))
    index = [entry["file"] for entry in manifest].index(f"{example}.mp4")
    page.locator("#examples button").nth(index).click()
    page.locator("#status", has_text=RECORDED).wait_for()


def compare(page: Page, example: str) -> None:
    open_tab(page, "Compare")
    page.locator("#pairs button").first.click()
    page.locator("#outcome .vq-told").wait_for()


def learned(page: Page, example: str) -> None:
    open_tab(page, "How it learned")
    page.locator("#learned figure:last-of-type .js-plotly-plot").wait_for()


def opened(title: str) -> Callable[[Page, str], None]:
    """Any other tab, as it is when it is opened."""
    return lambda page, example: open_tab(page, title)


TABS = {
    "rate": ("screenshot.jpg", rate, False),
    "compare": ("screenshot-compare.jpg", compare, True),
    "lab": ("screenshot-lab.jpg", opened("Reward lab"), True),
    "learned": ("screenshot-learned.jpg", learned, True),
    "about": ("screenshot-about.jpg", opened("About"), True),
}
"""File name, what leads there, and whether the whole page is taken rather than what is in sight."""


def take(page: Page, tab: str, example: str, out: Path) -> None:
    """Lead the page, which shows the first tab, to `tab` and write what is seen there."""
    _, lead, whole = TABS[tab]
    lead(page, example)
    page.evaluate("document.querySelectorAll('video').forEach(v => { v.pause(); v.controls = false; })")
    page.mouse.move(0, 0)
    page.wait_for_timeout(1000)
    options = {"type": "jpeg", "quality": QUALITY} if out.suffix == ".jpg" else {}
    page.screenshot(path=out, full_page=whole, **options)


def main() -> None:
    parser = argparse.ArgumentParser(description="Take screenshots of the page.")
    parser.add_argument("--tab", choices=TABS, help="only this one; without it every tab that the page has")
    parser.add_argument("--example", default="meadow-frozen", help="name of the clip in examples/ that is rated")
    parser.add_argument("--out", type=Path, help="a .jpg or .png, with --tab; without it files in examples/")
    parser.add_argument("--dark", action="store_true")
    parser.add_argument("--width", type=int, default=1280)
    args = parser.parse_args()
    if args.out and not args.tab:
        parser.error("--out needs --tab")
    phone = args.width < PHONE
    with tempfile.TemporaryDirectory() as folder, running_app(Path(folder) / "run") as address, sync_playwright() as p:
        browser = p.chromium.launch(**chromium_options())
        for tab in [args.tab] if args.tab else TABS:
            page = browser.new_page(
                viewport={"width": args.width, "height": 860},
                color_scheme="dark" if args.dark else "light",
                is_mobile=phone,
                has_touch=phone,
            )
            page.set_default_timeout(PATIENCE_MS)
            page.goto(address)
            page.locator("#examples button").first.wait_for()
            titles = page.locator(".tab-wrapper").first.inner_text().lower()
            if args.tab or tab in titles:
                take(page, tab, args.example, args.out or REPOSITORY / "examples" / TABS[tab][0])
            page.close()
        browser.close()


if __name__ == "__main__":
    main()

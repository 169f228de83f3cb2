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

from playwright.sync_api import Page, expect, sync_playwright

from tests.browser.app import PATIENCE_S, REPOSITORY, chromium_options, running_app
from tests.browser.tabs import open_tab

QUALITY, PATIENCE_MS = 76, 1000 * max(120, PATIENCE_S)
PHONE = 600
"""Pages narrower than this are those of a phone, with a finger for a mouse."""
STILL = """
() => {
  for (const video of document.querySelectorAll('video')) {
    video.removeAttribute('autoplay');
    video.controls = false;
    video.load();  // back to the poster, whatever was played of it
  }
  return Promise.all([...document.images].map(image => image.decode().catch(() => {})));
}
"""
"""Nothing on the page depends on the moment at which the picture is taken."""


LOADED = re.compile("fp32|bf16|int8|nf4")
"""Said by the badge of a model that is there, with its precision."""


def rate(page: Page, example: str) -> None:
    """The rating of an example, which may be the one that the page opens with."""
    manifest = json.loads((REPOSITORY / "examples" / "manifest.json").read_text(encoding="utf-8"))
    [number] = [k for k, entry in enumerate(manifest) if entry["file"] == f"{example}.mp4"]
    told = page.locator("#caption", has_text=manifest[number]["notice"])
    if told.count() == 0:
        page.locator("#examples button").nth(number).click()
    expect(told).to_be_visible()
    expect(page.locator("#verdict .vq-verdict:not(.empty)")).to_be_visible()
    expect(page.locator("#film figure").first).to_be_visible()


def compare(page: Page, example: str) -> None:
    open_tab(page, "Compare")
    page.locator("#pairs button").first.click()
    expect(page.locator("#outcome .vq-told")).to_be_visible()


def lab(page: Page, example: str) -> None:
    open_tab(page, "Reward lab")
    expect(page.locator(".lab:not([data-asking]) .lab-lesson")).to_be_visible()


def learned(page: Page, example: str) -> None:
    open_tab(page, "How it learned")
    figures = page.locator("#learned figure")
    expect(page.locator("#learned figure .js-plotly-plot .shapelayer path").first).to_be_attached()
    expect(page.locator("#learned figure .js-plotly-plot")).to_have_count(figures.count())


def about(page: Page, example: str) -> None:
    open_tab(page, "About")
    expect(page.locator("#about")).to_contain_text("Limits")


Lead = Callable[[Page, str], None]
TABS: dict[str, tuple[str, Lead, bool]] = {
    "rate": ("screenshot.jpg", rate, False),
    "compare": ("screenshot-compare.jpg", compare, True),
    "lab": ("screenshot-lab.jpg", lab, True),
    "learned": ("screenshot-learned.jpg", learned, True),
    "about": ("screenshot-about.jpg", about, True),
}
"""File name, what leads there, and whether the whole page is taken rather than what is in sight."""


def take(page: Page, tab: str, example: str, out: Path) -> None:
    """Lead the page, which shows the first tab, to `tab` and write what is seen there."""
    _, lead, whole = TABS[tab]
    lead(page, example)
    expect(page.locator(".vq-badge")).to_have_text(LOADED)
    page.mouse.move(0, 0)
    page.evaluate(STILL)
    options = {"type": "jpeg", "quality": QUALITY} if out.suffix == ".jpg" else {}
    page.screenshot(path=out, full_page=whole, animations="disabled", caret="hide", **options)


def main() -> None:
    parser = argparse.ArgumentParser(description="Take screenshots of the page.")
    parser.add_argument("--tab", choices=TABS, help="only this one; without it every one of them")
    parser.add_argument("--example", default="meadow-frozen", help="name of the clip in examples/ that is rated")
    parser.add_argument("--out", type=Path, help="a .jpg or .png, with --tab; without it files in examples/")
    parser.add_argument("--dark", action="store_true")
    parser.add_argument("--width", type=int, default=1280)
    args = parser.parse_args()
    if args.out and not args.tab:
        parser.error("--out needs --tab")
    phone = args.width < PHONE
    expect.set_options(timeout=PATIENCE_MS)
    with tempfile.TemporaryDirectory() as folder, running_app(Path(folder) / "run") as address, sync_playwright() as p:
        browser = p.chromium.launch(**chromium_options())
        for tab in [args.tab] if args.tab else TABS:
            page = browser.new_page(
                viewport={"width": args.width, "height": 860},
                color_scheme="dark" if args.dark else "light",
                reduced_motion="reduce",
                is_mobile=phone,
                has_touch=phone,
            )
            page.set_default_timeout(PATIENCE_MS)
            page.goto(address)
            page.locator("#examples button").first.wait_for()
            take(page, tab, args.example, args.out or REPOSITORY / "examples" / TABS[tab][0])
            page.close()
        browser.close()


if __name__ == "__main__":
    main()

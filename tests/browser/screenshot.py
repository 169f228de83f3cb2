"""Take examples/screenshot.jpg again: the page with a rated example, as a visitor at a desk sees it.

    python -m tests.browser.screenshot [--example bedroom-compressed] [--out FILE] [--dark] [--width 1280]
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.browser.app import REPOSITORY, chromium_options, running_app

QUALITY = 88


def main() -> None:
    parser = argparse.ArgumentParser(description="Take a screenshot of the page with a rated example.")
    parser.add_argument("--example", default="meadow-frozen", help="name of a clip in examples/")
    parser.add_argument("--out", type=Path, default=REPOSITORY / "examples" / "screenshot.jpg", help="a .jpg or .png")
    parser.add_argument("--dark", action="store_true")
    parser.add_argument("--width", type=int, default=1280)
    args = parser.parse_args()
    manifest = json.loads((REPOSITORY / "examples" / "manifest.json").read_text(encoding="utf-8"))
    index = [entry["file"] for entry in manifest].index(f"{args.example}.mp4")
    with tempfile.TemporaryDirectory() as folder, running_app(Path(folder) / "run") as address, sync_playwright() as p:
        browser = p.chromium.launch(**chromium_options())
        page = browser.new_page(
            viewport={"width": args.width, "height": 860}, color_scheme="dark" if args.dark else "light"
        )
        page.goto(address)
        page.locator("#examples button").nth(index).click()
        page.locator(".vq-verdict:not(.empty)").wait_for(timeout=120_000)
        page.locator("#player video").evaluate("video => { video.pause(); video.controls = false; }")
        page.mouse.move(0, 0)
        page.wait_for_timeout(600)
        page.screenshot(path=args.out, **({"type": "jpeg", "quality": QUALITY} if args.out.suffix == ".jpg" else {}))
        browser.close()


if __name__ == "__main__":
    main()

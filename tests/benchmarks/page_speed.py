"""How soon the page can be used. Not a test: it prints, it never fails.

    python -m tests.benchmarks.page_speed [--runs 5]

Each run starts the app anew and opens it in a fresh Chromium as soon as the server answers. Measured: from the start of
the process to the first answer; from there until the page is ready, which is when its examples can be clicked; from the
click on the first example to its score from the record; and, for comparison, a live rating of the same example.
"""

from __future__ import annotations

import argparse
import re
import statistics
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.browser.app import chromium_options, running_app

PATIENCE_MS = 120_000
GOALS = {"page ready": 5.0, "first example from its record": 1.0}


def one_run(folder: Path, browser) -> dict[str, float]:
    """Seconds of every measured thing, once."""
    began = time.perf_counter()
    with running_app(folder) as address:
        answered = time.perf_counter()
        page: Page = browser.new_context().new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.goto(address)
        page.locator("#examples button").first.wait_for()
        page.locator("#examples button").first.click(trial=True)
        ready = time.perf_counter()
        page.locator("#examples button").first.click()
        page.locator("#status", has_text=re.compile("^Recorded with|decoding")).wait_for()
        from_record = time.perf_counter()
        recorded = page.locator("#status").inner_text().startswith("Recorded")
        page.locator("#rate").click()
        again = time.perf_counter()
        page.locator("#status li.done").nth(2).wait_for()
        live = time.perf_counter()
        page.context.close()
    first = "first example from its record" if recorded else "first example (its record is stale)"
    return {
        "server answers": answered - began,
        "page ready": ready - answered,
        first: from_record - ready,
        "the same example live": live - again,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Time the page from the start of the server to the first score.")
    parser.add_argument("--runs", type=int, default=5)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as p:
        browser = p.chromium.launch(**chromium_options())
        runs = [one_run(Path(folder) / str(number), browser) for number in range(args.runs)]
        browser.close()
    for name in runs[0]:
        seconds = [run[name] for run in runs if name in run]
        goal = f"   goal {GOALS[name]:.0f} s" if name in GOALS else ""
        print(f"{name:32} median {statistics.median(seconds):6.2f} s   worst {max(seconds):6.2f} s{goal}")


if __name__ == "__main__":
    main()

"""How soon the page can be used. Not a test: it prints, it never fails.

    python -m tests.benchmarks.page_speed [--runs 5]

Each run starts the app anew and opens it in a fresh Chromium as soon as the server answers. Measured: from the start of
the process to the first answer; from there until the page is ready, which is when the example that it opens with stands
there with its score and the others can be clicked; from the click on another example to its recorded score; from the
click on "How it learned" until plotly has drawn all of its figures, once the model is loaded; and, for comparison, a
live rating of the example. Requests to anywhere else are told, too.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.browser.app import REPOSITORY, chromium_options, running_app

PATIENCE_MS = 120_000
GOALS = {"page ready": 3.0, "another example from its record": 1.0, "How it learned, all figures": 1.5}
SCORED = "#verdict .vq-verdict:not(.empty)"
OTHER = 1
"""An example that the page does not open with, by its place."""


def one_run(folder: Path, browser, outside: list[str]) -> dict[str, float]:
    """Seconds of every measured thing, once; requests to other places are added to `outside`."""
    examples = json.loads((REPOSITORY / "examples" / "manifest.json").read_text(encoding="utf-8"))
    began = time.perf_counter()
    with running_app(folder) as address:
        answered = time.perf_counter()
        page: Page = browser.new_context().new_page()
        page.set_default_timeout(PATIENCE_MS)
        own = (address, "data:", "blob:")
        page.on("request", lambda request: None if request.url.startswith(own) else outside.append(request.url))
        page.goto(address)
        cards = page.locator("#examples button")
        page.locator(SCORED).wait_for()
        cards.nth(OTHER).click(trial=True)
        ready = time.perf_counter()
        cards.nth(OTHER).click()
        page.locator("#caption", has_text=examples[OTHER]["notice"]).wait_for()
        page.locator(f"{SCORED}, #status .vq-stages").first.wait_for()
        told = time.perf_counter()
        recorded = page.locator(SCORED).count() == 1
        page.locator("#rate").click()
        again = time.perf_counter()
        page.locator("#status li.done").nth(2).wait_for()
        live = time.perf_counter()
        tab = page.get_by_role("tab", name="How it learned")
        clicked = time.perf_counter()
        tab.click()
        page.wait_for_function(
            """() => { const all = [...document.querySelectorAll('#learned figure')];
              return all.length && all.every(one => one.querySelector('.js-plotly-plot .scatterlayer .trace')); }"""
        )
        drawn = time.perf_counter()
        page.context.close()
    first = "another example from its record" if recorded else "another example (its record is stale)"
    return {
        "server answers": answered - began,
        "page ready": ready - answered,
        first: told - ready,
        "the same example live": live - again,
        "How it learned, all figures": drawn - clicked,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Time the page from the start of the server to the first score.")
    parser.add_argument("--runs", type=int, default=5)
    args = parser.parse_args()
    outside: list[str] = []
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as p:
        browser = p.chromium.launch(**chromium_options())
        runs = [one_run(Path(folder) / str(number), browser, outside) for number in range(args.runs)]
        browser.close()
    for name in runs[0]:
        seconds = [run[name] for run in runs if name in run]
        goal = f"   goal {GOALS[name]:.1f} s" if name in GOALS else ""
        print(f"{name:34} median {statistics.median(seconds):6.2f} s   worst {max(seconds):6.2f} s{goal}")
    print(f"requests to other places: {', '.join(sorted(set(outside))) or 'none'}")


if __name__ == "__main__":
    main()

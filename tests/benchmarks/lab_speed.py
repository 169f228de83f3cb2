"""How soon the reward lab answers: from a moved slider or point to the redrawn curve, in Chromium.

    python -m tests.benchmarks.lab_speed [--times 20] [--out FILE]

Where the machine is shared, the median tells more than the worst. Times are taken in the page, from the input event to
the frame in which the new curve is drawn.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.browser.app import chromium_options, running_app

LIMIT_S = 0.1
READY_MS = 120_000
REDRAWN = """
([kind, selector, curve, value]) => new Promise((resolve, reject) => {
  const input = document.querySelector(selector), was = document.querySelector(curve).getAttribute('d');
  setTimeout(() => reject(new Error('nothing was redrawn')), 10000);
  const begin = performance.now();
  const seen = new MutationObserver(() => {
    if (document.querySelector(curve).getAttribute('d') === was) return;
    seen.disconnect();
    requestAnimationFrame(() => setTimeout(() => resolve((performance.now() - begin) / 1000)));
  });
  seen.observe(document.querySelector('.lab-body'), {attributes: true, childList: true, subtree: true});
  if (kind === 'slider') {
    input.value = value;
    input.dispatchEvent(new Event('input', {bubbles: true}));
  } else if (kind === 'click') {
    input.click();
  } else {
    input.dispatchEvent(new KeyboardEvent('keydown', {key: value > 0 ? 'ArrowRight' : 'ArrowLeft', bubbles: true}));
  }
})
"""
POINT = ".lab-stage .handle:not(.mos)"
MOVES = {
    "bell: slider of sigma": ("Bell", "slider", "[data-constant=sigma]", ".lab-plot.bell .curve"),
    "ranking: moved point": ("Ranking", "key", POINT, ".lab-plot .area"),
    "temporal: moved point": ("Temporal", "key", POINT, ".lab-plot .hill"),
    "whole step: moved point": ("Advantage", "key", POINT, ".lab-plot .hill"),
    "update: one step": ("Update", "click", ".lab-learn .next", ".lab-view .area"),
    "update: slider of the brake, after 20 steps": ("Update", "slider", "[data-constant=beta]", ".lab-view .area"),
}


def seconds(page: Page, view: str, kind: str, selector: str, curve: str, times: int) -> list[float]:
    page.get_by_role("button", name=view, exact=True).click()
    page.wait_for_timeout(1000)
    took = []
    for k in range(times + 1):
        value = (0.3 + 0.3 * (k % 2)) if kind == "slider" else (1 if k < times // 2 else -1)
        took.append(page.evaluate(REDRAWN, [kind, selector, curve, value]))
        page.wait_for_timeout(120)
    return took[1:]  # the first one warms up


def main() -> None:
    parser = argparse.ArgumentParser(description="Seconds from a movement in the reward lab to the redrawn curve.")
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--out", type=Path, help="write the seconds as JSON")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, running_app(Path(folder) / "run") as address, sync_playwright() as p:
        browser = p.chromium.launch(**chromium_options())
        page = browser.new_page(viewport={"width": 1280, "height": 860})
        page.goto(address)
        page.locator("[role=tab][data-tab-id=lab]").click()
        page.get_by_label("Predict first").uncheck()
        page.locator(".lab-notice").wait_for(timeout=READY_MS)
        page.wait_for_timeout(5000)  # the model has been loaded by now
        results = {name: seconds(page, *move, args.times) for name, move in MOVES.items()}
        browser.close()
    for name, took in results.items():
        verdict = "ok" if statistics.median(took) <= LIMIT_S else f"above {LIMIT_S} s"
        print(f"{name:44} median {statistics.median(took):.3f} s, worst {max(took):.3f} s of {len(took)}: {verdict}")
    if args.out:
        args.out.write_text(json.dumps(results, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()

"""Every view of the page, as somebody leads there; and all of them at the widths and in the themes of real visitors:

python -m tests.browser.views OUT [--only NAME …] [--widths 360 390 1280 1440]

A picture of each view goes to OUT, by width and theme; printed is what axe-core finds, and what sticks out sideways.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright

from tests.browser.accessibility import violations
from tests.browser.app import PATIENCE_S, chromium_options, running_app
from tests.browser.tabs import open_tab

PHONE, SETTLE_MS = 600, 400
THEMES = ("light", "dark")
OVERFLOW = "Math.max(0, document.documentElement.scrollWidth - innerWidth)"
CUT_OFF = """
() => [...document.querySelectorAll('p, li, button, label, h2, h3, h4, figcaption, summary, input, select, td b')]
  .filter(one => one.checkVisibility({checkOpacity: true, checkVisibilityCSS: true}))
  .filter(one => !one.closest('[tabindex="-1"], [aria-hidden=true]'))  // Gradio measures copies of its tabs
  .filter(one => {
    const box = one.getBoundingClientRect();
    if (!box.width || !box.height || (box.left >= -1 && box.right <= innerWidth + 1)) return false;
    for (let up = one.parentElement; up; up = up.parentElement)  // what can be scrolled to is not cut off
      if (/auto|scroll/.test(getComputedStyle(up).overflowX) && up.scrollWidth > up.clientWidth) return false;
    return true;
  })
  .map(one => one.outerHTML.slice(0, 120))
"""


def opening(page: Page) -> None:
    """The example that stands there, with its place among rated pictures."""
    expect(page.locator("#place svg")).to_be_visible()


def details(page: Page) -> None:
    """All that can be unfolded beside and below a rating."""
    opening(page)
    for name in ("Does the order", "Record with the webcam", "Report (JSON)"):
        page.get_by_role("button", name=name).click()
    expect(page.locator("#report")).to_contain_text("precision")


def score_first(page: Page) -> None:
    page.get_by_role("button", name="Score a picture first").click()
    page.locator(".vq-first .show").click()
    expect(page.locator(".vq-told-first .people b")).to_be_visible()


def order(page: Page) -> None:
    """The opening example against its disordered twin."""
    page.get_by_role("button", name="Does the order").click()
    page.locator("#check-order").click()
    expect(page.locator("#checked .vq-row")).to_have_count(2)


def timeline(page: Page) -> None:
    page.locator("#timeline-start").click()
    expect(page.locator("#timeline-status")).to_contain_text("windows rated")
    for summary in page.locator("#timeline summary").all():
        summary.click()
    expect(page.locator("#timeline-plot .js-plotly-plot")).to_be_visible()


def compare(page: Page) -> None:
    open_tab(page, "Compare")
    page.locator("#pairs button").first.click()
    expect(page.locator("#outcome .vq-told")).to_be_visible()


def predict(page: Page) -> None:
    """A first visit of the lab: the question, before anything is told."""
    open_tab(page, "Reward lab")
    expect(page.locator(".lab:not([data-asking]) .lab-lesson")).to_be_visible()


def revealed(page: Page) -> None:
    """The same after a guess."""
    predict(page)
    page.get_by_label("Your guess").fill("0.7")
    page.get_by_role("button", name="Reveal").click()
    expect(page.locator(".lab-truth")).to_be_visible()


def station(name: str) -> Callable[[Page], None]:
    """A stop of the strip, with nothing left to guess."""

    def lead(page: Page) -> None:
        predict(page)
        page.get_by_label("Predict first").uncheck()
        stop = page.locator(".lab-strip").get_by_role("button", name=name, exact=True)
        stop.click()
        expect(stop).to_have_attribute("aria-pressed", "true")
        expect(page.locator(".lab:not([data-asking]) .lab-notice")).to_be_visible()

    return lead


def update(page: Page) -> None:
    """The update after steps without the bell, with a ratio explained."""
    station("Update")(page)
    page.get_by_role("button", name="Bell", exact=True).and_(page.locator(".lab-form")).click()
    page.get_by_role("button", name="5 steps").click()
    expect(page.locator(".lab-learn b")).to_have_text("step 5 of 60")
    page.locator("[data-cell='update-0-0']").focus()
    expect(page.locator(".lab-calc")).to_contain_text("exp(")


def tour(page: Page) -> None:
    predict(page)
    page.get_by_role("button", name="Show me around").click()
    expect(page.get_by_role("dialog", name="Tour of the lab")).to_be_visible()


def slide(number: int) -> Callable[[Page], None]:
    def lead(page: Page) -> None:
        predict(page)
        page.evaluate(f"location.hash = 'lecture={number}'")
        expect(page.locator(".lab-slide h3")).to_contain_text(f"{number} / 8")
        expect(page.locator(".lab:not([data-asking])")).to_be_attached()

    return lead


def learned(page: Page) -> None:
    open_tab(page, "How it learned")
    figures = page.locator("#learned figure")
    expect(page.locator("#learned figure .js-plotly-plot .shapelayer path").first).to_be_attached()
    expect(page.locator("#learned figure .js-plotly-plot")).to_have_count(figures.count())
    for summary in page.locator("#learned .learned-card summary").all():
        summary.click()
    page.locator("#learned-step").press("ArrowLeft")


def explore(page: Page) -> None:
    """The curves of the rewards in plotly."""
    open_tab(page, "How it learned")
    page.get_by_role("button", name="The three rewards as curves").click()
    expect(page.locator(".vq-explore .scatterlayer .trace")).to_have_count(8)


def about(page: Page) -> None:
    open_tab(page, "About")
    expect(page.locator("#about")).to_contain_text("Limits")


VIEWS: dict[str, Callable[[Page], None]] = {
    "opening": opening, "details": details, "score_first": score_first, "order": order, "timeline": timeline,
    "compare": compare, "predict": predict, "revealed": revealed, "tour": tour, "update": update,
    **{f"lab_{name.lower()}": station(name) for name in ("Video", "Frames", "Ranking", "Temporal", "Advantage")},
    **{f"slide_{number}": slide(number) for number in range(1, 9)},
    "learned": learned, "explore": explore, "about": about,
}  # fmt: skip


def look(page: Page) -> Iterator[str]:
    """What is wrong with what is shown."""
    page.wait_for_timeout(SETTLE_MS)  # until nothing fades any more
    if past := page.evaluate(OVERFLOW):
        yield f"the page can be moved {past} px sideways"
    yield from (f"cut off: {one}" for one in page.evaluate(CUT_OFF))
    yield from violations(page)


def main() -> None:
    parser = argparse.ArgumentParser(description="Every view at every width, in both themes.")
    parser.add_argument("out", type=Path, help="folder for the pictures")
    parser.add_argument("--only", nargs="+", choices=VIEWS, default=list(VIEWS))
    parser.add_argument("--widths", nargs="+", type=int, default=[360, 390, 1280, 1440])
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    expect.set_options(timeout=1000 * PATIENCE_S)
    with tempfile.TemporaryDirectory() as folder, running_app(Path(folder) / "run") as address, sync_playwright() as p:
        browser = p.chromium.launch(**chromium_options())
        for name, width, theme in product(args.only, args.widths, THEMES):
            phone = width < PHONE
            page = browser.new_page(
                viewport={"width": width, "height": 800 if phone else 900},
                color_scheme=theme,
                reduced_motion="reduce",
                is_mobile=phone,
                has_touch=phone,
            )
            page.set_default_timeout(1000 * PATIENCE_S)
            page.goto(address)
            page.locator("#examples button").first.wait_for()
            VIEWS[name](page)
            for problem in look(page):
                print(f"{name} {width} {theme}: {problem}", flush=True)
            page.screenshot(path=args.out / f"{name}-{width}-{theme}.png", full_page=not name.startswith("slide"))
            page.close()
        browser.close()


if __name__ == "__main__":
    main()

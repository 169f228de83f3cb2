"""A visitor rates videos in a real Chromium: from the drop to the score, and past everything that goes wrong."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.app import REPOSITORY
from tests.browser.conftest import PATIENCE_MS
from vqathinker.rating import score_word

expect.set_options(timeout=PATIENCE_MS)
EXAMPLES = json.loads((REPOSITORY / "examples" / "manifest.json").read_text())
RECORD = """
() => {
  window.seen = [];
  const panel = document.querySelector('#reasoning');
  new MutationObserver(() => window.seen.push(panel.querySelector('p').innerText.length))
    .observe(panel, {childList: true, subtree: true, characterData: true});
}
"""


def upload(page: Page, path: Path) -> None:
    page.locator("#upload input[type=file]").set_input_files(path)


def score(page: Page) -> float:
    """The score of the rating that is under way, when it is there."""
    number = page.locator(".vq-verdict:not(.empty) .vq-score b")
    expect(number).to_be_visible()
    return float(number.inner_text())


def overflow(page: Page) -> int:
    return page.evaluate("document.documentElement.scrollWidth - innerWidth")


def test_from_upload_to_score(visit, clip):
    page = visit()
    page.evaluate(RECORD)
    upload(page, clip("plain.mp4"))
    rated = score(page)
    assert 1 <= rated <= 5
    expect(page.locator("#verdict .vq-word")).to_have_text(score_word(rated))
    expect(page.locator("#film figure")).to_have_count(6)
    times = page.locator("#film figcaption").all_inner_texts()
    assert all(re.fullmatch(r"\d+\.\d\d s", time) for time in times) and times == sorted(times)
    lengths = [length for length in page.evaluate("window.seen") if length]
    assert len(set(lengths)) > 3, "the reasoning did not stream"
    expect(page.locator("#status li.done")).to_have_count(3)
    expect(page.locator("#caption")).to_contain_text("plain.mp4")

    page.get_by_text("Report (JSON)").click()
    expect(page.locator("#report")).to_contain_text('"precision"')
    expect(page.locator("#rate")).to_be_visible()
    page.locator("#rate").click()
    expect(page.locator("#stop")).to_be_visible()
    assert score(page) == rated


def test_from_example_to_score_and_to_the_next_example(visit):
    page, first, second = visit(color_scheme="dark"), EXAMPLES[0], EXAMPLES[1]
    page.get_by_role("button", name=first["title"]).click()
    expect(page.locator("#caption")).to_contain_text(first["notice"])
    score(page)
    assert page.locator("#player video").evaluate("video => video.readyState") >= 1
    page.get_by_role("button", name=second["title"]).click()
    expect(page.locator("#caption")).to_contain_text(second["notice"])
    expect(page.locator("#verdict .empty")).to_be_visible()
    score(page)
    expect(page.locator("#reasoning .vq-quiet")).to_have_count(0)


def test_a_still_image_is_one_frame(visit, tmp_path: Path):
    picture = tmp_path / "still & <b>quiet.jpg"
    picture.write_bytes((REPOSITORY / "examples" / EXAMPLES[0]["poster"]).read_bytes())
    page = visit()
    upload(page, picture)
    score(page)
    expect(page.locator("#film figcaption")).to_have_text("still image")
    expect(page.locator("#caption b b")).to_have_count(0)


def test_stop_ends_the_rating_and_the_next_one_works(visit):
    page = visit()
    page.get_by_role("button", name=EXAMPLES[0]["title"]).click()
    page.locator("#stop").click()
    expect(page.locator("#status")).to_contain_text("Stopped")
    expect(page.locator("#stop")).to_be_hidden()
    expect(page.locator("#verdict .empty")).to_be_visible()
    page.get_by_role("button", name=EXAMPLES[2]["title"]).click()
    score(page)
    expect(page.locator("#status")).not_to_contain_text("Stopped")


def test_who_changes_their_mind_gets_the_last_choice(visit):
    page = visit()
    for example in EXAMPLES[:3]:
        page.get_by_role("button", name=example["title"]).click()
    score(page)
    expect(page.locator("#status li.done")).to_have_count(3)
    page.get_by_text("Report (JSON)").click()
    expect(page.locator("#report")).to_contain_text(EXAMPLES[2]["file"])
    expect(page.locator("#caption")).to_contain_text(EXAMPLES[2]["notice"])
    expect(page.locator("#stop")).to_be_hidden()


@pytest.mark.parametrize(("name", "sentence"), [("text.mp4", "is a text file"), ("cut.mp4", "is cut off")])
def test_a_bad_file_gets_a_sentence_and_the_next_one_a_score(visit, clip, name: str, sentence: str):
    page = visit()
    upload(page, clip(name))
    toast = page.get_by_test_id("toast-body")
    expect(toast).to_contain_text("This file cannot be rated")
    expect(toast).to_contain_text(f"{name} {sentence}")
    expect(page.locator("#status")).to_contain_text(sentence)
    upload(page, clip("one_frame.mp4"))
    score(page)


@pytest.mark.parametrize("width", [360, 390])
def test_it_fits_a_phone(visit, width: int):
    page = visit(viewport={"width": width, "height": 800}, has_touch=True, is_mobile=True)
    assert overflow(page) == 0
    page.get_by_role("button", name=EXAMPLES[4]["title"]).click()
    score(page)
    assert overflow(page) == 0
    box = page.locator("#verdict .vq-score").bounding_box()
    assert box["y"] >= 0 and box["y"] + box["height"] <= 800, "the score is out of sight"
    page.get_by_role("tab", name="About").click()
    expect(page.locator("#about")).to_contain_text("Limits")
    assert overflow(page) == 0


def test_the_keyboard_is_enough(visit):
    page = visit()
    page.get_by_role("button", name=EXAMPLES[3]["title"]).focus()
    page.keyboard.press("Enter")
    score(page)

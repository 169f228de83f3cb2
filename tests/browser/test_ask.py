"""A visitor asks about a rated video, where the model behind the page can answer."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.app import running_app
from tests.browser.conftest import PATIENCE_MS
from tests.model.tiny_models import make_model, make_processor


@pytest.fixture(scope="module")
def talker(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a small model that has the prompt of the 8b one."""
    folder, processor = tmp_path_factory.mktemp("talker") / "talker", make_processor()
    processor.prompt = "official_inference"
    make_model(processor, seed=1).save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder


def open_page(browser: Browser, address: str) -> Page:
    page = browser.new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.goto(address)
    page.locator("#examples button").first.wait_for()
    return page


def test_a_question_is_answered_about_the_video_that_was_chosen(browser: Browser, talker: Path, tmp_path: Path, clip):
    with running_app(tmp_path / "run", VQATHINKER_MODEL=str(talker)) as address:
        page = open_page(browser, address)
        question, reply = page.locator("#question textarea"), page.locator("#reply")
        expect(question).to_be_visible(timeout=2 * PATIENCE_MS)
        question.fill("Does it stutter?")
        page.locator("#ask-now").click()
        expect(reply.locator(".vq-reply p").first).not_to_be_empty(timeout=4 * PATIENCE_MS)  # about the opening example
        page.locator("#upload input[type=file]").set_input_files(clip("plain.mp4"))
        expect(page.locator("#caption")).to_contain_text("plain.mp4", timeout=PATIENCE_MS)
        question.press("Enter")
        expect(page.locator("#reply .vq-reply p").first).not_to_be_empty(timeout=4 * PATIENCE_MS)
        page.locator("#ask").screenshot(path=tmp_path / "ask.png")
        page.close()


def test_the_bundled_model_shows_no_box_and_says_which_one_would(visit):
    page = visit()
    expect(page.locator("#ask")).to_have_count(0)
    expect(page.locator("#ask-not")).to_contain_text("VQATHINKER_MODEL=8b")

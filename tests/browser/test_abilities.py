"""A page whose model sees pictures only: what it cannot do is not offered, and asked for all the same it is refused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from playwright.sync_api import Browser, Page, expect

from tests.browser.app import PATIENCE_S, running_app
from tests.browser.tabs import open_tab, opened_page
from tests.browser.test_compare import choose
from tests.model.family import qwen_folders
from vqathinker.scorers import SCORERS, cannot

NO_TIMELINE = cannot(SCORERS["visualquality-r1"], "timeline")


@pytest.fixture(scope="module")
def pictures_only(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a page with a small scorer of random weights, and no other."""
    folder = tmp_path_factory.mktemp("pictures")
    model = qwen_folders.write_folder(folder / "model")
    with running_app(folder / "run", VQATHINKER_MODEL=f"visualquality-r1@{model}") as address:
        yield address


@pytest.fixture
def page(pictures_only: str, browser: Browser) -> Iterator[Page]:
    with opened_page(browser, pictures_only) as page:
        yield page


def test_a_rated_video_has_its_film_and_a_box_for_questions_but_no_timeline_and_no_check_of_its_order(
    page: Page, clip, tmp_path: Path
):
    page.locator("#upload input[type=file]").set_input_files(clip("plain.mp4"))
    expect(page.locator("#timeline-status")).to_have_text(f"{NO_TIMELINE}.")
    expect(page.locator("#timeline-start")).to_be_hidden()
    expect(page.locator("#check")).to_be_visible(timeout=4000 * PATIENCE_S)
    page.locator("#check").get_by_role("button").first.click()
    expect(page.locator("#check-info")).to_contain_text("sees pictures, no motion; tiny, 8b see it.")
    expect(page.locator("#check-order")).to_be_hidden()
    expect(page.locator("#perturbation")).to_be_hidden()
    expect(page.locator("#question textarea")).to_be_visible()
    page.locator("#upload input[type=file]").set_input_files(qwen_folders.write_picture(tmp_path, "photo"))
    expect(page.locator("#timeline-status")).to_be_empty()


def test_two_videos_have_no_timelines_either(page: Page, clip):
    open_tab(page, "Compare")
    choose(page, "a", clip("plain.mp4"))
    choose(page, "b", clip("odd.mp4"))
    expect(page.locator("#timelines-status")).to_have_text(f"{NO_TIMELINE}.")
    expect(page.locator("#timelines-start")).to_be_hidden()


def test_a_program_is_told_in_one_sentence(pictures_only: str, clip):
    client = Client(pictures_only, verbose=False)
    with pytest.raises(AppError, match=f"^{NO_TIMELINE}$"):
        client.predict(handle_file(clip("plain.mp4")), 2.0, api_name="/timeline")

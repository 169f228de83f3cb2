"""A page with two models, in a real Chromium and by its endpoint."""

from __future__ import annotations

import re
from collections.abc import Iterator

import httpx
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from playwright.sync_api import Browser, Page, expect

from tests import raters
from tests.browser.app import running_app
from tests.browser.tabs import open_tab, opened_page
from tests.browser.test_compare import choose
from tests.model.family import qwen_folders


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a page with the bundled model and a small scorer of random weights."""
    folder = tmp_path_factory.mktemp("both")
    second = qwen_folders.write_folder(folder / "second")
    with running_app(folder / "run", VQATHINKER_BESIDE_MODEL=f"visualquality-r1@{second}") as address:
        yield address


@pytest.fixture
def page(both: str, browser: Browser) -> Iterator[Page]:
    with opened_page(browser, both) as page:
        yield page


def test_one_video_is_rated_by_both_models_and_the_difference_is_told(page: Page, clip):
    badges = page.locator("#header .vq-badge")
    expect(badges).to_have_count(2)
    expect(badges.nth(1)).to_contain_text("second · Qwen2.5-VL")
    expect(badges.nth(1)).to_contain_text("fp32")
    open_tab(page, "Compare")
    choose(page, "b", clip("odd.mp4"))
    page.locator("#compare-kind").get_by_text("two models on one video").click()
    expect(page.locator("#slot-b")).to_be_hidden()
    page.locator("#compare").click()
    expect(page.locator("#compare-status")).to_contain_text("Choose a video first")
    choose(page, "a", clip("plain.mp4"))
    page.locator("#compare-count").get_by_text("4", exact=True).click()
    page.locator("#compare").click()
    expect(page.locator("#outcome .vq-told")).to_have_text(re.compile(r"gives? \d\.\d\d more than|the same score"))
    expect(page.locator("#side-a")).to_contain_text("A · tiny (fp32)")
    expect(page.locator("#side-b")).to_contain_text("B · visualquality-r1 (fp32)")
    expect(page.locator("#side-a .vq-score b")).to_have_text(f"{raters.tiny().rate(clip('plain.mp4')).score:.2f}")
    page.locator("#compare-kind").get_by_text("two videos").click()
    expect(page.locator("#slot-b")).to_contain_text("no video yet")
    expect(page.locator("#outcome")).to_be_empty()


def test_a_pair_is_about_two_videos_again(page: Page):
    open_tab(page, "Compare")
    page.locator("#compare-kind").get_by_text("two models on one video").click()
    expect(page.locator("#slot-b")).to_be_hidden()
    page.locator("#pairs button").first.click()
    expect(page.locator("#outcome .vq-told")).to_contain_text("probability")
    expect(page.locator("#slot-b")).to_be_visible()
    expect(page.locator("#compare-kind").get_by_label("two videos")).to_be_checked()


def test_the_endpoint_tells_the_same_and_is_there_only_where_there_are_two(both: str, app: str, clip):
    client = Client(both, verbose=False)
    told = client.predict(handle_file(clip("plain.mp4")), api_name="/compare_models")
    assert told["file"] == "plain.mp4" and told["first"]["model"] == "tiny"
    assert told["second"]["model"].startswith("visualquality-r1@")
    assert told["difference"] == pytest.approx(told["second"]["score"] - told["first"]["score"], abs=1e-4)
    with pytest.raises(AppError, match="text.mp4 is a text file"):
        client.predict(handle_file(clip("text.mp4")), api_name="/compare_models")
    assert httpx.post(f"{both}/gradio_api/call/compare_models", json={"data": [None, 0]}).status_code == 422
    assert httpx.post(f"{app}/gradio_api/call/compare_models", json={"data": [None, 0]}).status_code == 404
    assert httpx.get(f"{both}/health").json()["beside_model"] == "ready"
    assert "beside_model" not in httpx.get(f"{app}/health").json()

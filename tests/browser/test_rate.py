"""A visitor rates videos in a real Chromium: from the drop to the score, and past everything that goes wrong."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from gradio_client import Client, handle_file
from gradio_client.utils import Status
from playwright.sync_api import Browser, Page, expect

from tests import clips
from tests.browser.app import REPOSITORY
from tests.browser.conftest import PATIENCE_MS
from tests.browser.tabs import open_tab
from vqathinker.rating.words import score_word
from vqathinker.space.settings import Settings
from vqathinker.space.widgets.records import read_records
from vqathinker.space.widgets.texts import PERTURBATIONS

expect.set_options(timeout=PATIENCE_MS)
FOLDER = REPOSITORY / "examples"
EXAMPLES = json.loads((FOLDER / "manifest.json").read_text())
RECORD = """
() => {
  window.seen = [];
  const panel = document.querySelector('#reasoning');
  new MutationObserver(() => window.seen.push(panel.querySelector('p').innerText.length))
    .observe(panel, {childList: true, subtree: true, characterData: true});
}
"""
SAID = """
() => {
  window.said = [];
  const status = document.querySelector('#status');
  new MutationObserver(() => window.said.push(status.innerText)).observe(status, {childList: true, subtree: true});
}
"""


def upload(page: Page, path: Path) -> None:
    """Choose a file; what the page says of the one before is gone then."""
    before = page.locator("#caption")
    page.locator("#upload input[type=file]").set_input_files(path)
    expect(before).to_contain_text(re.sub("[<>]", "", path.name))  # Gradio leaves these out of a name


def score(page: Page, patience: float = PATIENCE_MS) -> float:
    """The score of the rating that is under way, when it is there."""
    number = page.locator(".vq-verdict:not(.empty) .vq-score b")
    expect(number).to_be_visible(timeout=patience)
    return float(number.inner_text())


def choose(page: Page, index: int) -> None:
    """Click an example; its record, or the beginning of its rating, is in sight then."""
    page.locator("#examples button").nth(index).click()
    expect(page.locator("#caption")).to_contain_text(EXAMPLES[index]["notice"])


def overflow(page: Page) -> int:
    return page.evaluate("document.documentElement.scrollWidth - innerWidth")


def tab_to(page: Page, selector: str, presses: int = 60) -> None:
    """Press Tab until the focus is inside `selector`."""
    for _ in range(presses):
        page.keyboard.press("Tab")
        if page.evaluate("selector => Boolean(document.activeElement.closest(selector))", selector):
            return
    raise AssertionError(f"{selector} cannot be reached with the Tab key")


def test_from_upload_to_score(visit, clip):
    page = visit()
    page.evaluate(RECORD)
    upload(page, clip("plain.mp4"))
    rated = score(page)
    assert 1 <= rated <= 5
    expect(page.locator("#verdict .vq-word")).to_have_text(score_word(rated))
    expect(page.locator("#verdict .vq-gauge")).to_have_attribute("aria-label", re.compile(f"^{rated:.2f} on"))
    expect(page.locator("#film figure")).to_have_count(6)
    times = page.locator("#film figcaption").all_inner_texts()
    assert all(re.fullmatch(r"\d+\.\d\d s", time) for time in times) and times == sorted(times)
    lengths = [length for length in page.evaluate("window.seen") if length]
    assert len(set(lengths)) > 3, "the reasoning did not stream"
    expect(page.locator("#status li.done")).to_have_count(3)
    expect(page.locator("#caption")).to_contain_text("plain.mp4")

    page.get_by_text("Report (JSON)").click()
    expect(page.locator("#report")).to_contain_text('"precision"')
    page.locator("#rate").click()
    expect(page.locator("#stop")).to_be_visible()
    assert score(page) == rated


def test_frames_of_a_very_tall_clip_stand_above_their_times(visit, tmp_path):
    page, tall = visit(), tmp_path / "tall.mp4"
    clips.encode(tall, clips.numbered_frames(10, 32, 480))
    upload(page, tall)
    expect(page.locator("#film figcaption").first).to_have_text("0.00 s")
    for cell in page.locator("#film figure").all():
        picture, label = cell.locator("img").bounding_box(), cell.locator("figcaption").bounding_box()
        middles = [box["x"] + box["width"] / 2 for box in (picture, label)]
        assert abs(middles[0] - middles[1]) < 1 and picture["height"] <= 240


def test_a_moving_gif_is_offered_a_timeline_and_a_picture_none(visit, clip):
    page = visit()
    upload(page, clip("anim.gif"))
    expect(page.locator("#timeline-start")).to_be_visible()
    score(page)
    page.locator("#timeline-start").click()
    expect(page.locator("#timeline-plot .js-plotly-plot")).to_be_visible()
    page.get_by_role("slider", name="Moment").press("Home")
    upload(page, FOLDER / "posters" / "plaza.jpg")
    expect(page.locator("#timeline-start")).to_be_hidden()


def test_sampled_answers_are_dots_or_not_there(visit, clip):
    page = visit()
    page.locator("#count").get_by_text("4", exact=True).click()
    upload(page, clip("plain.mp4"))
    score(page)
    sure = page.locator("#sure")
    expect(sure).to_contain_text(re.compile(r"4 sampled answers: mean \d\.\d\d, spread \d\.\d\d"))
    titles = [dot.get_attribute("title") for dot in sure.locator(".vq-row .dot").all()]
    assert 2 <= len(titles) <= 4 and all(1 <= float(title) <= 5 for title in titles)
    sure.get_by_text("Read the sampled answers").click()
    expect(sure.locator("li")).to_have_count(4)
    expect(sure.locator("li").first).to_be_visible()
    page.locator("#count").get_by_text("none", exact=True).click()
    page.locator("#rate").click()
    expect(page.locator("#verdict .empty")).to_be_visible()
    score(page)
    expect(sure).to_be_empty()


def test_an_example_answers_at_once_from_its_record_and_can_be_rated_again(visit):
    records = read_records([FOLDER / entry["file"] for entry in EXAMPLES], Settings(examples=FOLDER))
    page = visit()
    for index in (1, 2):
        entry = EXAMPLES[index]
        page.get_by_role("button", name=entry["title"]).click()
        expect(page.locator("#caption")).to_contain_text(entry["notice"])
        report = records[FOLDER / entry["file"]].report
        assert score(page) == pytest.approx(report["score"], abs=0.005)
        expect(page.locator("#status")).to_contain_text("Recorded")
        expect(page.locator("#film figure")).to_have_count(6)
    page.locator("#rate").click()
    expect(page.locator("#status li.done")).to_have_count(3)
    assert score(page) == pytest.approx(report["score"], abs=0.005)


def test_the_reasoning_stays_folded_while_the_next_video_is_rated(visit, clip):
    page = visit()
    upload(page, clip("plain.mp4"))
    score(page)
    expect(page.locator("#reasoning")).to_be_visible()
    page.get_by_role("button", name="Reasoning").click()
    expect(page.locator("#reasoning")).to_be_hidden()
    upload(page, clip("odd.mp4"))
    expect(page.locator("#verdict .empty")).to_be_attached()
    score(page)
    expect(page.locator("#reasoning")).to_be_hidden()


def test_the_order_check_shows_the_disordered_film_and_both_scores(visit, clip):
    page = visit()
    upload(page, clip("plain.mp4"))
    rated = score(page)
    page.get_by_role("button", name="Does the order").click()
    page.locator("#perturbation input").click()
    page.get_by_role("option", name=PERTURBATIONS["reverse"]).click()
    page.locator("#check-order").click()
    checked = page.locator("#checked")
    expect(checked.locator(".vq-row")).to_have_count(2)
    expect(checked).to_contain_text(f"In order {rated:.2f}, disordered")
    expect(checked).to_contain_text("by the formula behind the ranking reward")
    numbers = [int(text.removeprefix("frame ")) for text in checked.locator("figcaption").all_inner_texts()]
    assert len(numbers) == 6 and numbers == sorted(numbers, reverse=True)
    assert score(page) == rated
    with page.expect_download() as download:
        page.get_by_role("link", name="as JSON").click()
    kept = json.loads(Path(download.value.path()).read_text(encoding="utf-8"))
    assert kept["order_check"]["perturbation"] == "reverse" and kept["score"] == pytest.approx(rated, abs=0.005)
    expect(checked).to_contain_text(f"disordered {kept['order_check']['score']:.2f}")
    expect(page.locator("#rate")).to_be_visible()
    open_tab(page, "Reward lab")
    expect(page.locator("#lab-mine span")).to_contain_text("rollouts of your video, and as many in disorder")


def test_the_report_is_saved_as_json_and_as_a_page_that_needs_nothing_else(visit, clip, browser: Browser, tmp_path):
    page = visit()
    upload(page, clip("plain.mp4"))
    rated = score(page)
    for name in ("as JSON", "as a page"):
        with page.expect_download() as download:
            page.get_by_role("link", name=name).click()
        download.value.save_as(tmp_path / download.value.suggested_filename)
    report = json.loads((tmp_path / "plain-rating.json").read_text())
    assert report["score"] == pytest.approx(rated, abs=0.005) and len(report["rollouts"]) == 8
    context = browser.new_context(offline=True, java_script_enabled=False)
    saved, asked = context.new_page(), []
    saved.on("request", lambda request: asked.append(request.url))
    saved.goto((tmp_path / "plain-rating.html").as_uri())
    expect(saved.locator(".vq-score b")).to_have_text(f"{rated:.2f}")
    expect(saved.locator(".vq-film img")).to_have_count(6)
    readable = [rollout for rollout in report["rollouts"] if rollout["score"] is not None]
    expect(saved.locator(".vq-sure .vq-row .dot")).to_have_count(len(readable))
    context.close()
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []


def test_a_still_image_is_one_frame_and_has_no_order(visit, tmp_path: Path):
    picture = tmp_path / "still & <b>quiet.jpg"
    picture.write_bytes((FOLDER / EXAMPLES[0]["poster"]).read_bytes())
    page = visit()
    upload(page, picture)
    rated = score(page)
    expect(page.locator("#film figcaption")).to_have_text("still image")
    expect(page.locator("#caption b b")).to_have_count(0)
    page.get_by_role("button", name="Does the order").click()
    page.locator("#check-order").click()
    expect(page.locator("#status")).to_contain_text("A still image has no order")
    assert score(page) == rated


def test_the_webcam_records_and_is_rated(visit):
    page = visit(permissions=["camera"])
    page.get_by_role("button", name="Record with the webcam").click()
    page.get_by_text("Click to Access Webcam").click()
    page.locator("#webcam").get_by_text("Record", exact=True).click()
    page.wait_for_timeout(1500)
    page.locator("#webcam").get_by_text("Stop", exact=True).click()
    expect(page.locator("#caption")).to_contain_text("From the webcam")
    score(page)
    expect(page.locator("#film figure")).to_have_count(6)


def test_stop_ends_the_rating_and_the_next_one_works(visit, clip):
    page = visit()
    page.locator("#count").get_by_text("16", exact=True).click()
    upload(page, FOLDER / EXAMPLES[0]["file"])
    page.locator("#stop").click()
    expect(page.locator("#status")).to_contain_text("Stopped")
    expect(page.locator("#stop")).to_be_hidden()
    expect(page.locator("#verdict .empty")).to_be_visible()
    upload(page, clip("plain.mp4"))
    score(page)
    expect(page.locator("#status")).not_to_contain_text("Stopped")


def test_who_waits_is_told_their_place_in_the_line(visit, app: str, clip):
    page, program, video = visit(), Client(app, verbose=False), handle_file(clip("plain.mp4"))
    page.evaluate(SAID)
    ahead = [program.submit(video, video, rollouts=32, api_name="/compare") for _ in range(2)]
    while ahead[0].status().code not in (Status.PROCESSING, Status.FINISHED):
        page.wait_for_timeout(50)
    upload(page, clip("plain.mp4"))
    score(page, patience=3 * PATIENCE_MS)  # its own, and that of the two ahead
    assert any("before yours" in text for text in page.evaluate("window.said"))
    assert [job.result()["probability_first_better"] for job in ahead] == [0.5, 0.5]


def test_who_changes_their_mind_gets_the_last_choice(visit, clip):
    page = visit()
    for name in ("plain.mp4", "portrait.mp4", "odd.mp4"):
        upload(page, clip(name))
        expect(page.locator("#caption")).to_contain_text(name)
    expect(page.locator("#status li.done")).to_have_count(3)
    score(page)
    page.get_by_text("Report (JSON)").click()
    expect(page.locator("#report")).to_contain_text("odd.mp4")
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
    choose(page, 4)
    score(page)
    assert overflow(page) == 0
    expect(page.locator("#verdict .vq-score")).to_be_in_viewport(ratio=1)
    page.get_by_role("button", name="Does the order").click()
    expect(page.locator("#check-order")).to_be_visible()
    assert overflow(page) == 0
    open_tab(page, "About")
    expect(page.locator("#about")).to_contain_text("Limits")
    assert overflow(page) == 0


def test_the_keyboard_is_enough(visit, clip):
    page = visit()
    page.on("filechooser", lambda chooser: chooser.set_files(clip("plain.mp4")))
    tab_to(page, "#upload")
    page.keyboard.press("Enter")
    expect(page.locator("#caption")).to_contain_text("plain.mp4")
    rated = score(page)
    tab_to(page, "#rate")
    page.keyboard.press("Enter")
    expect(page.locator("#verdict .empty")).to_be_visible()
    assert score(page) == rated
    tab_to(page, "#check")
    page.keyboard.press("Enter")
    tab_to(page, "#check-order")
    page.keyboard.press("Space")
    expect(page.locator("#checked .vq-row")).to_have_count(2)
    tab_to(page, "#save")


def test_an_example_can_be_chosen_with_the_keyboard(visit):
    page = visit()
    tab_to(page, "#examples")
    page.keyboard.press("Enter")
    expect(page.locator("#caption")).to_contain_text(EXAMPLES[0]["notice"])
    score(page)


def test_a_timeline_moves_the_player_by_click_key_and_card(visit):
    page = visit(viewport={"width": 1280, "height": 1400})
    choose(page, 0)
    score(page)
    assert page.locator("#timeline-plot .js-plotly-plot").count() == 0
    page.locator("#timeline-start").click()
    expect(page.locator("#timeline-status")).to_contain_text("windows rated")
    expect(page.locator("#timeline-plot .js-plotly-plot")).to_be_visible()
    time_now = "document.querySelector('#player video').currentTime"
    page.locator("#timeline .vq-worst button").first.click()
    windows = "JSON.parse(document.querySelector('.vq-timeline').dataset.windows)"
    worst = f"{windows}[+document.querySelector('.vq-worst button').dataset.window].x"
    page.wait_for_function(f"Math.abs({time_now} - {worst}) < 0.05")
    slider = page.get_by_role("slider", name="Moment")
    slider.press("Home")
    page.wait_for_function(f"Math.abs({time_now} - 1) < 0.2")
    slider.press("ArrowRight")
    expect(page.locator(".vq-picked")).to_contain_text("0:01.0 to ")
    expect(page.locator(".vq-playhead")).to_be_visible()
    with page.expect_download() as download:
        page.locator("#timeline").get_by_text("CSV").click()
    assert download.value.suggested_filename == "plaza-timeline.csv"
    page.locator("#film [data-seek]").nth(5).click()
    page.wait_for_function(f"{time_now} > 2.5")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.locator("#examples button").nth(2).click()
    expect(page.locator("#timeline-plot")).to_be_hidden()

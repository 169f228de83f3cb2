"""A visitor plays with the rewards in a real Chromium."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.accessibility import violations
from tests.browser.conftest import PATIENCE_MS
from tests.browser.lecture import play
from tests.browser.test_rate import choose, overflow, score, tab_to
from vqathinker.rewards import score_groups
from vqathinker.space.lab.experiment.link import BROKEN_LINK, to_link
from vqathinker.space.lab.experiment.numbers import score_state as rewards
from vqathinker.space.lab.experiment.presets import PRESETS
from vqathinker.space.lab.experiment.state import DEFAULT_STATE, VIEWS, LabState, LabVideo
from vqathinker.space.lab.tab import SLIDE_COUNT
from vqathinker.space.lab.views.notice import notice

expect.set_options(timeout=PATIENCE_MS)
ENOUGH_MS = 60_000  # torch may still have to be imported


def choose_lab(page: Page) -> None:
    """Through the menu of the tabs that do not fit, where that is what there is."""
    tab = page.locator("[role=tab][data-tab-id=lab]")
    more = page.get_by_label("More tabs")
    expect(tab.or_(more).filter(visible=True).first).to_be_visible()
    if not tab.is_visible():
        more.click()
        tab = page.locator(".overflow-dropdown button", has_text="Reward lab")
    tab.click()


def open_lab(page: Page, view: str = "bell", *, predict: bool = False) -> Page:
    """The lab as it is after a first visit, with its questions off; as on a first visit with `predict`."""
    choose_lab(page)
    if not predict:
        page.get_by_label("Predict first").uncheck()
    expect(page.locator(".lab-lesson" if predict else ".lab-notice")).to_be_visible(timeout=ENOUGH_MS)
    if view != "bell":
        show(page, view)
    return page


def show(page: Page, view: str) -> None:
    name = {"step": "Answers"}.get(view, view.capitalize())
    stop(page, name).click()
    expect(stop(page, name)).to_have_attribute("aria-pressed", "true")


def stop(page: Page, name: str) -> Locator:
    """A stop of the strip that shows the whole way."""
    return page.locator(".lab-strip").get_by_role("button", name=name, exact=True)


def said(page: Page) -> Locator:
    return page.locator(".lab-notice span")


def answer(page: Page, number: int, video: str = "A", kind: str = "") -> Locator:
    """The movable point of an answer, on the stage."""
    return page.locator(f".lab-stage [aria-label='Answer {number} to video {video}{kind}']")


def drag(page: Page, point: Locator, pixels: float) -> None:
    box = point.locator(".disc").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    for part in (0.25, 0.5, 0.75, 1):
        page.mouse.move(x + pixels * part, y + 3)
    page.mouse.up()
    settle(page)


def settle(page: Page) -> None:
    """Until every movement has been answered."""
    expect(page.locator(".lab:not([data-asking])")).to_be_attached()


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_a_preset_shows_what_it_promises(visit, name: str):
    preset = PRESETS[name]
    page = open_lab(visit(), preset.state.view)
    page.get_by_role("button", name=preset.title, exact=True).click()
    expect(said(page)).to_have_text(preset.promise)
    stop(page, "Advantage").click()
    table = score_groups([video.ordered for video in preset.state.videos], [video.mos for video in preset.state.videos])
    shuffled = score_groups(
        [video.shuffled for video in preset.state.videos], [video.mos for video in preset.state.videos]
    )
    totals = table.with_bonus(shuffled).total
    for i in range(2):
        for j in range(preset.state.answers):
            expect(page.locator(f"[data-cell='step-{i}-{j}-5']")).to_have_text(re.compile(f"^{totals[i, j]:.3f}"))
            expect(page.locator(f"[data-cell='step-{i}-{j}-2']")).to_have_text(
                re.compile(f"^{table.regression[i, j]:.3f}")
            )


def test_a_slider_changes_curve_table_and_sentence(visit):
    page = open_lab(visit())
    answer(page, 2).press("Enter")
    curve = page.locator(".lab-plot.bell .curve.repaired")
    before, told = curve.get_attribute("d"), said(page).inner_text()
    page.locator("[data-constant=sigma]").fill("1.2")
    expect(curve).not_to_have_attribute("d", before)
    state = LabState(DEFAULT_STATE.videos, answer=1, sigma=1.2)
    expected = rewards(state).repaired.ordered.regression[0, 1]
    expect(page.locator("[data-cell='bell-Repaired']")).to_have_text(f"{expected:.3f}")
    expect(said(page)).not_to_have_text(told)
    expect(page.locator("[data-constant=sigma]")).to_have_value("1.2")


def test_a_dragged_point_changes_every_view(visit):
    page = open_lab(visit(), "ranking")
    first = page.locator("[data-cell='pair-0-1']")
    before, curve = first.inner_text(), page.locator(".curve.repaired")
    drawn = curve.get_attribute("d")
    drag(page, answer(page, 4), -120)
    expect(first).not_to_have_text(before)
    expect(curve).not_to_have_attribute("d", drawn)
    expect(page.locator(".lab-editor textarea")).to_have_value(re.compile(r"<answer>[12]\.\d\d</answer>$"))
    written = page.locator(".lab-editor textarea").input_value()
    state = LabState((moved(DEFAULT_STATE, 3, written), DEFAULT_STATE.videos[1]), view="ranking", answer=3)
    expect(said(page)).to_have_text(notice(rewards(state)))
    show(page, "bell")
    expect(said(page)).to_have_text(notice(rewards(state), "bell"))


def moved(state: LabState, j: int, text: str) -> LabVideo:
    texts = list(state.videos[0].ordered)
    texts[j] = text
    return replace(state.videos[0], ordered=tuple(texts))


def test_the_mos_can_be_dragged_and_shuffled_twins_too(visit):
    page = open_lab(visit(), "temporal")
    flag = page.get_by_label("MOS of video A")
    box = flag.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + 70, box["y"] + 5, steps=4)
    page.mouse.up()
    expect(flag).not_to_have_attribute("aria-valuenow", "3.50")
    twin = answer(page, 1, kind=", shuffled")
    drag(page, twin, 60)
    expect(twin).not_to_have_attribute("aria-valuenow", "2.95")
    expect(page.locator(".lab-editor span")).to_contain_text("shuffled")


def test_a_cell_shows_its_arithmetic_by_mouse_by_key_and_by_touch(visit):
    page = open_lab(visit(has_touch=True), "step")
    page.get_by_label("Step 8: advantage").click()
    sums = page.locator(".lab-calc")
    page.locator("[data-cell='step-0-0-2']").hover()
    expect(sums).to_contain_text("exp(−(3.4700 − 3.5000)² / (2 × 0.5000²)) = 0.998")
    page.locator("[data-cell='step-0-0-2']").focus()
    page.keyboard.press("ArrowRight")
    expect(sums).to_contain_text("P(A1 beats B) = Φ((3.4700 − 2.7875)")
    page.locator("[data-cell='step-1-3-6']").tap()
    expect(sums).to_contain_text("Advantage of B4")
    advantage = page.locator("[data-cell='step-1-3-6'] .push > span")
    before = advantage.inner_text()
    answer(page, 4, "B").press("ArrowRight")
    expect(advantage).not_to_have_text(before)
    expect(sums).to_contain_text(advantage.inner_text())


def test_the_whole_step_goes_forward_and_back(visit):
    page = open_lab(visit(), "step")
    told, cells = page.locator(".lab-walk p"), page.locator("td.cell")
    expect(page.locator(".lab-raw").first).to_contain_text("<think>")
    expect(cells).to_have_count(0)
    expect(said(page)).to_contain_text("which is best has not been said")
    for step in range(1, 8):
        page.get_by_role("button", name="Next").click()
        expect(told).to_contain_text(f"{step + 1} of 8")
        expect(cells).to_have_count(8 * step)
    page.get_by_role("button", name="Back").click()
    expect(cells).to_have_count(8 * 6)
    expect(page.get_by_label("Step 7: total")).to_have_attribute("aria-pressed", "true")


def test_the_words_of_an_answer_can_be_edited(visit):
    page = open_lab(visit())
    box = page.locator(".lab-editor textarea")
    box.fill("<think>Sharp.</think><answer>3.5</answer>")
    expect(said(page)).to_contain_text("“3.5” shows too few decimals")
    box.fill("Frame1 is <b>sharp</b>")
    expect(said(page)).to_contain_text("the released code takes it for 1")
    expect(page.locator(".lab b", has_text="sharp")).to_have_count(0)
    page.get_by_role("button", name="3.50", exact=True).click()
    expect(box).to_have_value(re.compile("<answer>3.50</answer>$"))


def test_videos_and_answers_are_added_and_taken_away(visit):
    page = open_lab(visit(), "ranking")
    page.get_by_label("More videos").click()
    expect(page.locator(".lab-card")).to_have_count(3)
    page.get_by_label("More answers each").click()
    expect(page.locator(".lab-card").first.locator(".handle:not(.mos)")).to_have_count(5)
    page.locator("[data-cell='pair-2-0']").click()
    expect(page.locator(".lab-panel h4", has_text="C and A")).to_be_visible()
    page.get_by_label("Fewer videos").click()
    page.get_by_label("Fewer videos").click()
    expect(said(page)).to_contain_text("divides by zero")


def test_the_rollouts_of_a_rating_can_be_used(visit):
    page = visit()
    choose(page, 0)
    score(page)
    open_lab(page, "step")
    page.locator("#lab-mine input").fill("4.25")
    page.get_by_role("button", name="Use my video").click()
    expect(page.locator(".lab-card").first).to_contain_text("Your video")
    expect(page.locator(".lab-card").first).to_contain_text("people 4.25")
    count = int(page.locator("#lab-mine span").inner_text().split()[0])
    expect(page.locator(".lab-card").first.locator(".handle:not(.mos)")).to_have_count(min(count, 8))
    expect(page.locator(".lab-raw").first).to_contain_text("<think>")


def test_the_rollouts_of_a_rating_are_offered_only_when_there_are_some(visit):
    page = open_lab(visit())
    expect(page.locator("#lab-mine")).to_be_hidden()


def test_a_shared_link_shows_the_same_state(visit, app: str):
    page = open_lab(visit(), "ranking")
    page.get_by_role("button", name=PRESETS["tie"].title).click()
    expect(said(page)).to_have_text(PRESETS["tie"].promise)
    page.locator("#lab-share").click()
    expect(page.locator(".lab-said")).not_to_be_empty()
    link = page.url
    assert link == f"{app}/#lab={to_link(PRESETS['tie'].state)}"
    other = visit()
    other.goto("about:blank")
    other.goto(link)
    expect(said(other)).to_have_text(PRESETS["tie"].promise, timeout=ENOUGH_MS)
    expect(other.get_by_role("button", name=PRESETS["tie"].title)).to_have_attribute("aria-pressed", "true")


def test_a_broken_link_is_told_and_the_lab_starts(visit, app: str):
    page = visit()
    page.goto("about:blank")
    page.goto(f"{app}/#lab=broken")
    expect(page.locator(".lab-said")).to_have_text(BROKEN_LINK, timeout=ENOUGH_MS)
    expect(said(page)).to_have_text(notice(rewards(DEFAULT_STATE)))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("view", VIEWS)
def test_nobody_is_kept_out_of_the_lab(visit, view: str, scheme: str):
    page = open_lab(visit(color_scheme=scheme), view)
    if view == "step":
        page.get_by_label("Step 8: advantage").click()
    if page.locator("td.cell").count():
        page.locator("td.cell").first.hover()
    page.wait_for_timeout(400)
    assert violations(page) == []


def test_it_fits_a_phone(visit):
    page = open_lab(visit(viewport={"width": 360, "height": 740}, has_touch=True))
    for view in VIEWS:
        show(page, view)
        chips = page.locator(".lab-chip")
        for k in range(chips.count()):
            chips.nth(k).tap()
            page.wait_for_timeout(150)
            assert overflow(page) <= 0, (view, chips.nth(k).inner_text())
    cut = page.evaluate(
        "[...document.querySelectorAll('.lab-plot')].filter(x => x.getBoundingClientRect().right > innerWidth).length"
    )
    assert cut == 0


def test_the_drawings_follow_the_window(visit):
    page = open_lab(visit(viewport={"width": 1200, "height": 800}))
    expect(page.locator(".lab-columns.wide")).to_be_visible()
    page.set_viewport_size({"width": 420, "height": 800})
    expect(page.locator(".lab-columns.wide")).to_have_count(0)
    expect(page.locator(".lab-columns")).to_be_visible()
    assert overflow(page) <= 0


def walk_to_stop(page, number: int, key: str, title: str) -> None:
    """To a stop of the strip by the keyboard alone, which is pressed with `key`."""
    page.locator("[role=tab][data-tab-id=lab]").focus()
    tab_to(page, ".lab-stop")
    for _ in range(number):
        page.keyboard.press("Tab")
    page.keyboard.press(key)
    expect(stop(page, title)).to_have_attribute("aria-pressed", "true")


def test_the_keyboard_is_enough(visit):
    page = open_lab(visit())
    walk_to_stop(page, 5, "Enter", "Ranking")
    tab_to(page, ".lab-stage .handle:not(.mos)")
    point = page.evaluate("document.activeElement.getAttribute('aria-label')")
    now = page.locator(f"[aria-label='{point}']").first
    before = float(now.get_attribute("aria-valuenow"))
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    expect(now).to_have_attribute("aria-valuenow", f"{before + 0.2:.2f}")
    page.keyboard.press("End")
    expect(now).to_have_attribute("aria-valuenow", "5.00")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == point
    tab_to(page, "td.cell")
    page.keyboard.press("ArrowRight")
    expect(page.locator(".lab-calc")).to_contain_text("=")


def test_an_answer_that_never_comes_is_told(visit):
    page = open_lab(visit())
    calls = re.compile("component_server")
    page.route(calls, lambda route: route.fulfill(json=None))
    stop(page, "Ranking").click()
    expect(page.locator(".lab-said")).to_contain_text("Try again")
    page.unroute(calls)
    show(page, "ranking")


def overlapped(page: Page) -> bool:
    """Whether the page can be moved sideways, as a phone would let one."""
    return page.evaluate("visualViewport.width * visualViewport.scale < document.documentElement.scrollWidth - 1")


def test_a_first_visit_guesses_before_it_sees(visit):
    page = open_lab(visit(), predict=True)
    expect(page.get_by_label("Predict first")).to_be_checked()
    expect(page.get_by_label("Predict first")).to_have_css("appearance", "auto")  # that of Gradio is not seen
    expect(page.locator(".lab-notice, .lab-view table, .lab-plot.bell .curve")).to_have_count(0)
    page.get_by_role("button", name="Reveal").click()
    expect(page.locator(".lab-said")).to_have_text("Guess first.")
    page.get_by_label("Your guess").fill("0.95")
    expect(page.locator(".lab-plot.bell .guessed")).not_to_have_count(0)
    page.get_by_role("button", name="Reveal").click()
    expect(page.locator(".lab-truth")).to_contain_text("It is 0.998.")
    expect(page.locator(".lab-tally")).to_have_text("1 of 1 right")
    expect(page.locator(".lab-notice")).to_be_visible()
    page.get_by_role("button", name=PRESETS["punished"].title).click()
    expect(page.locator(".lab-asked")).to_contain_text("the released code pay for “3.50”")
    page.get_by_label("Your guess").press("End")
    page.get_by_role("button", name="Reveal").click()
    expect(page.locator(".lab-tally")).to_have_text("1 of 2 right")
    page.get_by_role("button", name="Another question").click()
    expect(page.locator(".lab-truth")).to_have_count(0)
    page.get_by_label("Predict first").uncheck()
    expect(page.locator(".lab-lesson")).to_have_count(0)
    page.reload()
    expect(page.locator("#examples button").first).to_be_visible()
    choose_lab(page)
    expect(page.locator(".lab-notice")).to_be_visible(timeout=ENOUGH_MS)


def test_a_lesson_and_the_update_need_the_keyboard_alone(visit):
    page = open_lab(visit(), predict=True)
    page.locator("[role=tab][data-tab-id=lab]").focus()
    tab_to(page, "[data-guess]")
    page.keyboard.press("End")
    expect(page.get_by_label("Your guess")).to_have_value("1")
    tab_to(page, ".lab-guess .lab-go")
    page.keyboard.press("Enter")
    expect(page.locator(".lab-truth")).to_be_visible()
    page.keyboard.press("Enter")  # the button is that of the next question now
    expect(page.locator(".lab-truth")).to_have_count(0)
    walk_to_stop(page, 9, "Space", "Update")
    tab_to(page, ".lab-guess .lab-form")
    page.keyboard.press("Enter")
    tab_to(page, ".lab-guess .lab-go")
    page.keyboard.press("Enter")
    expect(page.locator(".lab-truth")).to_be_visible()
    tab_to(page, ".lab-learn .next")
    page.keyboard.press("Enter")
    expect(page.locator(".lab-learn b")).to_have_text("step 1 of 60")
    tab_to(page, ".lab-walk .lab-forms .lab-form")
    page.keyboard.press("Space")
    expect(page.locator(".lab-walk .lab-forms .lab-form").first).to_have_attribute("aria-pressed", "false")
    tab_to(page, "[data-constant=beta]")


def test_steps_shift_what_is_answered_and_a_missing_reward_shows(visit):
    page = open_lab(visit(), "update")
    area = page.locator(".lab-view .area").first
    before = area.get_attribute("d")
    page.get_by_role("button", name="1 step").click()
    expect(area).not_to_have_attribute("d", before)
    expect(said(page)).to_have_text(re.compile("^After step 1, "))
    page.get_by_role("button", name="20 steps").click()
    expect(page.locator(".lab-learn b")).to_have_text("step 21 of 60")
    page.get_by_role("button", name="Bell", exact=True).and_(page.locator(".lab-form")).click()
    expect(said(page)).to_have_text(re.compile("^Without the bell, the expected scores are "))
    page.locator("[data-cell='update-0-0']").hover()
    expect(page.locator(".lab-calc")).to_contain_text("exp(")
    page.get_by_role("button", name="To the start").click()
    expect(said(page)).to_have_text(re.compile("^Nothing has been learned yet"))


def test_a_symbol_leads_to_its_control(visit):
    page = open_lab(visit())
    page.get_by_label("the width of the bell: go to its control").first.click()
    expect(page.locator("[data-constant=sigma]")).to_be_focused()


def test_every_symbol_of_every_view_has_a_control_to_lead_to(visit):
    page = open_lab(visit())
    for name in ("Bell", "Ranking", "Temporal", "Advantage", "Update"):
        stop(page, name).click()
        expect(stop(page, name)).to_have_attribute("aria-pressed", "true")
        expect(page.locator(".lab-formula .lab-sym").first).to_be_visible()
        astray = page.evaluate(
            """() => [...document.querySelectorAll('.lab-formula .lab-sym')]
              .filter(symbol => !document.querySelector('.lab-body').querySelector(symbol.dataset.aim))
              .map(symbol => symbol.dataset.aim)"""
        )
        assert astray == [], name


def test_the_tour_leads_through_the_lab_by_keyboard_and_is_remembered(visit):
    page = open_lab(visit(), predict=True)
    page.get_by_role("button", name="Show me around").press("Enter")
    card = page.get_by_role("dialog", name="Tour of the lab")
    for number in range(1, 9):
        expect(card.locator("b")).to_contain_text(f"{number} of 8")
        expect(page.locator(".toured")).to_have_count(1)
        page.keyboard.press("Enter")
    expect(card).to_be_hidden()
    expect(stop(page, "Update")).to_have_attribute("aria-pressed", "true")
    page.reload()
    choose_lab(page)
    expect(page.locator(".lab-lesson")).to_be_visible(timeout=ENOUGH_MS)
    expect(page.locator(".lab-invite")).to_be_hidden()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_lecture_goes_from_a_clip_to_what_changed(visit, scheme: str):
    page = open_lab(visit(color_scheme=scheme, viewport={"width": 1440, "height": 900}))
    told = []
    for _ in play(page):
        told.append(page.locator(".lab-idea").inner_text())
        assert violations(page) == []
        below = page.locator(".lab-slide").evaluate("one => one.getBoundingClientRect().bottom - innerHeight")
        assert below <= 0, "a slide that has to be scrolled"
    assert len(set(told)) == SLIDE_COUNT
    assert "lecture" not in page.url


def test_a_slide_has_a_link_of_its_own(visit, app: str):
    page = visit()
    page.goto("about:blank")
    page.goto(f"{app}/#lecture=4")
    expect(page.locator(".lab-slide h3")).to_contain_text("4 / 8", timeout=ENOUGH_MS)
    page.keyboard.press("Home")
    expect(page.locator(".lab-slide h3")).to_contain_text("1 / 8")
    page.keyboard.press("Escape")
    expect(page.locator(".lab-strip")).to_be_visible()


@pytest.mark.parametrize("width", [390, 360])
def test_nothing_sticks_out_on_a_phone(visit, width: int):
    page = open_lab(visit(viewport={"width": width, "height": 800}, is_mobile=True, has_touch=True), predict=True)
    for name in ("Video", "Frames", "Answers", "Bell", "Temporal", "Update"):
        stop(page, name).tap()
        expect(stop(page, name)).to_have_attribute("aria-pressed", "true")
        assert not overlapped(page), name

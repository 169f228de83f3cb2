"""A visitor replays the training in a real Chromium."""

from __future__ import annotations

import html
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, Request, expect

from tests.browser.conftest import PATIENCE_MS
from tests.browser.tabs import open_tab
from tests.browser.test_rate import overflow, tab_to
from vqathinker.bundled import checkpoint_folder
from vqathinker.space.history import words
from vqathinker.space.history.curves import checked_figure, step_figure
from vqathinker.space.history.figures import figures
from vqathinker.space.history.log import read_story

expect.set_options(timeout=PATIENCE_MS)
STORY = read_story(checkpoint_folder("tiny"))
STEPS = STORY.saves


def open_learned(visit, **options) -> Page:
    page = visit(**options)
    open_tab(page, "How it learned")
    expect(page.locator("#learned-step")).to_be_visible()
    return page


def go(page: Page, k: int) -> None:
    page.locator("#learned-step").fill(str(k))
    expect(page.locator(".learned-slide [data-slot=step]")).to_have_text(str(STEPS[k]))


def at_step(page: Page, step: int) -> None:
    """All that follows the slider is that of a step."""
    expect(page.locator(".learned-notice span")).to_have_text(words.step_notice(STORY, step))
    for k, probe in enumerate(STORY.probes):
        card, save = page.locator(".learned-card").nth(k), probe.saves[step]
        expect(card.locator(".learned-said b")).to_have_text(
            "unreadable" if save.score is None else f"{save.score:.2f}"
        )
        thought = re.sub("<[^>]+>", "", save.text.split("</think>")[0])
        expect(card.locator(".learned-said")).to_contain_text(" ".join(html.unescape(thought).split()))
        expect(card.locator(".vq-row .dot")).to_have_count(len(save.readable))
        expect(card.locator(".learned-changed")).to_have_text(words.change_since_start(probe, STEPS[0], step))
    expect(page.locator("[data-slot=reward]")).to_have_text(step_figure(STORY, "reward", step))
    expect(page.locator("[data-slot=srcc-clive]")).to_have_text(checked_figure(STORY, "clive_greedy_srcc", step))


def drawn(page: Page) -> int:
    """Wait until plotly has drawn every figure; how many there are."""
    count = page.locator("#learned figure").count()
    expect(page.locator("#learned figure .js-plotly-plot .shapelayer path")).to_have_count(count)
    return count


def own_clocks(page: Page) -> set[int]:
    """The functions that the page calls by itself: when it opens, and by a clock while the model loads."""
    functions = page.request.get(f"{page.url.rstrip('/')}/config").json()["dependencies"]
    return {one["id"] for one in functions if {event for _, event in one["targets"]} <= {"load", "tick"}}


def is_of(request: Request, functions: set[int]) -> bool:
    """Whether a request calls one of these functions of the server."""
    return request.url.endswith("/run/predict") and request.post_data_json["fn_index"] in functions


def line_places(page: Page) -> list[float]:
    """The step at which the upright line stands in each figure, by what plotly has drawn."""
    return page.evaluate(
        """() => [...document.querySelectorAll('#learned .js-plotly-plot')].map(figure => {
          const line = figure.querySelector('.shapelayer path').getBBox(), {xaxis, _size: size} = figure._fullLayout;
          return xaxis.p2d(line.x - xaxis._offset);
        })"""
    )


def test_the_slider_moves_replay_line_and_sentence_without_the_server(visit):
    page = open_learned(visit)
    count = drawn(page)
    at_step(page, STEPS[-1])
    clocks, asked = own_clocks(page), []
    page.on("request", lambda request: None if is_of(request, clocks) else asked.append(request.url))
    for k in (0, len(STEPS) // 2, len(STEPS) - 1):
        go(page, k)
        at_step(page, STEPS[k])
        places = line_places(page)
        assert places == pytest.approx([STEPS[k]] * count, abs=0.01 * STORY.last)
    assert asked == []


def test_a_step_chosen_while_the_curves_are_drawn_is_the_one_they_show(visit):
    page = open_learned(visit)
    page.locator("#learned figure .js-plotly-plot").first.wait_for(state="attached")
    go(page, 0)
    count = drawn(page)
    assert line_places(page) == pytest.approx([STEPS[0]] * count, abs=0.01 * STORY.last)


def test_plotly_is_loaded_when_the_tab_is_opened_and_not_before(visit):
    page, asked = visit(), []
    page.on("request", lambda request: asked.append(request.url))
    page.wait_for_timeout(1500)
    assert not [url for url in asked if "Plotly" in url] and not page.evaluate("Boolean(window.Plotly)")
    open_tab(page, "How it learned")
    assert drawn(page) == len(figures(STORY))


def test_a_curve_is_hidden_zoomed_hovered_and_saved(visit):
    page = open_learned(visit, viewport={"width": 1280, "height": 900})
    drawn(page)
    figure = page.locator("#learned figure[data-figure=earned]")
    button = figure.locator("[data-series=ranking]")
    curves = figure.locator(".scatterlayer .trace")
    before = curves.count()
    button.click()
    expect(button).to_have_attribute("aria-pressed", "false")
    expect(curves).to_have_count(before - 1)
    button.press("Enter")
    expect(curves).to_have_count(before)
    figure.scroll_into_view_if_needed()
    box = figure.locator(".learned-area").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 3)
    expect(figure.locator(".hoverlayer text").first).to_contain_text(re.compile(r"\d"))
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.7, box["y"] + box["height"] / 3, steps=4)
    page.mouse.up()
    page.wait_for_function("document.querySelector('[data-figure=earned] .js-plotly-plot').layout.xaxis.range[0] > 20")
    for kind in ("png", "csv"):
        with page.expect_download() as download:
            figure.locator(f"[data-save={kind}]").click()
        assert download.value.suggested_filename == f"how-it-learned-earned.{kind}"
        content = Path(download.value.path()).read_bytes()
        assert content.startswith(b"\x89PNG") if kind == "png" else content.startswith(b"series,step,value\r\n")
    lines = content.decode().splitlines()
    value = STORY.columns["reward"][-1]
    assert f'"Total reward, single steps",{STORY.steps[-1]},{value:g}' in lines


def test_the_curves_of_the_rewards_are_drawn_when_they_are_asked_for(visit):
    page = open_learned(visit)
    assert page.locator(".vq-explore .js-plotly-plot").count() == 0
    page.get_by_role("button", name="The three rewards as curves").click()
    expect(page.locator(".vq-explore .scatterlayer .trace")).to_have_count(8)
    expect(page.locator("#explore-files a")).to_have_attribute("download", "reward-curves.csv")
    assert overflow(page) <= 0


def test_what_an_answer_was_at_the_start_stays_in_sight(visit):
    page = open_learned(visit)
    go(page, 0)
    expect(page.locator(".learned-card .before")).to_have_count(0)
    expect(page.locator(".learned-card mark")).to_have_count(0)
    go(page, len(STEPS) - 1)
    for k, probe in enumerate(STORY.probes):
        card = page.locator(".learned-card").nth(k)
        for css, value in (("before", probe.saves[STEPS[0]].score), ("people", probe.mos)):
            expect(card.locator(f".{css}")).to_have_attribute("style", f"left:{(value - 1) / 4:.2%}")


def test_an_opened_part_stays_open_while_its_content_changes(visit):
    page = open_learned(visit)
    card = page.locator(".learned-card").first
    card.locator("summary").click()
    for k in (0, len(STEPS) - 1):
        go(page, k)
        expect(card.locator("ol li").first).to_be_visible()
        expect(card.locator("ol li b")).to_have_text([f"{s:.2f}" for s, _ in STORY.probes[0].saves[STEPS[k]].sampled])


def test_the_keyboard_is_enough(visit):
    page = open_learned(visit)
    page.locator("[role=tab][data-tab-id=learned]").focus()
    tab_to(page, ".learned-play")
    tab_to(page, "#learned-step")
    slider = page.locator("#learned-step")
    page.keyboard.press("Home")
    at_step(page, STEPS[0])
    expect(slider).to_have_attribute("aria-valuetext", f"step {STEPS[0]} of {STORY.last}")
    page.keyboard.press("ArrowRight")
    at_step(page, STEPS[1])
    page.keyboard.press("End")
    at_step(page, STEPS[-1])
    tab_to(page, ".learned-card summary")
    page.keyboard.press("Enter")
    expect(page.locator(".learned-card ol li").first).to_be_visible()
    tab_to(page, "[data-save=csv]")
    tab_to(page, "[data-series]")


def test_play_runs_from_the_start_to_the_end_and_can_be_paused(visit):
    page = open_learned(visit)
    drawn(page)  # a browser that reads plotly is late with every click
    play, step = page.locator(".learned-play"), page.locator(".learned-slide [data-slot=step]")
    play.click()
    expect(step).to_have_text(str(STEPS[0]))
    expect(step).to_have_text(str(STEPS[1]))
    play.click()
    expect(play).to_have_text("Play")
    page.wait_for_timeout(2000)
    expect(step).to_have_text(str(STEPS[1]))
    play.click()
    expect(step).to_have_text(str(STEPS[-1]), timeout=4 * PATIENCE_MS)
    expect(play).to_have_text("Play")
    at_step(page, STEPS[-1])


def test_the_study_is_told_in_words(visit):
    page = open_learned(visit)
    if STORY.study is None:
        pytest.skip("the bundled run has no study")
    expect(page.locator(".learned-study")).to_contain_text(words.against_start(STORY.study))
    rewards = page.locator(".learned-removed p")
    expect(rewards).to_have_text([words.bought(STORY.study, reward) for reward in STORY.study.ablation])


def test_the_slider_stays_in_sight(visit):
    for options in ({"viewport": {"width": 1200, "height": 700}}, {"viewport": {"width": 390, "height": 740}}):
        page = open_learned(visit, **options)
        page.locator(".learned-card").last.scroll_into_view_if_needed()
        page.mouse.wheel(0, 400)
        page.wait_for_timeout(300)
        assert page.evaluate("scrollY") > 300
        expect(page.locator("#learned-step")).to_be_in_viewport(ratio=1)


@pytest.mark.parametrize("width", [360, 390])
def test_it_fits_a_phone(visit, width: int):
    page = open_learned(visit, viewport={"width": width, "height": 740}, has_touch=True, is_mobile=True)
    for k in (0, len(STEPS) - 1):
        go(page, k)
        assert overflow(page) <= 0
    for summary in page.locator("#learned summary").all():
        summary.tap()
    assert overflow(page) <= 0
    drawn(page)
    outside = page.evaluate(
        """() => [...document.querySelectorAll('#learned svg.main-svg, #learned p, #learned li, #learned button')]
          .filter(one => !one.closest('.learned-cards, .learned-numbers svg'))
          .filter(one => { const box = one.getBoundingClientRect(); return box.right > innerWidth || box.left < 0; })
          .map(one => one.outerHTML.slice(0, 120))"""
    )
    assert outside == []


def test_it_takes_four_screens_of_a_phone(visit):
    """Of 844 pixels; what the study says comes on top."""
    page = open_learned(visit, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    drawn(page)
    study = page.evaluate("document.querySelector('.learned-study').getBoundingClientRect().height")
    assert page.evaluate("document.documentElement.scrollHeight") - study <= 4 * 844


def test_dark_is_dark_and_light_is_light(visit):
    for scheme, low, high in (("light", 200, 255), ("dark", 0, 60)):
        page = open_learned(visit, color_scheme=scheme)
        for part in (".learned-card", ".learned-bar"):
            colour = page.evaluate(f"getComputedStyle(document.querySelector('{part}')).backgroundColor")
            shades = [int(shade) for shade in re.findall(r"\d+", colour)[:3]]
            assert len(shades) == 3 and all(low <= shade <= high for shade in shades), (part, colour)

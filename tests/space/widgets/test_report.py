"""What a visitor takes along: all the numbers, and no need of anything else."""

from __future__ import annotations

import base64
import json

from tests.space.markup import parse
from tests.space.reports import report
from vqathinker.space.widgets import texts
from vqathinker.space.widgets.report import OrderCheck, report_page, save_links, to_keep
from vqathinker.space.widgets.thumbnails import Film

FILM = Film("640 × 480", (("data:image/jpeg;base64,AA==", "0.10 s"), ("data:image/jpeg;base64,AB==", "0.50 s")))


def test_the_page_holds_the_rating_and_asks_for_nothing():
    told = report(3.42, [3.1, 3.6], file="<b>clip</b>.mp4")
    page = report_page(told, FILM)
    parsed = parse(page.removeprefix("<!doctype html>"))
    assert all(part in parsed.text for part in ("3.42", "fair", "<b>clip</b>.mp4", "Sharp.", "0.50 s", "tiny"))
    assert parsed.named("script") == parsed.named("link") == [] and "url(" not in page and "@import" not in page
    assert all(image["src"].startswith("data:") for image in parsed.named("img"))
    assert json.loads(parsed.text[parsed.text.index('{\n  "file"') : parsed.text.rindex("}") + 1]) == to_keep(told)


def test_the_links_hold_the_page_and_the_json_under_the_name_of_the_video():
    told = report(file='my "clip".mp4')
    page, values = parse(save_links(told, FILM)).named("a")
    assert page["download"] == 'my "clip"-rating.html' and values["download"] == 'my "clip"-rating.json'
    read = [base64.b64decode(link["href"].split(",")[1]).decode() for link in (page, values)]
    assert read[0] == report_page(told, FILM) and json.loads(read[1]) == to_keep(told)
    assert told.items() <= to_keep(told).items()


def test_what_to_expect_and_the_check_of_the_order_are_taken_along():
    disordered = report(2.5, [2.4, 2.7], text="<think>Jumps.</think><answer>2.50</answer>")
    check = OrderCheck("reverse", disordered, "<p>In order 3.42, disordered 2.50: 0.92 lower.</p>")
    asked = {"caveat": "It is off by <0.28> on average.", "check": check}
    page = parse(report_page(report(3.42), FILM, **asked).removeprefix("<!doctype html>"))
    assert texts.EXPECT in page.text and texts.CAVEAT in page.text and "off by <0.28>" in page.text
    assert texts.CHECK in page.text and "0.92 lower" in page.text
    kept = to_keep(report(3.42), **asked)
    assert kept["order_check"]["perturbation"] == "reverse" and kept["order_check"]["score"] == 2.5
    assert kept["order_check"]["text"] == disordered["text"] and len(kept["order_check"]["rollouts"]) == 2
    assert kept["caveat"].endswith("on average.")
    without = to_keep(report(3.42))
    assert without["caveat"] == texts.CAVEAT and "order_check" not in without
    assert texts.CHECK not in report_page(report(3.42), FILM)

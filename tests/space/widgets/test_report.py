"""What a visitor takes along: all the numbers, and no need of anything else."""

from __future__ import annotations

import base64
import json

from tests.space.markup import parse
from tests.space.reports import report
from vqathinker.space.widgets.report import report_page, save_links
from vqathinker.space.widgets.thumbnails import Film

FILM = Film("640 × 480", (("data:image/jpeg;base64,AA==", "0.10 s"), ("data:image/jpeg;base64,AB==", "0.50 s")))


def test_the_page_holds_the_rating_and_asks_for_nothing():
    told = report(3.42, [3.1, 3.6], file="<b>clip</b>.mp4")
    page = report_page(told, FILM)
    parsed = parse(page.removeprefix("<!doctype html>"))
    assert all(part in parsed.text for part in ("3.42", "fair", "<b>clip</b>.mp4", "Sharp.", "0.50 s", "tiny"))
    assert parsed.named("script") == parsed.named("link") == [] and "url(" not in page and "@import" not in page
    assert all(image["src"].startswith("data:") for image in parsed.named("img"))
    assert json.loads(parsed.text[parsed.text.index('{\n  "file"') : parsed.text.rindex("}") + 1]) == told


def test_the_links_hold_the_page_and_the_json_under_the_name_of_the_video():
    told = report(file='my "clip".mp4')
    page, values = parse(save_links(told, FILM)).named("a")
    assert page["download"] == 'my "clip"-rating.html' and values["download"] == 'my "clip"-rating.json'
    read = [base64.b64decode(link["href"].split(",")[1]).decode() for link in (page, values)]
    assert read[0] == report_page(told, FILM) and json.loads(read[1]) == told

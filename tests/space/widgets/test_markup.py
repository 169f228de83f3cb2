"""The parts of the page: right numbers in the right places, and no text of a visitor's ever becomes markup."""

from __future__ import annotations

import re

import pytest

from tests.space.markup import parse
from tests.space.reports import report
from vqathinker.space.compare import views
from vqathinker.space.widgets import markup, texts
from vqathinker.space.widgets.thumbnails import Film

HOSTILE = "<img src=x onerror=alert(1)> & \"quoted\" 'too'.mp4"


def test_the_stages_say_what_is_done_what_runs_and_how_long_it_took():
    page = parse(markup.stages("watching", {"decoding": 0.44}))
    assert [item["class"] for item in page.named("li")] == ["done", "now", "later"]
    assert "0.4 s" in page.text
    done = parse(markup.timings(report()["timings"]))
    assert [item["class"] for item in done.named("li")] == ["done"] * 3
    assert re.findall(r"[\d.]+(?= s)", done.text) == ["0.5", "0.3", "0.7"]


def test_the_filmstrip_shows_every_frame_with_its_label():
    film = Film("120 × 160", (("data:image/jpeg;base64,AA==", "0.10 s"), ("data:image/jpeg;base64,AB==", HOSTILE)))
    page = parse(markup.filmstrip(film))
    assert [image["src"] for image in page.named("img")] == [source for source, _ in film.cells]
    assert all(part in page.text for part in ("120 × 160", "0.10 s", HOSTILE))


def test_what_moves_may_have_a_timeline():
    assert all(markup.is_moving(markup.player(name)) for name in ("a.mp4", "a.gif", "A.GIF"))
    assert not any(markup.is_moving(shown) for shown in (markup.player("a.png"), "", None))
    assert not markup.is_moving(markup.player('data-moving="yes" <video.jpg'))


def test_a_sign_in_a_legend_stays_with_its_words():
    for legend in (texts.LEGEND, texts.PLACE_LEGEND):
        assert legend.count("<span><i ") == legend.count("<i ") == legend.count("</span>")


@pytest.mark.parametrize(("ahead", "words"), [(1, "one rating is before yours"), (3, "3 ratings are before yours")])
def test_who_waits_is_told_how_many_are_before(ahead: int, words: str):
    assert words in parse(markup.waiting(ahead)).text


@pytest.mark.parametrize(
    "html",
    [markup.player(f"/tmp/{HOSTILE}"), markup.player(f"/tmp/{HOSTILE}.png"), markup.caption(HOSTILE),
     markup.note(HOSTILE), markup.header(HOSTILE), views.slot("A", HOSTILE), views.side("B", report(file=HOSTILE)),
     markup.example_caption(dict.fromkeys(("title", "done", "notice", "attribution"), HOSTILE))],
)  # fmt: skip
def test_what_visitors_and_models_write_stays_text(html: str):
    page = parse(html)
    assert all(image["src"].startswith("gradio_api/file=") for image in page.named("img"))
    assert "alert(1)" not in " ".join(str(a.get("onerror")) for _, a in page.tags)


def test_videos_are_played_and_pictures_shown():
    [video] = parse(markup.player("/x/clip one.mp4", "data:image/jpeg;base64,AA==")).named("video")
    assert video["src"] == "gradio_api/file=/x/clip%20one.mp4" and video["poster"] == "data:image/jpeg;base64,AA=="
    assert {"muted", "playsinline", "controls"} <= set(video)
    assert parse(markup.player("/x/still.WEBP")).named("video") == []

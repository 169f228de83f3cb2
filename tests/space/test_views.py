"""The parts of the page: right numbers in the right places, and no text of a visitor's ever becomes markup."""

from __future__ import annotations

import base64
import io
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from vqathinker.rating import Defect, Rating, Timings, score_word
from vqathinker.space import views
from vqathinker.video import load_clip

HOSTILE = "<img src=x onerror=alert(1)> & \"quoted\" 'too'.mp4"


class Parsed(HTMLParser):
    """Tags with their attributes, all text, and whether every tag is closed."""

    def __init__(self, html: str):
        super().__init__()
        self.tags, self.open, self.text = [], [], ""
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in ("img",):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data

    def named(self, name: str) -> list[dict]:
        return [attributes for tag, attributes in self.tags if tag == name]


def parse(html: str) -> Parsed:
    parsed = Parsed(html)
    assert parsed.open == []
    return parsed


def rating(score: float = 3.42, **changes) -> Rating:
    values = {
        "file": "a.mp4", "score": score, "expected": 3.3, "text": "", "reasoning": "Sharp.", "defects": (),
        "frames": (), "rollouts": (), "model": "tiny", "precision": "fp32", "timings": Timings(0.5, 0.2, 0.3, 1.5),
    }  # fmt: skip
    return Rating(**{**values, **changes})


@pytest.mark.parametrize(("score", "left"), [(1.0, "0.00%"), (3.0, "50.00%"), (3.42, "60.50%"), (5.0, "100.00%")])
def test_the_marker_stands_at_the_score_and_the_word_beside_it(score: float, left: str):
    page = parse(views.verdict(rating(score)))
    [marker] = page.named("i")
    assert marker["style"] == f"left:{left}"
    assert f"{score:.2f}" in page.text and "expected 3.30" in page.text
    assert score_word(score) in page.named("section")[0]["class"].split()


def test_without_a_rating_there_is_a_scale_and_no_marker():
    page = parse(views.verdict())
    assert page.named("i") == []
    assert [word for word in views.WORDS if word in page.text] == list(views.WORDS)


def test_defects_are_chips_with_their_severity():
    page = parse(views.chips([Defect("low_frame_rate", "severe"), Defect("blur", "slight")]))
    assert [item["class"] for item in page.named("li")] == ["severe", "slight"]
    assert "low frame rate severe" in page.text and "_" not in page.text
    assert "No defect named" in parse(views.chips([])).text


def test_the_stages_say_what_is_done_what_runs_and_how_long_it_took():
    page = parse(views.stages("watching", {"decoding": 0.44}))
    assert [item["class"] for item in page.named("li")] == ["done", "now", "later"]
    assert "0.4 s" in page.text
    done = parse(views.timings(Timings(decode_s=0.5, encode_s=0.2, first_token_s=0.3, total_s=1.5)))
    assert [item["class"] for item in done.named("li")] == ["done"] * 3
    assert re.findall(r"[\d.]+(?= s)", done.text) == ["0.5", "0.3", "0.7"]


def test_the_filmstrip_shows_the_sampled_frames_small_and_with_their_times(clip):
    watched = load_clip(clip("portrait.mp4"))
    page = parse(views.filmstrip(watched))
    assert [f"{time:.2f} s" in page.text for time in watched.times] == [True] * 6
    assert "120 × 160, 25 frames a second, 0.8 s" in page.text
    for image, frame in zip(page.named("img"), watched.frames, strict=True):
        kind, data = image["src"].split(",")
        assert kind == "data:image/jpeg;base64"
        with Image.open(io.BytesIO(base64.b64decode(data))) as thumbnail:
            assert max(thumbnail.size) <= views.THUMBNAIL_WIDTH
            assert thumbnail.size == (120, 160)
            assert np.abs(np.asarray(thumbnail, float) - frame).mean() < 8


def test_a_still_image_is_shown_once(tmp_path):
    Image.new("RGB", (640, 480), "teal").save(tmp_path / "still.png")
    page = parse(views.filmstrip(load_clip(tmp_path / "still.png")))
    assert len(page.named("img")) == 1 and "still image" in page.text and "frames a second" not in page.text


@pytest.mark.parametrize(
    "html",
    [views.player(f"/tmp/{HOSTILE}"), views.player(f"/tmp/{HOSTILE}.png"), views.caption(HOSTILE), views.note(HOSTILE),
     views.reasoning(HOSTILE), views.header(HOSTILE),
     views.example_caption(dict.fromkeys(("title", "done", "notice", "attribution"), HOSTILE))],
)  # fmt: skip
def test_what_visitors_and_models_write_stays_text(html: str):
    page = parse(html)
    assert all(image["src"].startswith("gradio_api/file=") for image in page.named("img"))
    assert "alert(1)" not in " ".join(str(a.get("onerror")) for _, a in page.tags)


def test_videos_are_played_and_pictures_shown():
    [video] = parse(views.player("/x/clip one.mp4", "data:image/jpeg;base64,AA==")).named("video")
    assert video["src"] == "gradio_api/file=/x/clip%20one.mp4" and video["poster"] == "data:image/jpeg;base64,AA=="
    assert {"muted", "playsinline", "controls"} <= set(video)
    assert parse(views.player("/x/still.WEBP")).named("video") == []

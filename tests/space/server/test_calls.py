"""What programs send: every wrong value is one sentence that names its field."""

from __future__ import annotations

from pathlib import Path

import pytest

from vqathinker.space.server.calls import SHOWN_CHARACTERS, Calls, rollouts_problem, url_problem

TYPE = {"meta": {"_type": "gradio.FileData"}}


@pytest.fixture
def uploads(tmp_path: Path) -> Path:
    (tmp_path / "uploads" / "one").mkdir(parents=True)
    (tmp_path / "uploads" / "one" / "clip.mp4").write_bytes(b"x")
    (tmp_path / "secret.mp4").write_bytes(b"x")
    (tmp_path / "uploads" / "link.mp4").symlink_to(tmp_path / "secret.mp4")
    return tmp_path / "uploads"


def test_what_is_right_passes(uploads: Path):
    calls, clip = Calls(uploads), {"path": str(uploads / "one" / "clip.mp4"), **TYPE}
    for data in ([clip, 0], [clip, 32], [clip, 2.0]):
        assert calls.problem("rate", data) is None
    assert calls.problem("compare", [clip, clip, 2]) is None
    assert calls.problem("timeline", [clip, 2.0]) is None and calls.named_problem("timeline", {"video": clip}) is None
    assert calls.problem("rewards", [[[3.5]], [3], "repaired", None]) is None
    assert calls.named_problem("rate", {"video": clip}) is None
    assert calls.problem("some_event_of_the_page", "anything") is None


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        (None, "video is missing"),
        ("", "video is missing"),
        ({"path": None, **TYPE}, "video is missing"),
        (7, "video must be an upload"),
        ("clip.mp4", "video must be an upload"),
        (["clip.mp4"], "video must be an upload"),
        ({"path": "SECRET"}, "video must be an upload"),
        ({"path": ["x"], **TYPE}, "video must be an upload"),
        ({"path": "SECRET", **TYPE}, "video was not uploaded here"),
        ({"path": "UPLOADS/link.mp4", **TYPE}, "video was not uploaded here"),
        ({"path": "UPLOADS/../secret.mp4", **TYPE}, "video was not uploaded here"),
        ({"path": "UPLOADS/one/gone.mp4", **TYPE}, "video was not uploaded here"),
        ({"path": "UPLOADS/one", **TYPE}, "video was not uploaded here"),
        ({"path": "UPLOADS/\0", **TYPE}, "video was not uploaded here"),
        ({"path": "UPLOADS/" + "x" * 10_000, **TYPE}, "video was not uploaded here"),
        ("http://example.org/a.mp4", "video is a web address; this page takes uploads only"),
        ({"path": "HTTPS://example.org/a.mp4", **TYPE}, "video is a web address"),
    ],
)
def test_what_is_no_upload_is_told(uploads: Path, value, sentence: str):
    if isinstance(value, dict) and isinstance(value["path"], str):
        path = value["path"].replace("UPLOADS", str(uploads)).replace("SECRET", str(uploads.parent / "secret.mp4"))
        value = {**value, "path": path}
    problem = Calls(uploads).problem("rate", [value, 0])
    assert problem.field == "video" and problem.sentence.startswith(sentence) and problem.sentence.endswith(".")


@pytest.mark.parametrize("value", [1.7, "8", None, True, [], -1, 33, 3000, 10**400, float("nan"), float("inf")])
def test_what_is_no_number_of_rollouts_is_told(value):
    told = rollouts_problem(value, 0)
    assert (
        told.startswith("rollouts must be between 0 and 32, a whole number, not ")
        and len(told) < 100 + SHOWN_CHARACTERS
    )


@pytest.mark.parametrize("data", [None, {}, [], [1], [1, 2, 3], "x"])
def test_too_few_values_are_told_with_the_names_of_all(uploads: Path, data):
    assert "2 values (video, rollouts)" in Calls(uploads).problem("rate", data).sentence
    assert Calls(uploads).named_problem("rate", {"clip": 1}).field == "clip"
    assert Calls(uploads).named_problem("compare", {}).field == "first"


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1/a.mp4",
        "http://localhost:8080/a.mp4",
        "http://10.1.2.3/a.mp4",
        "http://169.254.169.254/latest/meta-data",
        "http://[::1]/a.mp4",
        "http://[fd00::1]/a.mp4",
        "http://0.0.0.0/",
        "http://2130706433/",
        "http://no-such-host.invalid/a.mp4",
        "http:///a.mp4",
        "http://[broken/a.mp4",
        "http://host:99999/a.mp4",
    ],
)
def test_a_web_address_that_is_not_public_is_told_where_others_are_allowed(uploads: Path, address: str):
    assert url_problem("video", address).startswith("video: ")
    assert Calls(uploads, urls=True).problem("rate", [{"path": address, **TYPE}, 0]).field == "video"


def test_a_public_web_address_passes_where_they_are_allowed(uploads: Path):
    assert url_problem("video", "http://8.8.8.8/a.mp4") == ""


@pytest.mark.parametrize("value", [0, 0.4, 61, float("nan"), True, None, "2", [2]])
def test_what_is_no_length_of_a_window_is_told(uploads: Path, value):
    clip = {"path": str(uploads / "one" / "clip.mp4"), **TYPE}
    problem = Calls(uploads).problem("timeline", [clip, value])
    assert problem.field == "window_s"
    assert problem.sentence.startswith("window_s must be between 0.5 and 60 seconds, not ")

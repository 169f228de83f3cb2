"""`timeline FILE` as a shell sees it."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import signal
import threading

import pytest

import vqathinker
from tests import clips
from tests.model.tiny_models import make_model, make_processor
from tests.test_cli import shell
from tests.video import kinds
from vqathinker.cli import main
from vqathinker.files import clock
from vqathinker.model.loading import LoadedModel
from vqathinker.rating import Rater


@pytest.fixture(scope="module")
def rater():
    processor = make_processor()
    return Rater(LoadedModel(make_model(processor, seed=1), processor, "two-blocks", "fp32"), max_new_tokens=12)


@pytest.fixture(autouse=True)
def two_blocks(monkeypatch: pytest.MonkeyPatch, rater) -> None:
    monkeypatch.setattr(vqathinker, "load_rater", lambda *_, **__: rater)


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    return clips.encode(tmp_path_factory.mktemp("film") / "film.mp4", kinds.scene(75))


def test_json_is_one_object_with_the_path_as_given(film, capsys, rater):
    assert main(["timeline", str(film), "--json"]) == 0
    told = capsys.readouterr()
    assert json.loads(told.out) == rater.timeline(film).to_dict() | {"file": str(film)}
    assert told.err == ""


def test_csv_is_a_row_a_window(film, capsys):
    assert main(["timeline", str(film), "--csv", "--window", "1", "--overlap", "0"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [(float(row["start_s"]), float(row["end_s"])) for row in rows] == [(0, 1), (1, 2), (2, 3)]


def test_in_words_every_window_and_then_the_whole(film, capsys, rater):
    assert main(["timeline", str(film)]) == 0
    lines = capsys.readouterr().out.splitlines()
    timeline = rater.timeline(film)
    assert lines[0].split()[:4] == ["0:00.0", "to", "0:02.0", f"{timeline.windows[0].score:.2f}"]
    assert any(line.startswith(f"film.mp4  {timeline.score:.2f}") for line in lines)
    assert any(line.startswith("  worst at 0:0") for line in lines)


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["--window", "0.1"], 2, "a window has 0.5 to 60 seconds, not 0.1."),
        (["--window", "nan"], 2, "a window has 0.5 to 60 seconds, not nan."),
        (["--overlap", "1"], 2, "windows overlap by 0 to 0.8, not by 1."),
    ],
)
def test_impossible_windows_are_one_sentence(film, capsys, arguments, code, sentence):
    assert main(["timeline", str(film), *arguments]) == code
    assert capsys.readouterr().err == f"vqathinker: {sentence}\n"


def test_what_has_no_timeline_is_one_sentence(clip, tmp_path, capsys):
    picture = tmp_path / "a.png"
    kinds.Image.fromarray(kinds.scene(1)[0]).save(picture)
    for path, sentence in (
        (picture, "a.png is a picture, or shows only one: it has no timeline."),
        (clip("text.mp4"), "text.mp4 is a text file, not a video."),
        (tmp_path / "no.mp4", f"{tmp_path / 'no.mp4'} does not exist."),
    ):
        assert main(["timeline", str(path)]) == 1
        assert capsys.readouterr().err == f"vqathinker: {sentence}\n"


def press_ctrl_c(process) -> tuple[str, str]:
    """As a terminal does: the signal goes to the whole group, the decoder too. What is still printed."""
    os.killpg(process.pid, signal.SIGINT)
    return process.communicate(timeout=120)


def test_ctrl_c_leaves_the_timeline_of_what_was_rated(tmp_path):
    """The real command: what was printed before the signal counts, with a note, and the film is not called broken."""
    film = clips.encode(tmp_path / "long.mp4", kinds.scene(500))
    process = shell("timeline", film, start_new_session=True)
    first = process.stdout.readline()
    rest, err = press_ctrl_c(process)
    assert process.returncode == 130 and err == ""
    assert first.strip().startswith("0:00.0 to 0:02.0")
    assert rest.splitlines()[-1].startswith("  stopped at ") and rest.rstrip().endswith(" of 20.0 s")


def test_ctrl_c_on_a_terminal_leaves_whole_json(tmp_path):
    """The counter is on the terminal, the JSON in a pipe: one object, of the windows that the counter had counted."""
    film = clips.encode(tmp_path / "long.mp4", kinds.scene(500))
    terminal, theirs = pty.openpty()
    process = shell("timeline", film, "--json", start_new_session=True, stderr=theirs)
    os.close(theirs)
    with os.fdopen(terminal, "rb", buffering=0) as screen:
        counted = b""
        while b"2/" not in counted:
            counted += screen.read(64)
        out, _ = press_ctrl_c(process)
    report = json.loads(out)
    assert process.returncode == 130 and 2 <= len(report["windows"]) < 19
    assert report["notes"][-1] == f"stopped at {report['windows'][-1]['end_s']:.1f} s of 20.0 s"
    assert len(report["notes"]) == 1 and report["score"] > 0


def test_the_handler_of_ctrl_c_is_the_old_one_afterwards(film):
    before = signal.getsignal(signal.SIGINT)
    assert main(["timeline", str(film), "--json"]) == 0
    assert signal.getsignal(signal.SIGINT) is before
    done = []
    thread = threading.Thread(target=lambda: done.append(main(["timeline", str(film), "--json"])))
    thread.start()
    thread.join(120)
    assert done == [0]


@pytest.mark.parametrize(("seconds", "told"), [(0, "0:00.0"), (59.96, "1:00.0"), (72.3, "1:12.3"), (3661, "1:01:01.0")])
def test_the_time_is_told_as_players_do(seconds, told):
    assert clock(seconds) == told

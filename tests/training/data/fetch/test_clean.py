import csv

import numpy as np
import pytest
from PIL import Image

from tests.training.data.repositories import lose, picture, repository
from training.data import ffmpeg
from training.data.build.sources import load_contents
from training.data.fetch import clean
from training.data.fetch import run as fetch
from training.data.tables import read_table

COMMON = {"licence": "CC0-1.0", "source": "made up", "attribution": "nobody"}
CLIP = COMMON | {"scene": "bars", "group": "clean_real", "fps": "24", "frames": "10", "allow_redistribution": "yes"}
CLIP |= {"origin": "git made/up", "path": "films/bars.mp4"}


@pytest.fixture
def source(tmp_path):
    """A film whose frame i is grey of brightness 20 + 6 i, and a photograph."""
    grey = np.arange(20, 20 + 6 * 36, 6, dtype=np.uint8)
    frames = np.broadcast_to(grey[:, None, None, None], (36, 96, 160, 3)).copy()
    ffmpeg.encode_frames(frames, 24, tmp_path / "bars.mp4")
    files = {"films/bars.mp4": (tmp_path / "bars.mp4").read_bytes(), "hill.png": picture(1, (200, 100), "PNG")}
    return repository(tmp_path / "up", files | {"films/other.mp4": b"x"})


@pytest.fixture
def tables(monkeypatch):
    rows = {
        "clips.csv": [
            CLIP | {"file": "a.mp4", "width": "160", "height": "96", "start": "0.500"},
            CLIP | {"file": "b.mp4", "width": "80", "height": "48", "start": "0.000"},
            CLIP | {"file": "c.mp4", "width": "80", "height": "48", "start": "0", "path": "films/gone.mp4"},
            CLIP | {"file": "d.mp4", "width": "80", "height": "48", "start": "0", "origin": "git not/there"},
        ],
        "photos.csv": [
            COMMON | {"file": "hill.jpg", "width": "100", "height": "50", "origin": "git made/up", "path": "hill.png"}
        ],
    }
    monkeypatch.setattr(clean, "read_table", rows.__getitem__)


def brightness(path) -> np.ndarray:
    return ffmpeg.grey_frames(path).mean(axis=(1, 2))


def run(data, source, part: str) -> None:
    fetch.main([str(data), "--part", part, "--from", f"made/up={source}", "--from", f"not/there={data / 'nowhere'}"])


def test_clips_are_cut_at_their_frame_and_the_lost_ones_are_named(source, tables, tmp_path, capsys):
    data = tmp_path / "data"
    run(data, source, "clips")
    printed = capsys.readouterr().out
    assert "clips: 2 of 4 could not be had: c.mp4, d.mp4" in printed and "git not/there: " in printed
    contents = load_contents(data, 0, "clips")
    assert [c.path for c in contents] == ["clips/a.mp4", "clips/b.mp4"] and contents[0].redistributable
    facts = ffmpeg.facts(data / "clips/b.mp4")
    assert (facts.width, facts.height, facts.fps, facts.num_frames) == (80, 48, 24.0, 10)
    film = brightness(tmp_path / "bars.mp4")
    assert np.abs(brightness(data / "clips/a.mp4") - film[12:22]).max() < 2
    assert np.abs(brightness(data / "clips/b.mp4") - film[:10]).max() < 2
    assert {path.name for path in (data / "clips").iterdir()} == {"a.mp4", "b.mp4", "clips.csv"}


def test_photographs_are_reduced(source, tables, tmp_path):
    run(tmp_path / "data", source, "photos")
    with Image.open(tmp_path / "data/photos/hill.jpg") as image:
        assert image.size == (100, 50) and image.format == "JPEG"
    with (tmp_path / "data/photos/photos.csv").open(newline="") as file:
        assert next(csv.DictReader(file))["licence"] == "CC0-1.0"


def test_what_is_there_is_not_made_again(source, tables, tmp_path):
    data = tmp_path / "data"
    run(data, source, "clips")
    before = (data / "clips/a.mp4").stat().st_mtime_ns
    lose(source, "films/bars.mp4")
    (data / "clips/b.mp4").unlink()
    run(data, source, "clips")
    assert (data / "clips/a.mp4").stat().st_mtime_ns == before
    assert [c.path for c in load_contents(data, 0, "clips")] == ["clips/a.mp4"]


def test_nothing_at_all_is_one_sentence(source, tables, tmp_path):
    lose(source, "films/bars.mp4")
    with pytest.raises(SystemExit, match="clips: none of the 4 files of clips could be had"):
        run(tmp_path / "data", source, "clips")
    assert not (tmp_path / "data/clips/clips.csv").exists()


def test_the_real_tables_say_where_everything_comes_from():
    for name, needed in (("clips.csv", clean.CLIP_COLUMNS), ("photos.csv", clean.PHOTO_COLUMNS)):
        rows = read_table(name)
        assert len({row["file"] for row in rows}) == len(rows) > 50
        for row in rows:
            assert all(row[column] for column in (*needed, "path"))
            assert row["origin"].split(" ")[0] in ("git", "wheel", "sdist", "debian")
            assert name == "photos.csv" or float(row["start"]) >= 0

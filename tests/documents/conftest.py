"""Small files under the names that the documents use."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest

from tests.clips import plain
from tests.documents.commands import ROOT


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory, clip: Callable[[str], Path]) -> Path:
    """A folder in which the commands and the code of the documents run."""
    folder = tmp_path_factory.mktemp("small")
    videos = [folder / "videos" / f"{number}.mp4" for number in range(3)]
    videos[0].parent.mkdir()
    plain(folder / "film.mp4", count=100)
    for path in (folder / "clip.mp4", folder / "a.mp4", *videos):
        shutil.copy(clip("plain.mp4"), path)
    for path in (folder / "b.mp4", videos[0]):
        shutil.copy(clip("turned_90.mov"), path)
    picture = next((ROOT / "examples" / "posters").glob("*.jpg"))
    for name in ("photo.jpg", "b.jpg"):
        shutil.copy(picture, folder / name)
    (folder / "labels.csv").write_text("file,mos\n0.mp4,3.1\n1.mp4,2.0\n2.mp4,4.2\n")
    pyarrow.parquet.write_table(pyarrow.table({"file": [str(path) for path in videos]}), folder / "list.parquet")
    (folder / "vqathinker").symlink_to(ROOT / "vqathinker")
    return folder

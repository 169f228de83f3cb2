"""What is published as a Space runs by itself, from a folder in which nobody writes anything."""

from __future__ import annotations

from pathlib import Path

import httpx
from gradio_client import Client, handle_file

from tests.browser.app import REPOSITORY, running_app
from training.publish.run import space_files


def contents(folder: Path) -> dict[str, int]:
    return {str(path.relative_to(folder)): path.stat().st_mtime_ns for path in folder.rglob("*")}


def test_the_published_files_are_a_space_that_rates(tmp_path: Path, clip):
    space = tmp_path / "space"
    for file in space_files(REPOSITORY / "vqathinker" / "checkpoints" / "tiny"):
        place = space / file.name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(file.source if isinstance(file.source, bytes) else file.source.read_bytes())
    before = contents(space)
    for path in sorted(space.rglob("*"), reverse=True):
        path.chmod(0o555 if path.is_dir() else 0o444)
    away = {"PYTHONPATH": "", "PYTHONDONTWRITEBYTECODE": "1", "HF_HUB_OFFLINE": "1"}
    try:
        with running_app(tmp_path / "run", home=space, **away) as address:
            rating = Client(address, verbose=False).predict(handle_file(clip("plain.mp4")), api_name="/rate")
            assert 1 <= rating["score"] <= 5 and rating["model"] == "tiny"
            assert httpx.get(f"{address}/ready").status_code == 200
        assert contents(space) == before
    finally:
        for path in space.rglob("*"):
            path.chmod(0o755)

"""What is published as a Space runs by itself, from a folder in which nobody writes anything."""

from __future__ import annotations

from pathlib import Path

import httpx
from gradio_client import Client, handle_file

from tests.browser.app import running_app
from tests.environments.space import lay_out, stamps


def test_the_published_files_are_a_space_that_rates(tmp_path: Path, clip):
    space = tmp_path / "space"
    lay_out(space)
    before = stamps(space)
    away = {"PYTHONPATH": "", "PYTHONDONTWRITEBYTECODE": "1", "HF_HUB_OFFLINE": "1"}
    try:
        with running_app(tmp_path / "run", home=space, **away) as address:
            rating = Client(address, verbose=False).predict(handle_file(clip("plain.mp4")), api_name="/rate")
            assert 1 <= rating["score"] <= 5 and rating["model"] == "tiny"
            assert httpx.get(f"{address}/ready").status_code == 200
        assert stamps(space) == before
    finally:
        for path in space.rglob("*"):
            path.chmod(0o755)

"""The Space does not install what only training needs: the page is served, rates and rewards without scipy."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from gradio_client import Client, handle_file

from tests import raters
from tests.browser.app import running_app
from vqathinker.space.server.rewards_api import reward_table

ABSENT = 'import sys\n\nsys.modules["scipy"] = None  # counts as not installed\n'


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that takes scipy away from every Python whose path begins with it."""
    folder = tmp_path_factory.mktemp("without_scipy")
    (folder / "sitecustomize.py").write_text(ABSENT)
    return folder


@pytest.fixture(scope="module")
def client(place: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    with running_app(tmp_path_factory.mktemp("app") / "run", PYTHONPATH=str(place)) as address:
        yield Client(address, verbose=False)


def test_scipy_is_gone_there(place: Path):
    done = subprocess.run(
        [sys.executable, "-c", "import importlib.util; print(importlib.util.find_spec('scipy')); import scipy.stats"],
        env={**os.environ, "PYTHONPATH": str(place)}, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.stdout == "None\n" and "ModuleNotFoundError" in done.stderr


def test_rewards_are_those_of_a_machine_that_has_it(client: Client):
    answers, mos = [["4.00", "3.50"], ["2.10", "?"]], [4.0, 2.0]
    assert client.predict(answers, mos, api_name="/rewards") == reward_table(answers, mos)


def test_a_rating_with_sampled_answers_is_that_of_a_machine_that_has_it(client: Client, clip):
    told = client.predict(handle_file(clip("plain.mp4")), rollouts=2, api_name="/rate")
    alike = raters.tiny().rate(clip("plain.mp4"), rollouts=2).to_dict()
    assert [told[key] for key in ("score", "expected", "text")] == [alike[key] for key in ("score", "expected", "text")]
    assert [one["text"] for one in told["rollouts"]] == [one["text"] for one in alike["rollouts"]]

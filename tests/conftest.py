"""Fixtures of all tests: small clips, made once a session and only when asked for; a small model."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from accelerate.state import AcceleratorState
from hypothesis import settings

from tests import clips

LONGEST = (
    "training",
    "benchmarks",
    "examples",
    "documents",
    "browser",
    "model",
    "test_cli.py",
    "integrations",
    "rating",
)
"""What takes longest: handed out last, a file of it would keep one processor busy while the other waits."""

# No deadline: a busy machine is no failure. No database, no chance: every run tries the same examples.
settings.register_profile("repository", deadline=None, database=None, derandomize=True)
settings.load_profile("repository")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The order in which files are handed to the workers (`--no-loadscope-reorder` keeps it)."""

    def place(item: pytest.Item) -> int:
        name = item.path.relative_to(Path(__file__).parent).parts[0]
        return LONGEST.index(name) if name in LONGEST else len(LONGEST)

    items.sort(key=place)


@pytest.fixture(scope="session")
def clip_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("clips")


@pytest.fixture(scope="session")
def clip(clip_folder: Path) -> Callable[[str], Path]:
    """The path of a clip of `clips.GOOD` or `clips.BAD`, by name."""

    def make(name: str) -> Path:
        path = clip_folder / name
        if not path.exists():
            workshop = clip_folder / f"making_{name}"
            workshop.mkdir(exist_ok=True)
            (clips.GOOD | clips.BAD)[name][0](workshop / name).rename(path)
        return path

    return make


@pytest.fixture(scope="module")
def processor():
    from tests.model.tiny_models import make_processor  # torch only where it is asked for

    return make_processor()


@pytest.fixture(scope="module")
def model(processor):
    """Two blocks with random weights, the same for each test file."""
    from tests.model.tiny_models import make_model

    return make_model(processor)


@pytest.fixture
def on_cpu(monkeypatch: pytest.MonkeyPatch):
    """accelerate's settings of the process, which the first Accelerator fixes, forgotten before and after."""
    monkeypatch.setenv("ACCELERATE_USE_CPU", "true")
    AcceleratorState._reset_state(reset_partial_state=True)
    yield
    AcceleratorState._reset_state(reset_partial_state=True)

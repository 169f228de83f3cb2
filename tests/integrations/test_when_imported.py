"""An action after the import of a module: once, after it, and also where the module was there before."""

from __future__ import annotations

import importlib
import inspect
import sys
from pathlib import Path

import pytest

from vqathinker.integrations.when_imported import WhenImported


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A package with a module `deep` that notes when it is run."""
    name = f"awaited_{tmp_path.name}"
    (tmp_path / name).mkdir()
    (tmp_path / name / "__init__.py").write_text("")
    (tmp_path / name / "deep.py").write_text("def f():\n    return 1\n\nDONE = True\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    importlib.invalidate_caches()
    yield name
    for module in [module for module in sys.modules if module.startswith(name)]:
        del sys.modules[module]


def test_an_action_follows_the_import_once_and_the_module_is_as_always(package: str):
    seen = []
    WhenImported({f"{package}.deep": lambda: seen.append(sys.modules[f"{package}.deep"].DONE)}).watch()
    importlib.import_module(package)
    assert seen == []
    deep = importlib.import_module(f"{package}.deep")
    assert seen == [True]
    importlib.reload(deep)
    assert seen == [True] and "return 1" in inspect.getsource(deep.f)


def test_a_module_that_is_there_is_answered_at_once(package: str):
    importlib.import_module(f"{package}.deep")
    seen = []
    WhenImported({f"{package}.deep": lambda: seen.append("now")}).watch()
    assert seen == ["now"]


def test_a_module_that_does_not_exist_is_not_found_as_always(package: str):
    WhenImported({f"{package}.nothing": lambda: pytest.fail("there is no such module")}).watch()
    with pytest.raises(ModuleNotFoundError, match="nothing"):
        importlib.import_module(f"{package}.nothing")

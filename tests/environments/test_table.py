"""What `python -m tests.environments` makes of its steps; the steps themselves need the network and half an hour."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.environments import __main__ as command
from tests.environments.home import NEWEST, TESTED, Failed, Home, environment
from tests.environments.newcomer import EXTRAS, LIGHT, STEPS, Step, torch_requirement
from tests.test_package import EXTRAS as OFFERED


def test_every_extra_is_tried():
    assert set(EXTRAS) == set(OFFERED) and len(STEPS) == 5 + len(EXTRAS)
    assert [step.do.__name__ for step in LIGHT] == ["install_alone", "resolves", "from_git", "version", "completion"]
    assert torch_requirement().startswith("torch==2.")


def test_a_home_knows_nothing_of_the_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PYTHONPATH", "somewhere")
    assert "PYTHONPATH" not in environment(tmp_path)
    home = Home.made_by(sys.executable, tmp_path)
    assert home.python("import sys; print(sys.prefix)") == str(home.folder)
    with pytest.raises(Failed, match="No module named 'torch'"):
        home.python("import torch")
    with pytest.raises(Failed, match="No module named 'vqathinker'"):
        home.python("import vqathinker")


def test_a_failed_step_is_told_and_ends_badly(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    def fail(home: Home, wheel: Path) -> str:
        raise Failed("no\nspace left")

    steps = [
        Step("install", lambda home, wheel: "all"),
        Step("rate", fail),
        Step("serve", lambda home, wheel: "a page"),
    ]
    monkeypatch.setattr(command, "STEPS", steps)
    monkeypatch.setattr(command, "build_wheel", lambda interpreter, folder: folder / "x.whl")
    monkeypatch.setattr(Home, "made_by", lambda interpreter, folder, pins: Home(folder, folder, pins))
    assert command.main([sys.executable]) == 1
    rows = [line.split(" | ") for line in capsys.readouterr().out.splitlines()]
    version = sys.version.split()[0]
    assert rows[0] == ["|", f"{version} |"] and [row[0] for row in rows[2:]] == ["| install", "| rate", "| serve"]
    assert rows[2][1] == "all (0 s) |" and rows[3][1] == "**failed**: no space left |"
    monkeypatch.setattr(command, "STEPS", steps[:1])
    assert command.main([sys.executable]) == 0
    assert command.main([sys.executable, "--newest"]) == 0
    assert f"{version}, newest versions |" in capsys.readouterr().out


def test_the_newest_versions_are_asked_for_without_those_that_were_tested(tmp_path: Path, monkeypatch):
    asked = []
    monkeypatch.setattr(Home, "run", lambda home, *words, said=False: asked.append(words[3:]) or "")
    Home(tmp_path, tmp_path).install("x")
    Home(tmp_path, tmp_path, NEWEST).install("x")
    assert asked[0][-3:] == (*TESTED, "x") and "constraints.txt" in asked[0][-2]
    assert asked[1][2:] == ("--upgrade", "--upgrade-strategy", "eager", "x")

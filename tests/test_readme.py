"""The README keeps its word: every file is there, its numbers are those of the code, the Space card fits the pinned
versions. Its commands and its code run in tests/documents."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.version import Version

import vqathinker
from vqathinker.rating import defects, score_word
from vqathinker.space import Settings
from vqathinker.space.queue.requests import MOST_ROLLOUTS
from vqathinker.video import Limits
from vqathinker.video.windows import WindowSpec

ROOT = Path(vqathinker.__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
CARD = yaml.safe_load(README.split("---")[1])
REQUIREMENTS = ["requirements.txt", "tests/requirements.txt", "training/requirements.txt"]


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def requirements(name: str) -> list[Requirement]:
    lines = (ROOT / name).read_text().splitlines()
    return [Requirement(line) for line in lines if line and not line.startswith("#")]


PINS = {pin.name.lower(): next(iter(pin.specifier)).version for pin in requirements("constraints.txt")}


def test_the_card_is_what_a_space_needs():
    assert CARD["sdk"] == "gradio" and (ROOT / CARD["app_file"]).is_file()
    assert CARD["sdk_version"] == PINS["gradio"] and CARD["python_version"] == "3.12"
    assert CARD["license"] == "apache-2.0" and "Apache License" in (ROOT / "LICENSE").read_text()
    assert len(CARD["short_description"]) <= 60
    assert {CARD["colorFrom"], CARD["colorTo"]} <= set("red yellow green blue indigo purple pink gray".split())


@pytest.mark.parametrize("name", REQUIREMENTS)
def test_the_tested_versions_are_within_the_ranges(name: str):
    for requirement in requirements(name):
        assert requirement.specifier.contains(Version(PINS[requirement.name.lower()])), str(requirement)


def test_a_space_installs_the_tested_versions_on_any_hardware():
    """Only torch and spaces have a range: ZeroGPU brings its own, and has offered torch 2.8 to 2.11."""
    ranged = [one for one in requirements("requirements.txt") if str(one.specifier) != f"=={PINS[one.name.lower()]}"]
    assert [one.name for one in ranged] == ["torch", "spaces"]
    torch = ranged[0].specifier
    assert all(torch.contains(version) for version in ("2.8.0", "2.11.0", PINS["torch"]))
    newer = Version(PINS["torch"])
    assert not torch.contains(f"{newer.major}.{newer.minor + 1}.0")


def test_two_commands_open_the_demo_and_test_and_ci_calls_the_second():
    commands = [line.split("#")[0].strip() for line in blocks("bash")[0].splitlines()]
    assert commands == ["./task demo", "./task test"]
    task = (ROOT / "task").read_text()
    assert all(re.search(rf"^  {command.split()[1]}\) ", task, re.MULTILINE) for command in commands)
    assert (ROOT / ".ci" / "run").read_text().rstrip().endswith(f"exec {commands[1]}")
    assert all(os.access(ROOT / name, os.X_OK) for name in ("task", ".ci/run"))


def test_every_file_that_it_names_is_there():
    linked = re.findall(r"\]\((?!http)([^)#]+)\)", README)
    files = linked + re.findall(r"^\| `([^`]+[/.][^`]*)` \|", README, re.MULTILINE)
    assert len(files) > 10
    assert [name for name in files if not (ROOT / name).exists()] == []
    assert (ROOT / "examples" / "screenshot.jpg").stat().st_size < 300_000


def test_limits_defects_and_words_are_those_of_the_code():
    assert f"{Limits().max_bytes // 2**20} MB and {Limits().max_side} pixels" in README
    assert "13 defects" in README and len(defects.DEFECTS) == 13
    usual = WindowSpec()
    assert f"into windows of {usual.window_s:g} s" in README and f"about {usual.most} windows" in README
    assert usual.overlap == 0.5 and "shows half of the one before again" in " ".join(README.split())
    for word, edge in {"bad": 1.8, "poor": 2.6, "fair": 3.4, "good": 4.2}.items():
        assert f"{word} below {edge}" in README and score_word(edge - 0.01) == word


def test_the_limits_of_the_service_are_those_of_the_code(monkeypatch):
    rows = dict(re.findall(r"^\| `VQATHINKER_(\w+)` \| (\d+) \|", README, re.MULTILINE))
    for name in rows:
        monkeypatch.delenv(f"VQATHINKER_{name}", raising=False)
    usual = Settings.from_environment()
    bounds = usual.bounds
    assert rows == {
        "MOST_WAITING": str(bounds.whole),
        "MOST_WAITING_SESSION": str(bounds.session),
        "MOST_WAITING_ADDRESS": str(bounds.address),
        "DECODERS": str(bounds.abreast),
        "MOST_MB": str(usual.max_bytes // 2**20),
        "KEEP_MINUTES": str(usual.keep_s // 60),
        "URLS": "0",
    }
    for name, value in rows.items():
        monkeypatch.setenv(f"VQATHINKER_{name}", str(int(value) + 1 if name != "MOST_MB" else int(value) - 1))
    assert len({Settings.from_environment(), usual}) == 2
    assert f"A job has {MOST_ROLLOUTS} sampled answers at most" in README


def test_the_place_for_the_measured_numbers_is_there():
    assert re.search(r"## How well it does\n\n<!-- accuracy: begin -->\n.*<!-- accuracy: end -->\n", README, re.DOTALL)

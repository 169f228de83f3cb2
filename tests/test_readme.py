"""The README keeps its word: every command parses, every file is there, the Space card fits the pinned versions."""

from __future__ import annotations

import ast
import importlib
import inspect
import os
import re
import shlex
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.version import Version

import vqathinker
from vqathinker.cli import build_parser
from vqathinker.integrations.auto import TASK
from vqathinker.integrations.metric import QualityMetric
from vqathinker.model.processing import VQAThinkerProcessor
from vqathinker.rating import Comparison, Rater, Rating, Timeline, defects, score_word
from vqathinker.rewards import REWARDS, score_groups
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


def test_every_command_line_in_it_parses():
    lines = [line for block in blocks("bash") for line in block.splitlines() if "-m vqathinker" in line]
    used = [shlex.split(line, comments=True)[3:] for line in lines]
    for arguments in used:
        build_parser().parse_args(arguments)
    assert {arguments[0] for arguments in used} >= {"rate", "compare", "batch", "evaluate", "serve"}


def test_the_python_in_it_uses_what_is_there():
    code, *_ = blocks("python")
    names = {node.attr for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Attribute)}
    kinds = (Rater, Rating, Comparison, Timeline)
    known = {name for kind in kinds for name in (*dir(kind), *getattr(kind, "__dataclass_fields__", ()))}
    assert names and names <= known
    assert set(inspect.signature(vqathinker.load_rater).parameters) >= {"precision"}


def test_what_transformers_is_asked_for_in_it_is_there():
    code = blocks("python")[1]
    assert f'"{TASK}"' in code and "/checkpoints/tiny" in code and "vqathinker.create_metric(" in code
    attributes = {node.attr for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Attribute)}
    theirs = {"from_pretrained", "generate"}
    assert attributes - theirs <= {*dir(vqathinker), *dir(VQAThinkerProcessor), *dir(QualityMetric)}
    assert importlib.util.find_spec("vqathinker.integrations.torchmetrics")


def test_the_rewards_in_it_are_there():
    code = ast.parse(blocks("python")[2])
    [ours] = [node for node in code.body if isinstance(node, ast.ImportFrom) and node.module.startswith("vqathinker")]
    module = importlib.import_module(ours.module)
    assert len(ours.names) == 4 and all(callable(getattr(module, name.name)) for name in ours.names)


def test_the_reward_of_your_own_in_it_is_one():
    names: dict = {}
    try:
        [block] = [one for one in blocks("python") if "register(" in one]
        exec(block, names)
        table = score_groups([["<think>Sharp.</think> <answer>3.00</answer>", "a b c d"]], [3.0])
        assert table.parts["length"].flatten().tolist() == pytest.approx([0.05, 0.1])
        assert float(table.total[0, 1]) == pytest.approx(0.2 * 0.1)
    finally:
        REWARDS.pop("length", None)


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

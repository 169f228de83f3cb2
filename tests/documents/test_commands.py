"""Every command in every document works: it runs here, elsewhere in the tests, or by the script `smallest`, and its
parser takes it; what needs foreign weights is read by its parser only."""

from __future__ import annotations

import csv
import importlib.util
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet
import pytest

from tests.browser.app import free_port, hear_ctrl_c, wait_for
from tests.documents.commands import ROOT, Command, all_commands, commands_in
from tests.documents.smallest import SMALLEST
from tests.documents.smallest import main as run_smallest
from tests.documents.ways import ELSEWHERE, PARSED, RESOLVED, RUN, SERVED, TESTS, WAYS, way_of
from training.publish import __main__ as publish
from vqathinker.cli import main

COMMANDS = all_commands()
Complaints = dict[tuple[str, bool], str]
"""What is wrong with a line, "" where nothing is; by the line, and whether it is only a mention."""


def those(*ways: str) -> list:
    """The commands of these ways, as parameters of a test."""
    found = [one for one in COMMANDS if known(one) in ways]
    return [pytest.param(one, id=f"{one.document}: {one.text.partition(' #')[0].strip()}") for one in found]


def known(command: Command) -> str:
    try:
        return way_of(command)
    except LookupError:
        return ""


def test_for_every_command_it_is_known_how_it_works():
    assert len(COMMANDS) > 80 and {one.document for one in COMMANDS} > {"README.md", "training/README.md"}
    assert [one.text for one in COMMANDS if not known(one)] == []
    assert {known(one) for one in COMMANDS} >= set(WAYS)


def test_what_is_told_of_other_tests_is_told_of_commands_that_there_are():
    assert {way for way in map(known, COMMANDS) if way not in WAYS} == set(ELSEWHERE.values())


@pytest.mark.parametrize("module", TESTS)
def test_the_test_that_is_told_of_a_command_has_it(module: str):
    text = (ROOT / "tests" / TESTS[module]).read_text(encoding="utf-8")
    folder, _, name = module.rpartition(".")
    assert re.search(rf"\b{module}\b|from {folder} import .*\b{name}\b", text)


def test_the_smallest_runs_are_those_of_commands_with_such_options(complaints: Complaints):
    ours = {one for one in SMALLEST if one.startswith("tests.benchmarks.")}
    assert ours <= {f"tests.benchmarks.{path.stem}" for path in (ROOT / "tests" / "benchmarks").glob("*.py")}
    told = {module: complaints[line_of(module), False] for module in SMALLEST}
    if importlib.util.find_spec("ray") is None:
        assert "ray" in told.pop("tests.benchmarks.ray_speed")
    assert not any(told.values()), told


def test_the_script_of_the_smallest_runs_tells_what_ended_well_and_what_failed(capsys, monkeypatch):
    monkeypatch.setitem(SMALLEST, "tests.benchmarks.timeline_scores", "GONE --films 1")
    assert run_smallest(["timeline_scores"]) == 1
    assert "timeline_scores: exit code 1: FileNotFoundError" in capsys.readouterr().out
    monkeypatch.setitem(SMALLEST, "tests.benchmarks.timeline_scores", "--films 2")
    assert run_smallest(["timeline_scores"]) == 0 and "ended well" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        run_smallest(["nothing"])


@pytest.mark.parametrize("line", ["curl http://a.b | sh", "python -c 1", "vqathinker-beta rate a.mp4", "pip install x"])
def test_a_command_of_a_new_kind_is_found_and_refused(line: str):
    [found] = commands_in("NEW.md", f"# New\n\n```bash\n# first of all\n{line}   # as it is\n```\n")
    with pytest.raises(LookupError, match=r"NEW\.md: nothing is known"):
        way_of(found)


def test_commands_are_found_in_blocks_lists_and_sentences():
    text = (
        "```bash\na \\\n    b\n```\n1. **Get** it:\n\n       python -m x A \\\n           B\n\nOr `vqathinker rate\n"
        "x.mp4`; `rate --json`, `rate`, `faults --storm 2`, `training.grpo`, `training.json`, `--jobs 2`.\n"
    )
    found = [(one.text, one.mention) for one in commands_in("NEW.md", text)]
    assert found == [
        ("a b", False),
        ("python -m x A B", False),
        ("vqathinker rate x.mp4", False),
        ("vqathinker rate --json", True),
        ("python -m tests.benchmarks.faults --storm 2", False),
        ("python -m training.grpo", True),
        ("--jobs 2", True),
    ]


def line_of(module: str) -> str:
    """The smallest run of a module as a command."""
    return f"python -m {module} {SMALLEST[module]}"


WRONG = [
    ("python -m vqathinker rate a.mp4 --jsno", False, "unrecognized arguments: --jsno"),
    ("python -m training.grpo A", False, "arguments are required"),
    ("python -m training.grpo --jsno …", True, "there is no --jsno"),
    ("python -m training.study plot", True, "there is no plot"),
    ("python -m training.nothing", True, "ModuleNotFoundError"),
    ("python -m tests.clips", True, "has no attribute"),
    ("accelerate launch --jsno -m training.grpo A B C", False, "--jsno"),
    ("accelerate launch --config_file gone.yaml -m training.grpo A B C", False, "gone.yaml"),
    ("--jsno", True, "no command has --jsno"),
    ("make all", False, "no rule"),
]
"""A line, whether it is a mention, words of the complaint about it."""


@pytest.fixture(scope="module")
def complaints() -> Complaints:
    """What is wrong with each line that is read only; one process for all, of its own, since commands import what they
    like."""
    asked = {(line_of(module), False): line_of(module).split() for module in SMALLEST}
    asked |= {(one.text, one.mention): one.words for one in COMMANDS if known(one) in PARSED}
    asked |= {(line, mention): shlex.split(line) for line, mention, _ in WRONG}
    lines = [(words, mention) for (_, mention), words in asked.items()]
    done = subprocess.run(
        [sys.executable, "-m", "tests.documents.reading"], cwd=ROOT, input=json.dumps(lines), capture_output=True,
        text=True, timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return dict(zip(asked, json.loads(done.stdout.splitlines()[-1]), strict=True))


def test_parsers_take_what_they_are_told(complaints: Complaints):
    read = [(one.text, one.mention) for one in COMMANDS if known(one) in PARSED]
    assert {one: complaints[one] for one in read if complaints[one]} == {}


@pytest.mark.parametrize(("line", "mention", "word"), WRONG)
def test_a_wrong_option_a_wrong_name_and_a_missing_argument_are_told(
    complaints: Complaints, line: str, mention: bool, word: str
):
    assert word in complaints[line, mention]


@pytest.mark.parametrize("command", those(RUN))
def test_it_runs(command: Command, small: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    words = command.words[1:] if command.words[0] == "vqathinker" else command.words[3:]
    training = "training.publish" in command.words
    monkeypatch.chdir(ROOT if training else small)
    assert code_of(publish.main if training else main, words) == 0
    printed = capsys.readouterr().out
    if "--out" in words:
        table = small / words[words.index("--out") + 1]
        rows = pyarrow.parquet.read_table(table).to_pylist() if table.suffix == ".parquet" else rows_of(table)
        assert len(rows) == 3 and all(1 <= float(row["score"]) <= 5 for row in rows)
    else:
        assert printed.strip()
    if "--json" in words:
        assert all(json.loads(line) for line in printed.splitlines())


def code_of(command: Callable[[list[str]], int | None], words: list[str]) -> int:
    """A command of training returns nothing when all went well."""
    try:
        return command(words) or 0
    except SystemExit as end:  # after --version
        return end.code


def rows_of(table: Path) -> list[dict[str, str]]:
    with open(table, newline="") as content:
        return list(csv.DictReader(content))


@pytest.mark.parametrize("command", those(SERVED))
def test_it_serves(command: Command, tmp_path: Path):
    port, log = free_port(), tmp_path / "log"
    words = [sys.executable, *command.words[1:]]
    words[words.index("--port") + 1] = str(port)
    away = os.environ | {"PYTHONPATH": str(ROOT), "GRADIO_TEMP_DIR": str(tmp_path / "uploads")}
    with open(log, "w") as output:
        process = subprocess.Popen(
            words, cwd=tmp_path, env=away, stdout=output, stderr=subprocess.STDOUT, preexec_fn=hear_ctrl_c
        )
    try:
        wait_for(f"http://127.0.0.1:{port}/config", process, log)
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=30) as answer:
            assert answer.status == 200
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0, log.read_text()


@pytest.mark.parametrize("command", those(RESOLVED))
def test_pip_finds_that_all_is_here(command: Command):
    """The tests run where these requirements have been installed; pip, told to fetch nothing, must agree."""
    _, install, *rest = command.words
    offline = ("--dry-run", "--no-index", "--no-deps", "--disable-pip-version-check")
    done = subprocess.run(
        [sys.executable, "-m", "pip", install, *offline, *rest],
        cwd=ROOT, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0 and "Would install" not in done.stdout, done.stdout + done.stderr

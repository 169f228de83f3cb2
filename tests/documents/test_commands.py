"""Every command in every document works: most run here, some elsewhere in the tests, the rest is read by its parser."""

from __future__ import annotations

import csv
import json
import os
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
from tests.documents.ways import ELSEWHERE, NAMED, READ, RESOLVED, RUN, SERVED, WAYS, way_of
from training.publish import __main__ as publish
from vqathinker.cli import main

COMMANDS = all_commands()


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


def complaints(asked: list[tuple[list[str], bool]]) -> list[str]:
    """In a process of its own, since commands import what they like."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.documents.reading"], cwd=ROOT, input=json.dumps(asked), capture_output=True,
        text=True, timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_parsers_take_what_they_are_told():
    read = [one for one in COMMANDS if known(one) in (READ, NAMED, RUN, SERVED)]
    told = complaints([(one.words, one.mention) for one in read])
    assert [(one.text, said) for one, said in zip(read, told, strict=True) if said] == []


def test_a_wrong_option_a_wrong_name_and_a_missing_argument_are_told():
    wrong = [
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
    told = complaints([(shlex.split(text), mention) for text, mention, _ in wrong])
    assert [text for (text, _, word), said in zip(wrong, told, strict=True) if word not in said] == []


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

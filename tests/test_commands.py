"""Every command of the command line: `--help` at once with its own name and every option, one sentence for what is not
there. Those of training/ are looked at in tests/training/test_commands.py."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from tests.helps import ask_for_help
from vqathinker import cli

HEAVY = ("torch", "transformers", "huggingface_hub", "scipy", "gradio", "pydantic", "av", "PIL")
[COMMANDS] = [
    action.choices for action in cli.build_parser()._actions if isinstance(action, argparse._SubParsersAction)
]
GONE = {
    "ask": ["GONE", "Is it sharp?", "--model", "GONE"],
    "compare": ["GONE", "GONE"],
    "convert": ["GONE", "OUT"],
    "evaluate": ["GONE", "--videos", "GONE"],
    "rate": ["GONE"],
    "timeline": ["GONE"],
}
"""Arguments that name files and folders that are not there; OUT is where something would be written."""
OTHERS = {"batch", "completion", "models", "serve"}
"""A file that is missing is a row of the table of `batch`; the others take none."""


def test_every_command_is_known_here():
    assert sorted({*GONE, *OTHERS}) == sorted(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_is_told_and_the_command_by_its_own_name(name: str):
    parser = COMMANDS[name]
    assert parser.prog == f"vqathinker {name}" and parser.description
    assert [action.dest for action in parser._actions if not action.help] == []


@pytest.mark.parametrize("name", ["", *COMMANDS])
def test_help_imports_nothing_that_takes_long(name: str):
    """Not a time, which depends on the machine: the libraries that take it."""
    told, heavy = ask_for_help("vqathinker", name.split(), HEAVY)
    assert heavy == "[]" and told.startswith(f"usage: {' '.join(['vqathinker', *name.split()])} ")


@pytest.mark.parametrize("name", GONE)
def test_what_is_not_there_ends_in_one_sentence(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    places = {"GONE": str(tmp_path / "gone.mp4"), "OUT": str(tmp_path / "out")}
    assert cli.main([name, *(places.get(word, word) for word in GONE[name])]) in (1, 2)
    out, told = capsys.readouterr()
    assert out == "" and told.startswith("vqathinker: ") and told.count("\n") == 1 and "gone" in told
    assert list(tmp_path.iterdir()) == []

"""Every command of training/ ends alike: `--help` at once with its own name and every option, one sentence and exit
code 1 for what is not there."""

from __future__ import annotations

import argparse
import importlib
import sys
from pathlib import Path

import pytest

import training
from tests.helps import ask_for_help

ROOT = Path(training.__file__).parent
HEAVY = ("torch", "transformers", "accelerate", "matplotlib", "scipy", "huggingface_hub")


def command_of(path: Path) -> str:
    parts = path.relative_to(ROOT.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__main__" else parts)


COMMANDS = sorted(
    command_of(path) for path in ROOT.rglob("*.py") if 'if __name__ == "__main__":' in path.read_text(encoding="utf-8")
)
GONE = {
    "training.data.biq_facts": ["GONE"],
    "training.data.build": ["GONE", "OUT"],
    "training.data.fetch": ["OUT", "--part", "clive", "--from", "GONE"],
    "training.evaluate": ["GONE", "GONE", "OUT"],
    "training.evaluate.interval": ["GONE", "GONE", "OUT", "GONE"],
    "training.evaluate.novelty": ["GONE", "GONE", "OUT", "OUT", "GONE"],
    "training.evaluate.ridge": ["GONE", "GONE"],
    "training.grpo": ["GONE", "GONE", "OUT", "--out", "OUT"],
    "training.imitation": ["GONE", "--videos", "GONE", "--out", "OUT"],
    "training.publish": ["GONE", "someone/tiny", "--dry-run"],
    "training.report.card": ["GONE", "GONE", "--checkpoint", "GONE", "--readme", "GONE", "--run", "GONE"],
    "training.report.card_data": ["GONE"],
    "training.report.held_out": ["GONE", "--checkpoint", "GONE"],
    "training.report.plots": ["GONE", "GONE", "OUT"],
    "training.report.training_log": ["GONE", "--out", "OUT"],
    "training.sft": ["GONE", "GONE", "OUT", "--out", "OUT"],
    "training.study": ["table", "GONE"],
    "training.study.launch": ["OUT", "GONE", "GONE", "--start", "GONE", "--config", "GONE", "--seeds", "1"],
    "training.study.mean": ["GONE", "GONE", "--out", "OUT"],
    "training.tiny": ["GONE", "OUT"],
}
"""Arguments that name folders and files that are not there; OUT is where something would be written."""


class Asked(Exception):
    """Carries the parser of a command to the test."""


def main_of(command: str):
    package = ROOT.parent.joinpath(*command.split(".")).is_dir()
    return importlib.import_module(f"{command}.__main__" if package else command).main


def parsers_of(parser: argparse.ArgumentParser) -> list[argparse.ArgumentParser]:
    inner = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    return [parser, *(one for action in inner for one in action.choices.values())]


def test_every_command_is_known_here():
    assert sorted(GONE) == COMMANDS


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_is_told_and_the_command_by_its_own_name(command: str, monkeypatch: pytest.MonkeyPatch):
    def asked(self: argparse.ArgumentParser, *_: object) -> None:
        raise Asked(self)

    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", asked)
    with pytest.raises(Asked) as found:
        main_of(command)([])
    parser = found.value.args[0]
    assert parser.prog == f"python -m {command}" and parser.description
    mute = [action.dest for one in parsers_of(parser) for action in one._actions if not action.help]
    assert [name for name in mute if name != "command"] == []


@pytest.mark.parametrize("command", COMMANDS)
def test_help_imports_nothing_that_takes_long(command: str):
    """Not a time, which depends on the machine: the libraries that take it."""
    told, heavy = ask_for_help(command, [], HEAVY)
    assert heavy == "[]" and told.startswith(f"usage: python -m {command} ")


@pytest.mark.parametrize("command", COMMANDS)
def test_what_is_not_there_ends_in_one_sentence(command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    places = {"GONE": str(tmp_path / "gone"), "OUT": str(tmp_path / "out")}
    with pytest.raises(SystemExit) as ended:
        sys.exit(main_of(command)([places.get(word, word) for word in GONE[command]]))
    code = ended.value.code
    told = code if isinstance(code, str) else capsys.readouterr().err.rstrip("\n")
    assert isinstance(code, str) or code == 1
    assert told.startswith(f"{command}: ") and "\n" not in told
    assert str(tmp_path) in told or "gone" in told
    assert not (tmp_path / "gone").exists()

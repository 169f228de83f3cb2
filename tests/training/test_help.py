"""`--help` of every command says what it does and explains every option."""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Iterator
from pathlib import Path

import pytest

import training
from vqathinker.cli import build_parser

ROOT = Path(training.__file__).parent
COMMANDS = sorted(
    ".".join(path.relative_to(ROOT.parent).with_suffix("").parts)
    for path in ROOT.rglob("*.py")
    if "ArgumentParser(" in path.read_text(encoding="utf-8")
)


def unexplained(parser: argparse.ArgumentParser) -> Iterator[str]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, command in action.choices.items():
                yield from (f"{name} {one}" for one in unexplained(command))
        elif not action.help:
            yield action.option_strings[0] if action.option_strings else action.dest


class Built(Exception):
    """A command has built its parser, and would read its arguments now."""


def test_there_are_commands():
    assert len(COMMANDS) > 12 and "training.grpo.__main__" in COMMANDS


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_explains_itself(name: str, monkeypatch: pytest.MonkeyPatch):
    module, built = importlib.import_module(name), []

    def stop(parser, *_, **__):
        built.append(parser)
        raise Built

    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", stop)
    with pytest.raises(Built):
        module.main()
    [parser] = built
    assert parser.description and parser.prog.startswith("python -m training.")
    assert list(unexplained(parser)) == []


def test_the_command_line_explains_itself():
    assert list(unexplained(build_parser())) == []

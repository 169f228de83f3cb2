"""What a shell needs to complete our command line, made by shtab from the parser itself."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

SHELLS = ("bash", "zsh", "fish", "tcsh")
FILE_ARGUMENTS = {"FILE", "A", "B", "PATH", "TABLE", "JSON", "LABELS"}
FOLDERS = {"DIR", "OFFICIAL_DIR", "OUT_DIR"}
"""Metavars of arguments that are names of files and of folders."""


def completion_script(parser: argparse.ArgumentParser, shell: str) -> str:
    """A script for one of SHELLS that completes commands, options, their choices and names of files.

    Raises ModuleNotFoundError where shtab is not installed, as in a Space.
    """
    import shtab

    for action in all_actions(parser):
        if action.metavar in FILE_ARGUMENTS:
            action.complete = shtab.FILE
        elif action.metavar in FOLDERS:
            action.complete = shtab.DIRECTORY
    return shtab.complete(parser, shell)


def all_actions(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    """Arguments and options of a parser and of its commands."""
    for action in parser._actions:
        yield action
        if isinstance(action, argparse._SubParsersAction):
            for command in action.choices.values():
                yield from all_actions(command)

"""Lets a command read its arguments, with its own parser, and stops it there. A process of its own does so for all
commands, since they import what they like:

    python -m tests.documents.reading < COMMANDS    # a JSON list of [words, mention]; prints a list of complaints
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import io
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from vqathinker.cli import build_parser

from .commands import ROOT


class ParserFound(BaseException):
    """A command has built its parser, and would have it read these arguments now; carries both out of there."""


def complaint(words: list[str], mention: bool) -> str:
    """What is wrong with a command, "" where nothing is."""
    if words[0].startswith("--"):
        return "" if is_an_option(words[0]) else f"no command has {words[0]}"
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said):
            parser, arguments = parser_of(words)
            if mention:
                return " ".join(unknown(parser, arguments))
            parser.parse_args(arguments)
    except SystemExit as end:  # --version ends a command, too, and well
        return (said.getvalue().strip() or str(end.code)).splitlines()[-1] if end.code else ""
    except (ImportError, AttributeError, LookupError, OSError, ValueError) as error:
        return f"{type(error).__name__}: {error}"
    return ""


def is_an_option(name: str) -> bool:
    """Whether any command has it, accelerate's launcher included: a sentence may speak of one that was named before."""
    from accelerate.commands.launch import launch_command_parser

    if name in launch_command_parser()._option_string_actions:
        return True
    places = [
        file for folder in ("vqathinker", "training", "tests", "examples") for file in (ROOT / folder).rglob("*.py")
    ]
    defined = re.compile(rf'add_argument\(\s*"{name}"')
    return any(defined.search(file.read_text(encoding="utf-8")) for file in places)


def parser_of(words: list[str]) -> tuple[argparse.ArgumentParser, list[str]]:
    """That of a command, and what it is given. Raises LookupError for a command of no known kind."""
    match words:
        case ["vqathinker", *rest] | ["python", "-m", "vqathinker", *rest]:
            return build_parser(), rest
        case ["python", "-m", module, *rest]:
            return parser_of_module(module, rest)
        case ["accelerate", "launch", *rest]:
            return parser_of_launched(rest)
    raise LookupError(f"no rule for {' '.join(words)}")


def parser_of_launched(words: list[str]) -> tuple[argparse.ArgumentParser, list[str]]:
    """That of the module which accelerate would launch, after accelerate has read its own arguments and their file."""
    from accelerate.commands.config.config_args import load_config_from_file
    from accelerate.commands.launch import launch_command_parser

    if "-m" not in words:
        return launch_command_parser(), words
    at = words.index("-m")
    args = launch_command_parser().parse_args([*words[: at + 1], words[at + 1]])
    if args.config_file:
        load_config_from_file(str(ROOT / args.config_file))
    return parser_of(["python", "-m", *words[at + 1 :]])


def parser_of_module(name: str, words: list[str]) -> tuple[argparse.ArgumentParser, list[str]]:
    """Raises LookupError where the module runs without looking at its arguments."""
    package = ROOT.joinpath(*name.split(".")).is_dir()
    main = importlib.import_module(f"{name}.__main__" if package else name).main
    if "ArgumentParser(" not in Path(sys.modules[main.__module__].__file__).read_text(encoding="utf-8"):
        raise LookupError(f"{name} has no parser")
    with stopped_at_its_parser(words):
        try:
            main()
        except ParserFound as found:
            return found.args
    raise LookupError(f"{name} does not use its parser")


@contextlib.contextmanager
def stopped_at_its_parser(words: list[str]) -> Iterator[None]:
    def found(self: argparse.ArgumentParser, given: list[str] | None = None, *_: object) -> None:
        raise ParserFound(self, words if given is None else list(given))

    real, before = argparse.ArgumentParser.parse_args, sys.argv
    argparse.ArgumentParser.parse_args, sys.argv = found, ["x", *words]
    try:
        yield
    finally:
        argparse.ArgumentParser.parse_args, sys.argv = real, before


def unknown(parser: argparse.ArgumentParser, words: list[str]) -> Iterator[str]:
    """Options in `words` that none of a command's parsers has, and a first word that is none of its parts."""
    parts = parts_of(parser)
    options = {option for one in [parser, *parts.values()] for option in one._option_string_actions}
    yield from (f"there is no {word}" for word in words if word.startswith("--") and word not in options)
    if parts and words and not words[0].startswith("-") and words[0] not in parts:
        yield f"there is no {words[0]}"


def parts_of(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    subparsers = [one for one in parser._actions if isinstance(one, argparse._SubParsersAction)]
    return {name: part for one in subparsers for name, part in one.choices.items()}


if __name__ == "__main__":
    asked = json.load(sys.stdin)
    with contextlib.redirect_stdout(sys.stderr):
        told = [complaint(words, mention) for words, mention in asked]
    print(json.dumps(told))

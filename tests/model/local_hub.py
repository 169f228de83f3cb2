"""A hub on this machine: serves folders as huggingface_hub asks for them, and remembers what was asked for."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit

from tests.local_web import Answers, answering

COMMIT = "a" * 40


def mark_of(content: bytes) -> str:
    return hashlib.sha1(content).hexdigest()


def files_in(folder: Path) -> list[tuple[str, Path]]:
    """Files of a repository by their names in it, those of its folders, too."""
    return [(file.relative_to(folder).as_posix(), file) for file in sorted(folder.rglob("*")) if file.is_file()]


@contextmanager
def serving(repositories: dict[str, Path]) -> Iterator[tuple[str, list[str]]]:
    """{hub id: folder} -> the address of the hub, and the names of the files that were downloaded so far."""
    fetched: list[str] = []

    class Hub(Answers):
        def do_GET(self) -> None:
            path = unquote(urlsplit(self.path).path).strip("/")
            question = next(word for word in ("/resolve/", "/tree/", "/revision/", "/") if word in path)
            name, _, rest = path.removeprefix("api/models/").rpartition(question)
            folder = repositories.get(name)
            if folder is None:
                self.give({}, 404, {"X-Error-Code": "RepoNotFound"})
            elif question == "/revision/" and rest not in ("main", "v1", COMMIT):
                self.give({}, 404, {"X-Error-Code": "RevisionNotFound"})
            elif question == "/tree/":
                self.give(
                    [
                        {"type": "file", "path": name, "size": file.stat().st_size, "oid": mark_of(file.read_bytes())}
                        for name, file in files_in(folder)
                    ]
                )
            elif path.startswith("api/"):
                files = [{"rfilename": name} for name, _ in files_in(folder)]
                self.give({"id": name, "modelId": name, "sha": COMMIT, "siblings": files, "tags": [], "private": False})
            else:
                file = rest.split("/", 1)[1]
                content = (folder / file).read_bytes()
                fetched.extend([file] * (self.command != "HEAD"))
                self.give(content, headers={"ETag": f'"{mark_of(content)}"', "X-Repo-Commit": COMMIT})

    with answering(Hub) as address:
        yield address, fetched

"""A hub on this machine that takes uploads as huggingface_hub sends them, and remembers what came."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.local_web import Answers, answering

COMMIT = "b" * 40


@dataclass
class Uploaded:
    """One repository: what it is, what lies in it, and every commit as its list of changes.

    `stored` is what came before a commit, outside git, by its SHA-256: the content of files from `large` bytes on.
    """

    kind: dict = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    large: int = 10 * 1000 * 1000
    stored: dict[str, bytes] = field(default_factory=dict)
    commits: list[list[tuple[str, str]]] = field(default_factory=list)
    cards: list[str] = field(default_factory=list)

    def commit(self, lines: list[dict]) -> None:
        changes = [(line["key"], line["value"].get("path", "")) for line in lines]
        for line in lines:
            value = line["value"]
            if line["key"] == "file":
                self.files[value["path"]] = base64.b64decode(value["content"])
            elif line["key"] == "lfsFile":
                self.files[value["path"]] = self.stored[value["oid"]]
            elif line["key"] == "deletedFile":
                del self.files[value["path"]]
        self.commits.append(changes)


@contextmanager
def taking_uploads(there: dict[str, bytes] | None = None, **kind: int) -> Iterator[tuple[str, Uploaded]]:
    """The address of a hub with one repository, in which these files lie already, and that repository."""
    repository = Uploaded(files=dict(there or {}), **kind)

    class Hub(Answers):
        def do_GET(self) -> None:
            if self.path.startswith("/api/"):
                files = [
                    {"type": "file", "path": name, "rfilename": name, "size": len(content), "oid": COMMIT}
                    for name, content in repository.files.items()
                ]
                told = {"id": "a/b", "sha": COMMIT, "tags": [], "private": False, "siblings": files}
                self.give(files if "/tree/" in self.path else told)
            else:
                self.give({"error": "Entry not found"}, 404, {"X-Error-Code": "EntryNotFound"})

        def do_POST(self) -> None:
            content = self.sent()
            if self.path.endswith("/repos/create"):
                repository.kind = json.loads(content)
                self.give({"url": f"{self.address()}/a/b"})
            elif self.path.endswith("/validate-yaml"):
                repository.cards.append(json.loads(content)["content"])
                self.give({"errors": [], "warnings": []})
            elif "/preupload/" in self.path:
                files = json.loads(content)["files"]
                modes = ["lfs" if one["size"] >= repository.large else "regular" for one in files]
                told = [{"path": one["path"], "uploadMode": mode} for one, mode in zip(files, modes, strict=True)]
                self.give({"files": [one | {"shouldIgnore": False} for one in told]})
            elif self.path.endswith("/objects/batch"):
                wanted = json.loads(content)["objects"]
                told = [one | {"actions": {"upload": {"href": f"{self.address()}/{one['oid']}"}}} for one in wanted]
                self.give({"transfer": "basic", "objects": told})
            else:
                repository.commit([json.loads(line) for line in content.splitlines()])
                self.give({"commitUrl": f"{self.address()}/a/b/commit/{COMMIT}", "commitOid": COMMIT})

        def do_PUT(self) -> None:
            content = self.sent()
            repository.stored[hashlib.sha256(content).hexdigest()] = content
            self.give({})

    with answering(Hub) as address:
        yield address, repository

"""A hub on this machine: serves folders as huggingface_hub asks for them, and remembers what was asked for."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

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

    class Hub(BaseHTTPRequestHandler):
        def log_message(self, *args) -> None:
            pass

        def do_HEAD(self) -> None:
            self.answer(body=False)

        def do_GET(self) -> None:
            self.answer(body=True)

        def answer(self, body: bool) -> None:
            path = unquote(urlsplit(self.path).path).strip("/")
            question = next(word for word in ("/resolve/", "/tree/", "/revision/", "/") if word in path)
            name, _, rest = path.removeprefix("api/models/").rpartition(question)
            folder = repositories.get(name)
            if folder is None:
                self.give(404, b"{}", {"X-Error-Code": "RepoNotFound"}, body)
            elif question == "/tree/":
                files = [
                    {"type": "file", "path": name, "size": file.stat().st_size, "oid": mark_of(file.read_bytes())}
                    for name, file in files_in(folder)
                ]
                self.give(200, json.dumps(files).encode(), {"Content-Type": "application/json"}, body)
            elif path.startswith("api/"):
                files = [{"rfilename": name} for name, _ in files_in(folder)]
                told = {"id": name, "modelId": name, "sha": COMMIT, "siblings": files, "tags": [], "private": False}
                self.give(200, json.dumps(told).encode(), {"Content-Type": "application/json"}, body)
            else:
                file = rest.split("/", 1)[1]
                content = (folder / file).read_bytes()
                fetched.extend([file] * body)
                mark = {"ETag": f'"{mark_of(content)}"', "X-Repo-Commit": COMMIT}
                self.give(200, content, mark, body)

        def give(self, status: int, content: bytes, headers: dict[str, str], body: bool) -> None:
            self.send_response(status)
            for key, value in {**headers, "Content-Length": str(len(content))}.items():
                self.send_header(key, value)
            self.end_headers()
            if body:
                self.wfile.write(content)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", fetched
    finally:
        server.shutdown()
        server.server_close()

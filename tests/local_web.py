"""A web server on this machine, in a thread, for as long as a test needs it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import MappingProxyType

NONE: Mapping[str, str] = MappingProxyType({})


class Answers(BaseHTTPRequestHandler):
    """What is answered; a subclass has `do_GET`, and calls `give` once for each request."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *args) -> None:
        pass

    def do_HEAD(self) -> None:
        self.do_GET()

    def give(self, value: object, status: int = 200, headers: Mapping[str, str] = NONE) -> None:
        """Bytes as they are, all else as JSON; to a HEAD their length alone."""
        content = value if isinstance(value, bytes) else json.dumps(value).encode()
        self.send_response(status)
        for key, text in {"Content-Length": str(len(content)), **headers}.items():
            self.send_header(key, text)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def sent(self) -> bytes:
        """The body of the request, whole or in chunks."""
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        whole = b""
        while size := int(self.rfile.readline(), 16):
            whole += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return whole

    def address(self) -> str:
        return address_of(self.server)


def address_of(server) -> str:
    return f"http://127.0.0.1:{server.server_port}"


@contextmanager
def answering(answers: type[Answers]) -> Iterator[str]:
    """The address of a server that answers so."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), answers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield address_of(server)
    finally:
        server.shutdown()
        server.server_close()

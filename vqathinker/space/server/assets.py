"""The scripts of the page, whose names change with their content: compressed once, kept by browsers for good.

Gradio compresses every file anew for everybody who opens the page, in the thread in which all others wait: a tenth of a
second of processor time for plotly alone. What is compressed already it leaves as it is.
"""

from __future__ import annotations

import asyncio

from brotli import compress  # Gradio brings it
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

FOLDER, KINDS = "/assets/", (".js", ".css")
FOR_GOOD = "public, max-age=31536000, immutable"
BROTLI_QUALITY, KEPT_BYTES = 4, 32 * 2**20
"""That of Gradio; bytes of all compressed files that are kept."""
UNCOMPRESSED_HEADERS = ("range", "if-none-match", "if-modified-since", "if-range")
"""Requests with one of these want less than the file."""


class Assets:
    """ASGI middleware between Gradio's own and its routes."""

    def __init__(self, app: ASGIApp, most: int = KEPT_BYTES):
        self.app, self.room = app, most
        self.kept: dict[str, Response] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not asks_for_asset(scope):
            await self.app(scope, receive, send)
            return
        answer = self.kept.get(scope["path"]) or await self._made(scope, receive)
        await answer(scope, receive, send)

    async def _made(self, scope: Scope, receive: Receive) -> Response:
        """The whole file compressed, which is kept where there is room; any other answer as it is."""
        start: Message = {}
        body = bytearray()

        async def take(message: Message) -> None:
            nonlocal start
            start = message if message["type"] == "http.response.start" else start
            body.extend(message.get("body", b""))

        await self.app(scope, receive, take)
        headers = dict(Headers(raw=start["headers"]))
        if start["status"] != 200 or "content-encoding" in headers:
            return Response(bytes(body), start["status"], headers)
        packed = await asyncio.to_thread(compress, bytes(body), quality=BROTLI_QUALITY)
        headers |= {"content-encoding": "br", "vary": "Accept-Encoding", "cache-control": FOR_GOOD}
        answer = Response(packed, 200, headers | {"content-length": str(len(packed))})
        if len(packed) <= self.room and scope["path"] not in self.kept:
            self.room -= len(packed)
            self.kept[scope["path"]] = answer
        return answer


def asks_for_asset(scope: Scope) -> bool:
    """Whether a request is for a whole script or style sheet, from somebody who can read it compressed."""
    if scope["type"] != "http" or scope["method"] != "GET":
        return False
    if not scope["path"].startswith(FOLDER) or not scope["path"].endswith(KINDS):
        return False
    headers = Headers(scope=scope)
    return "br" in headers.get("accept-encoding", "") and not any(name in headers for name in UNCOMPRESSED_HEADERS)

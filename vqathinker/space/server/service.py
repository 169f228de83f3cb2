"""What stands before the page for every request: health, metrics, limits, and clear answers where something is wrong.

GET /health    200 while the process serves, with what it is doing
GET /ready     200 when a rating would be made, 503 with the reason while the model is not there
GET /metrics   Prometheus
"""

from __future__ import annotations

import errno
import json
import logging
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..queue.line import LineStage
from ..queue.loader import Loader
from ..queue.model import Model
from .calls import Calls, InvalidField, validation_errors
from .uploads import Uploads

logger = logging.getLogger(__name__)
API = "/gradio_api"
UPLOAD_PATH, CALL = f"{API}/upload", f"{API}/call/"
MOST_BODY = 4 * 2**20
"""Bytes of a request that is no upload."""
DISK_FULL_ERRORS = (errno.ENOSPC, errno.EDQUOT)
DISK_FULL = "The disk of this page is full. Please try again later; nothing of your upload was kept."
REQUEST_TOO_LARGE = "The request is larger than {} MB."
NO_ENDPOINT = "There is no such endpoint; there are {}."
NO_UPLOAD = "The upload cannot be read: it must be multipart/form-data with a file in it."


class TooLargeError(Exception):
    """More came than was announced, or than is taken."""


@dataclass(frozen=True)
class Service:
    """The page's parts that a request may need."""

    model: Model
    uploads: Uploads
    calls: Calls
    max_bytes: int

    def health(self) -> dict:
        beside = self.model.beside
        return {
            "status": "ok",
            "model": state_of(self.model.loader),
            "problem": self.model.problem,
            **({"beside_model": state_of(beside), "beside_problem": beside.problem} if beside else {}),
            "waiting": self.model.line.count(LineStage.WAITING, LineStage.PREPARED),
            "decoding": self.model.line.count(LineStage.PREPARING),
            "rating": self.model.line.count(LineStage.TURN),
        }

    def own(self, path: str) -> Response | None:
        """The answer to a GET that is not for the page itself."""
        if path == "/health":
            return JSONResponse(self.health())
        if path == "/ready":
            return JSONResponse(self.health(), 200 if self.model.ready else 503)
        if path == "/metrics":
            return Response(self.model.metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")
        return None


def state_of(loader: Loader) -> str:
    return "ready" if loader.ready else "failed" if loader.problem else "loading"


class GateMiddleware:
    """ASGI middleware around the page."""

    def __init__(self, app: ASGIApp, service: Service):
        self.app, self.service = app, service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        path = scope["path"].rstrip("/")
        asks = scope["method"] in ("GET", "HEAD")
        answer = self.service.own(path) if asks else await self._check(path, scope)
        if answer is None and scope["method"] == "POST" and path.startswith(CALL):
            answer, receive = await self._check_call(path.removeprefix(CALL), receive)
        if answer is not None:
            await self._answer(answer, scope, receive, send)
            return
        await self._pass(path, scope, receive, send)

    async def _check(self, path: str, scope: Scope) -> Response | None:
        """An answer where the announced size is enough to know that it will not do."""
        announced = Request(scope).headers.get("content-length", "0")
        size = int(announced) if announced.isdecimal() else 0
        if size > self._most(path):
            return refusal(413, REQUEST_TOO_LARGE.format(self._most(path) // 2**20))
        if path == UPLOAD_PATH and not self.service.uploads.room_for(size):
            return refusal(507, DISK_FULL)
        return None

    def _most(self, path: str) -> int:
        return self.service.max_bytes + MOST_BODY if path == UPLOAD_PATH else MOST_BODY

    async def _check_call(self, name: str, receive: Receive) -> tuple[Response | None, Receive]:
        """An answer where a program's values are wrong; and its request once more, for who comes next."""
        if name.removeprefix("v2/") not in (known := self.service.calls.endpoints):
            return refusal(404, NO_ENDPOINT.format(", ".join(known))), receive
        try:
            body = await read_all(receive, MOST_BODY)
        except TooLargeError:
            return refusal(413, REQUEST_TOO_LARGE.format(MOST_BODY // 2**20)), receive
        problem = self._problem(name, body)
        answer = (
            None
            if problem is None
            else JSONResponse({"error": str(problem), "detail": validation_errors([problem])}, 422)
        )
        return answer, again(body, receive)

    def _problem(self, name: str, body: bytes) -> InvalidField | None:
        try:
            values = json.loads(body)
        except (ValueError, RecursionError):
            return InvalidField("body", "the body is no JSON.")
        if name.startswith("v2/"):
            return self.service.calls.named_problem(name.removeprefix("v2/"), values)
        return self.service.calls.problem(name, values.get("data") if isinstance(values, dict) else None)

    async def _pass(self, path: str, scope: Scope, receive: Receive, send: Send) -> None:
        """On to the page; what goes wrong with an upload there becomes a sentence."""
        begun = False

        async def send_on(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self.app(scope, bounded_receive(receive, self._most(path)), send_on)
        except Exception as error:
            answer = self._explain(path, error)
            if begun or answer is None:
                raise
            await self._answer(answer, scope, receive, send)

    def _explain(self, path: str, error: Exception) -> Response | None:
        if isinstance(error, TooLargeError):
            return refusal(413, REQUEST_TOO_LARGE.format(self._most(path) // 2**20))
        if isinstance(error, OSError) and error.errno in DISK_FULL_ERRORS:
            logger.error("the disk is full: %s", error)
            self.service.uploads.sweep_soon()
            return refusal(507, DISK_FULL)
        if path == UPLOAD_PATH and not isinstance(error, OSError):
            logger.warning("an upload cannot be read: %r", error)
            self.service.uploads.sweep_soon()
            return refusal(400, NO_UPLOAD)
        return None

    async def _answer(self, answer: Response, scope: Scope, receive: Receive, send: Send) -> None:
        if answer.status_code >= 400:
            self.service.model.metrics.refused.labels(str(answer.status_code)).inc()
        await answer(scope, receive, send)


def refusal(status: int, sentence: str) -> Response:
    return JSONResponse({"error": sentence, "detail": sentence}, status)


async def read_all(receive: Receive, most: int) -> bytes:
    """The body of a request. Raises TooLargeError."""
    body, more = bytearray(), True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > most:
            raise TooLargeError
    return bytes(body)


def again(body: bytes, receive: Receive) -> Receive:
    """What gives a body that was read already, then whatever comes."""
    given = False

    async def give() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return give


def bounded_receive(receive: Receive, most: int) -> Receive:
    """`receive` that raises TooLargeError where more than `most` bytes come, whatever was announced."""
    count = 0

    async def take() -> Message:
        nonlocal count
        message = await receive()
        count += len(message.get("body", b""))
        if count > most:
            raise TooLargeError
        return message

    return take

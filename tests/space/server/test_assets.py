"""Files of the page, compressed once: the same bytes again, and only of whole files."""

from __future__ import annotations

from pathlib import Path

import pytest
from gradio.brotli_middleware import BrotliMiddleware
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from vqathinker.space.server.assets import FOR_GOOD, Assets

TEXT = "const answer = 42;\n" * 20_000
BROTLI = {"accept-encoding": "gzip, deflate, br"}


@pytest.fixture
def asked() -> list[str]:
    return []


def served(folder: Path, asked: list[str], most: int) -> TestClient:
    """Behind Gradio's own middleware, as on the page."""
    (folder / "page-abc.js").write_text(TEXT)

    async def asset(request: Request) -> Response:
        asked.append(request.url.path)
        path = folder / request.path_params["name"]
        return FileResponse(path) if path.exists() else PlainTextResponse("gone", 404)

    routes = [Route("/assets/{name}", asset), Route("/other/{name}", asset)]
    middleware = [Middleware(BrotliMiddleware), Middleware(Assets, most=most)]
    return TestClient(Starlette(routes=routes, middleware=middleware))


@pytest.fixture
def client(tmp_path: Path, asked: list[str]) -> TestClient:
    return served(tmp_path, asked, 2**20)


def test_a_file_is_compressed_once_and_comes_again_as_it_was(client, asked):
    first, again = (client.get("/assets/page-abc.js", headers=BROTLI) for _ in range(2))
    assert first.text == again.text == TEXT and len(asked) == 1
    for answer in (first, again):
        assert answer.headers["content-encoding"] == "br" and answer.headers["cache-control"] == FOR_GOOD
        assert int(answer.headers["content-length"]) < len(TEXT) / 10
        assert answer.headers["content-type"].startswith("text/javascript")
    plain = client.get("/assets/page-abc.js", headers={"accept-encoding": "identity"})
    assert plain.text == TEXT and "content-encoding" not in plain.headers and len(asked) == 2


@pytest.mark.parametrize("headers", [{"range": "bytes=0-4"}, {"if-none-match": "*"}])
def test_who_asks_for_less_than_the_file_is_answered_by_the_page_itself(client, asked, headers):
    for _ in range(2):
        client.get("/assets/page-abc.js", headers=BROTLI | headers)
    assert len(asked) == 2


def test_nothing_else_is_kept(client, asked):
    for path, text in (("/assets/missing.js", "gone"), ("/other/page-abc.js", TEXT)):
        answers = [client.get(path, headers=BROTLI) for _ in range(2)]
        assert all(answer.text == text and "immutable" not in str(answer.headers) for answer in answers)
    assert len(asked) == 4


def test_what_there_is_no_room_for_is_compressed_each_time(tmp_path, asked):
    client = served(tmp_path, asked, 10)
    assert [client.get("/assets/page-abc.js", headers=BROTLI).text for _ in range(2)] == [TEXT] * 2
    assert len(asked) == 2

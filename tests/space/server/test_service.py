"""What stands before the page: health, metrics, limits and sentences, around a small application in Gradio's place."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from vqathinker.errors import ModelError
from vqathinker.space.queue.model import Model
from vqathinker.space.queue.requests import Job
from vqathinker.space.queue.visitors import Visitor
from vqathinker.space.server.calls import Calls
from vqathinker.space.server.service import DISK_FULL, MOST_BODY, GateMiddleware, Service
from vqathinker.space.server.uploads import Uploads
from vqathinker.space.settings import Settings

MOST = 1_000_000


async def upload(request: Request) -> JSONResponse:
    """Writes what comes to the file that the query names; /dev/full is a disk without room."""
    if "broken" in request.query_params:
        raise KeyError("content-type")
    size = 0
    with open(request.query_params["to"], "wb", buffering=0) as file:
        async for piece in request.stream():
            size += file.write(piece) if piece else 0
    return JSONResponse(size)


async def echo(request: Request) -> JSONResponse:
    return JSONResponse(await request.json())


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    def load(*_) -> None:
        raise ModelError("no network")

    monkeypatch.setattr("vqathinker.space.queue.model.load_rater", load)
    uploads, model = Uploads(60, tmp_path), Model(Settings())
    yield Service(model, uploads, Calls(uploads.folder), MOST)
    model.close()
    uploads.close()


@pytest.fixture
def client(service: Service) -> TestClient:
    routes = [
        Route("/gradio_api/upload", upload, methods=["POST"]),
        Route("/gradio_api/call/{name:path}", echo, methods=["POST"]),
        Route("/gradio_api/queue/join", echo, methods=["POST"]),
    ]
    return TestClient(Starlette(routes=routes, middleware=[Middleware(GateMiddleware, service=service)]))


def test_health_says_what_is_going_on_and_ready_is_no_while_there_is_no_model(client: TestClient, service: Service):
    with pytest.raises(ModelError):
        service.model.rater()
    ticket = service.model.line.join(Visitor("one"))
    service.model.line.join(Visitor("one"))
    health = client.get("/health")
    assert health.status_code == 200
    assert health.json() == {
        "status": "ok", "model": "failed", "problem": "no network", "waiting": 1, "decoding": 1, "rating": 0,
    }  # fmt: skip
    assert client.get("/ready").status_code == 503
    service.model.line.prepared(ticket)
    assert client.get("/health").json()["rating"] == 1


def test_metrics_count_what_ended_how_and_what_was_refused(client: TestClient, service: Service):
    with pytest.raises(ModelError):
        service.model.rate(Job("a.mp4"))
    assert client.post("/gradio_api/call/rate", json={"data": [None, 0]}).status_code == 422
    text = client.get("/metrics").text
    assert 'vqathinker_ratings_total{outcome="model"} 1.0' in text
    assert 'vqathinker_refused_requests_total{status="422"} 1.0' in text
    assert "vqathinker_model_ready 0.0" in text and "vqathinker_waiting 0.0" in text
    assert "process_resident_memory_bytes" in text


def test_a_full_disk_is_one_sentence_and_the_next_upload_works(client: TestClient, tmp_path: Path):
    full = client.post("/gradio_api/upload?to=/dev/full", content=b"x")
    assert full.status_code == 507 and full.json()["error"] == DISK_FULL
    assert client.post(f"/gradio_api/upload?to={tmp_path / 'a'}", content=b"x").json() == 1


def test_an_upload_for_which_there_is_no_room_is_refused_before_it_is_written(service: Service, tmp_path: Path):
    roomy = Service(service.model, service.uploads, service.calls, 2**62)
    app = Starlette(
        routes=[Route("/gradio_api/upload", upload, methods=["POST"])],
        middleware=[Middleware(GateMiddleware, service=roomy)],
    )
    target = tmp_path / "a"
    answer = TestClient(app).post(
        f"/gradio_api/upload?to={target}", content=b"x", headers={"content-length": str(2**60)}
    )
    assert answer.status_code == 507 and not target.exists()


@pytest.mark.parametrize("path", ["/gradio_api/upload?to=/dev/null", "/gradio_api/queue/join"])
@pytest.mark.parametrize("announced", [True, False])
def test_what_is_too_large_is_refused_whatever_was_announced(client: TestClient, path: str, announced: bool):
    body = b" " * (MOST + MOST_BODY + 10)
    pieces = (body[start : start + 2**16] for start in range(0, len(body), 2**16))
    answer = client.post(path, content=body if announced else pieces)
    assert answer.status_code == 413 and "larger than" in answer.json()["error"]


def test_an_upload_that_is_none_is_told(client: TestClient):
    answer = client.post("/gradio_api/upload?broken=1", content=b"x")
    assert answer.status_code == 400 and "multipart/form-data" in answer.json()["error"]


@pytest.mark.parametrize(
    ("path", "body", "status", "words"),
    [
        ("call/rate", {"data": [None, 0]}, 422, "video is missing"),
        ("call/rate/", {"data": []}, 422, "data must be a list of 2 values"),
        ("call/rate", {}, 422, "data must be a list"),
        ("call/rate", [], 422, "data must be a list"),
        ("call/v2/rate", {"rollouts": 1.5}, 422, "video is missing"),
        ("call/v2/rate", {"file": "x"}, 422, "file is unknown"),
        ("call/nothing", {"data": []}, 404, "there are rate, compare, timeline, rewards"),
    ],
)
def test_wrong_values_are_a_4xx_with_a_sentence(client: TestClient, path: str, body, status: int, words: str):
    answer = client.post(f"/gradio_api/{path}", json=body)
    assert answer.status_code == status and words in answer.json()["error"]


def test_a_body_that_is_no_json_is_told_and_a_right_one_arrives_whole(client: TestClient):
    for content in (b"", b"{", b"\xff", b"[" * 100_000):
        answer = client.post("/gradio_api/call/rate", content=content)
        assert answer.status_code == 422 and answer.json()["error"]
    right = {"data": [[["3.50"]] * 1, [3], "repaired", None]}
    assert client.post("/gradio_api/call/rewards", json=right).json() == right

"""The endpoint for programs, through gradio_client and by hand."""

from __future__ import annotations

import json
import urllib.request

import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError

from tests.browser.app import REPOSITORY
from tests.test_cli import KEYS
from vqathinker.cli import main


@pytest.fixture(scope="module")
def client(app: str) -> Client:
    return Client(app, verbose=False)


def test_a_program_gets_the_json_of_the_contract_twice_the_same(client: Client, clip):
    first, second = (client.predict(handle_file(clip("plain.mp4")), api_name="/rate") for _ in range(2))
    assert set(first) == KEYS and first["file"] == "plain.mp4"
    assert {**first, "timings": None} == {**second, "timings": None}


def test_rate_is_all_that_programs_can_call(client: Client):
    endpoints = client.view_api(return_format="dict")
    assert list(endpoints["named_endpoints"]) == ["/rate"]
    assert endpoints["unnamed_endpoints"] == {}


def test_a_bad_file_is_an_error_with_its_sentence_and_the_next_call_works(client: Client, clip):
    with pytest.raises(AppError, match="text.mp4 is a text file, not a video"):
        client.predict(handle_file(clip("text.mp4")), api_name="/rate")
    assert 1 <= client.predict(handle_file(clip("odd.mp4")), api_name="/rate")["score"] <= 5


@pytest.mark.parametrize("meta", [{}, {"meta": {"_type": "gradio.FileData"}}])
def test_a_file_of_the_server_is_out_of_reach(app: str, meta: dict):
    """By hand, as gradio_client would upload a file of its own machine."""
    body = json.dumps({"data": [{"path": str(REPOSITORY / "examples" / "squirrel.mp4"), **meta}]}).encode()
    call = urllib.request.Request(f"{app}/gradio_api/call/rate", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(call, timeout=20) as answer:
        event = json.load(answer)["event_id"]
    with urllib.request.urlopen(f"{app}/gradio_api/call/rate/{event}", timeout=20) as answer:
        said = answer.read().decode()
    assert said.startswith("event: error") and "score" not in said


def test_a_port_that_is_taken_is_one_line(app: str, capsys):
    assert main(["serve", "--port", app.rsplit(":", 1)[1]]) == 2
    err = capsys.readouterr().err.splitlines()
    assert len(err) == 1 and "port" in err[0]



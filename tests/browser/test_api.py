"""The endpoint for programs, through gradio_client and by hand."""

from __future__ import annotations

import json
import urllib.request

import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError

from tests import raters
from tests.browser.app import REPOSITORY, running_app
from tests.test_cli import KEYS
from vqathinker.cli import main
from vqathinker.space.rewards_api import reward_table


@pytest.fixture(scope="module")
def client(app: str) -> Client:
    return Client(app, verbose=False)


def test_a_program_gets_the_json_of_the_contract_twice_the_same(client: Client, clip):
    first, second = (client.predict(handle_file(clip("plain.mp4")), api_name="/rate") for _ in range(2))
    assert set(first) == KEYS and first["file"] == "plain.mp4"
    assert {**first, "timings": None} == {**second, "timings": None}


def test_sampled_answers_on_request(client: Client, clip):
    rating = client.predict(handle_file(clip("plain.mp4")), rollouts=3, api_name="/rate")
    assert len(rating["rollouts"]) == 3
    for count in (-1, 1000):
        with pytest.raises(AppError, match="rollouts must be between 0 and"):
            client.predict(handle_file(clip("plain.mp4")), rollouts=count, api_name="/rate")


def test_two_videos_are_compared(client: Client, clip):
    files = [handle_file(clip(name)) for name in ("plain.mp4", "odd.mp4")]
    found = client.predict(*files, rollouts=4, api_name="/compare")
    sides = raters.tiny().compare(clip("plain.mp4"), clip("odd.mp4"), rollouts=4)
    assert found["probability_first_better"] == pytest.approx(sides.probability_first_better, abs=1e-4)
    assert set(found["first"]) == KEYS and found["second"]["file"] == "odd.mp4"
    with pytest.raises(AppError, match="rollouts must be between 2 and"):
        client.predict(*files, rollouts=1, api_name="/compare")


def test_rewards_of_answers_without_any_video(client: Client):
    answers, mos = [["4.00", 3.5], ["<think>dark</think><answer>2.10</answer>", "?"]], [4.0, 2.0]
    assert client.predict(answers, mos, api_name="/rewards") == reward_table(answers, mos)
    official = client.predict(answers, mos, spec="official", perturbed=[[3, 3], [3, 3]], api_name="/rewards")
    assert official == reward_table(answers, mos, "official", [[3, 3], [3, 3]])
    with pytest.raises(AppError, match="one MOS for each video"):
        client.predict(answers, [4.0], api_name="/rewards")


def test_these_three_are_all_that_programs_can_call_and_all_are_described(client: Client):
    endpoints = client.view_api(return_format="dict")
    assert set(endpoints["named_endpoints"]) == {"/rate", "/compare", "/rewards"}
    assert endpoints["unnamed_endpoints"] == {}
    names = {
        path: [parameter["parameter_name"] for parameter in endpoint["parameters"]]
        for path, endpoint in endpoints["named_endpoints"].items()
    }
    assert names == {
        "/rate": ["video", "rollouts"],
        "/compare": ["first", "second", "rollouts"],
        "/rewards": ["answers", "mos", "spec", "perturbed"],
    }


def test_with_the_extra_installed_they_are_tools_for_language_models(app: str):
    pytest.importorskip("mcp")
    with urllib.request.urlopen(f"{app}/gradio_api/mcp/schema", timeout=20) as answer:
        tools = {tool["name"]: tool for tool in json.load(answer)}
    assert set(tools) == {"rate", "compare", "rewards"}
    assert "technical quality" in tools["rate"]["description"]
    assert set(tools["compare"]["inputSchema"]["properties"]) == {"first", "second", "rollouts"}


def test_a_bad_file_is_an_error_with_its_sentence_and_the_next_call_works(client: Client, clip):
    with pytest.raises(AppError, match="text.mp4 is a text file, not a video"):
        client.predict(handle_file(clip("text.mp4")), api_name="/rate")
    assert 1 <= client.predict(handle_file(clip("odd.mp4")), api_name="/rate")["score"] <= 5


@pytest.mark.parametrize("meta", [{}, {"meta": {"_type": "gradio.FileData"}}])
def test_a_file_of_the_server_is_out_of_reach(app: str, meta: dict):
    """By hand, as gradio_client would upload a file of its own machine."""
    body = json.dumps({"data": [{"path": str(REPOSITORY / "examples" / "squirrel.mp4"), **meta}, 0]}).encode()
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


def test_uploads_are_deleted_at_the_end_though_somebody_is_still_connected(tmp_path, clip):
    uploads = tmp_path / "run" / "uploads"
    with running_app(uploads.parent) as address:
        heartbeat = urllib.request.urlopen(f"{address}/gradio_api/heartbeat/somebody")
        Client(address, verbose=False).predict(handle_file(clip("plain.mp4")), api_name="/rate")
        assert list(uploads.rglob("plain.mp4"))
    heartbeat.close()
    assert not list(uploads.rglob("plain.mp4"))

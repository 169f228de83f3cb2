"""The endpoint for programs, through gradio_client and by hand."""

from __future__ import annotations

import json
import signal
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import httpx
import psutil
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError

from tests import clips, raters
from tests.browser.app import PATIENCE_S, REPOSITORY, running_app
from tests.test_cli import KEYS
from vqathinker.cli import main
from vqathinker.space.server.rewards_api import reward_table


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


def test_a_timeline_is_made_by_the_endpoint_and_refused_with_a_sentence(client: Client, clip, tmp_path):
    film = clips.encode(tmp_path / "film.mp4", clips.numbered_frames(75))
    report = client.predict(handle_file(film), api_name="/timeline")
    assert report["file"] == "film.mp4" and report["duration_s"] == 3
    assert [(window["start_s"], window["end_s"]) for window in report["windows"]] == [(0, 2), (1, 3)]
    assert len(client.predict(handle_file(film), 1.0, api_name="/timeline")["windows"]) == 5
    with pytest.raises(AppError, match="window_s must be between 0.5 and 60 seconds"):
        client.predict(handle_file(film), 0.1, api_name="/timeline")
    with pytest.raises(AppError, match="text.mp4 is a text file, not a video"):
        client.predict(handle_file(clip("text.mp4")), api_name="/timeline")


def test_these_four_are_all_that_programs_can_call_and_all_are_described(client: Client):
    endpoints = client.view_api(return_format="dict")
    assert set(endpoints["named_endpoints"]) == {"/rate", "/timeline", "/compare", "/rewards"}
    assert endpoints["unnamed_endpoints"] == {}
    names = {
        path: [parameter["parameter_name"] for parameter in endpoint["parameters"]]
        for path, endpoint in endpoints["named_endpoints"].items()
    }
    assert names == {
        "/rate": ["video", "rollouts"],
        "/timeline": ["video", "window_s"],
        "/compare": ["first", "second", "rollouts"],
        "/rewards": ["answers", "mos", "spec", "perturbed"],
    }


def test_with_the_extra_installed_they_are_tools_for_language_models(app: str):
    pytest.importorskip("mcp")
    with urllib.request.urlopen(f"{app}/gradio_api/mcp/schema", timeout=20) as answer:
        tools = {tool["name"]: tool for tool in json.load(answer)}
    assert set(tools) == {"rate", "timeline", "compare", "rewards"}
    assert "technical quality" in tools["rate"]["description"]
    assert set(tools["compare"]["inputSchema"]["properties"]) == {"first", "second", "rollouts"}


def test_a_bad_file_is_an_error_with_its_sentence_and_the_next_call_works(client: Client, clip):
    with pytest.raises(AppError, match="text.mp4 is a text file, not a video"):
        client.predict(handle_file(clip("text.mp4")), api_name="/rate")
    assert 1 <= client.predict(handle_file(clip("odd.mp4")), api_name="/rate")["score"] <= 5


@pytest.mark.parametrize("meta", [{}, {"meta": {"_type": "gradio.FileData"}}])
def test_a_file_of_the_server_is_out_of_reach(app: str, meta: dict):
    """By hand, as gradio_client would upload a file of its own machine."""
    data = [{"path": str(REPOSITORY / "examples" / "squirrel.mp4"), **meta}, 0]
    answer = httpx.post(f"{app}/gradio_api/call/rate", json={"data": data})
    assert answer.status_code == 422 and answer.json()["error"].startswith("video ")
    joined = {"data": data, "fn_index": function_index(app, "rate"), "session_hash": "by-hand"}
    assert httpx.post(f"{app}/gradio_api/queue/join", json=joined).status_code == 200
    said = httpx.get(f"{app}/gradio_api/queue/data", params={"session_hash": "by-hand"}, timeout=PATIENCE_S).text
    assert "video was not uploaded here" in said or "video must be an upload" in said
    assert '"score"' not in said


def function_index(app: str, name: str) -> int:
    return next(one["id"] for one in httpx.get(f"{app}/config").json()["dependencies"] if one["api_name"] == name)


@pytest.mark.parametrize("path", ["record.py", "manifest.json", "records/squirrel.json"])
def test_of_the_examples_only_the_clips_are_served(app: str, path: str):
    served = f"{app}/gradio_api/file={REPOSITORY / 'examples'}"
    assert httpx.get(f"{served}/{path}").status_code in (403, 404)
    assert httpx.head(f"{served}/squirrel.mp4").status_code == 200


@pytest.mark.parametrize("rollouts", [1.7, "8", None, 3000])
def test_a_wrong_number_is_told_with_the_name_of_its_field(client: Client, clip, rollouts):
    with pytest.raises(AppError, match="rollouts must be between 0 and 32, a whole number, not"):
        client.predict(handle_file(clip("plain.mp4")), rollouts, api_name="/rate")


def test_a_missing_file_and_a_web_address_are_told(client: Client):
    with pytest.raises(AppError, match="video is missing: upload a file first"):
        client.predict(None, api_name="/rate")
    with pytest.raises(AppError, match="video is a web address; this page takes uploads only"):
        client.predict({"path": "http://127.0.0.1/a.mp4", "meta": {"_type": "gradio.FileData"}}, api_name="/rate")


def upload(app: str, clip: Path) -> dict:
    with open(clip, "rb") as file:
        [path] = httpx.post(f"{app}/gradio_api/upload", files={"files": (clip.name, file)}).json()
    return {"path": path, "meta": {"_type": "gradio.FileData"}}


def health_when(app: str, holds: Callable[[dict], object]) -> dict:
    """What /health says when that is so."""
    end = time.monotonic() + PATIENCE_S
    while not holds(health := httpx.get(f"{app}/health", timeout=PATIENCE_S).json()):
        assert time.monotonic() < end, health
        time.sleep(0.05)
    return health


def idle(health: dict) -> bool:
    return not health["waiting"] + health["decoding"] + health["rating"]


def test_a_program_that_leaves_takes_its_work_along(app: str, clip):
    sent = {"data": [upload(app, clip("plain.mp4")), 32]}
    health_when(app, lambda health: health["model"] == "ready" and idle(health))
    event = httpx.post(f"{app}/gradio_api/call/rate", json=sent).json()["event_id"]
    with httpx.stream("GET", f"{app}/gradio_api/call/rate/{event}", timeout=PATIENCE_S):
        health_when(app, lambda health: not idle(health))
    health_when(app, idle)
    assert 'outcome="left"} 0.0' not in httpx.get(f"{app}/metrics").text


def test_one_program_that_floods_is_refused_with_a_sentence_and_others_are_served(app: str, client: Client, clip):
    flood = Client(app, verbose=False)
    jobs = [flood.submit(handle_file(clip("plain.mp4")), 32, api_name="/rate") for _ in range(20)]
    assert 1 <= client.predict(handle_file(clip("odd.mp4")), api_name="/rate")["score"] <= 5
    ends = []
    for job in jobs:
        try:
            ends.append(len(job.result(timeout=PATIENCE_S)["rollouts"]))
        except AppError as error:
            ends.append(str(error))
    refused = [end for end in ends if isinstance(end, str)]
    assert refused and all("of your ratings are waiting already: please try again in about" in end for end in refused)
    assert len(ends) - len(refused) >= 8 and {end for end in ends if not isinstance(end, str)} == {32}


def test_a_port_that_is_taken_is_one_line(app: str, capsys):
    assert main(["serve", "--port", app.rsplit(":", 1)[1]]) == 2
    err = capsys.readouterr().err.splitlines()
    assert len(err) == 1 and "port" in err[0]


def test_sigterm_ends_jobs_and_workers_and_deletes_uploads_though_somebody_is_still_connected(tmp_path, clip):
    uploads = tmp_path / "run" / "uploads"
    with running_app(uploads.parent, end=signal.SIGTERM) as address:
        server = next(child for child in psutil.Process().children() if "app.py" in child.cmdline()[1:2])
        heartbeat = urllib.request.urlopen(f"{address}/gradio_api/heartbeat/somebody")
        sent = {"data": [upload(address, clip("plain.mp4")), 32]}
        for _ in range(4):
            assert httpx.post(f"{address}/gradio_api/call/rate", json=sent).status_code == 200
        health_when(address, lambda health: health["decoding"] + health["rating"])
        workers = server.children(recursive=True)
        assert list(uploads.rglob("plain.mp4"))
    heartbeat.close()
    assert not [path for path in uploads.rglob("*") if path.is_file()]
    assert not psutil.wait_procs(workers, timeout=5)[1]
    assert "Traceback" not in (tmp_path / "run" / "app.log").read_text()

"""The endpoints as tools of the Model Context Protocol, asked by its own client against the running page."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests import clips
from tests.browser.app import PATIENCE_S

pytest.importorskip("mcp", reason="the extra mcp is not installed")
from jsonschema import Draft202012Validator  # noqa: E402
from mcp import ClientSession, types  # noqa: E402
from mcp.client.streamable_http import streamablehttp_client  # noqa: E402

TOOLS = {"rate", "timeline", "compare", "rewards"}
WORDS = ("anyOf", "enum", "const", "$ref")


@asynccontextmanager
async def session(app: str):
    async with (
        streamablehttp_client(f"{app}/gradio_api/mcp/") as (read, write, _),
        ClientSession(read, write, read_timeout_seconds=timedelta(seconds=5 * PATIENCE_S)) as client,
    ):
        await client.initialize()
        yield client


def run(question: Coroutine) -> Any:
    """In a thread of its own: that of the tests may have Playwright's event loop."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, question).result()


@pytest.fixture
def call(app: str) -> Callable[..., types.CallToolResult]:
    def ask(name: str, **arguments) -> types.CallToolResult:
        async def asked():
            async with session(app) as client:
                return await client.call_tool(name, arguments)

        return run(asked())

    return ask


@pytest.fixture(scope="module")
def tools(app: str) -> dict[str, types.Tool]:
    async def listed():
        async with session(app) as client:
            return (await client.list_tools()).tools

    return {tool.name: tool for tool in run(listed())}


def answered(result: types.CallToolResult) -> dict:
    """The one object in a result, which must be JSON."""
    [content] = result.content
    assert not result.isError, content.text
    return json.loads(content.text)


def uploaded(app: str, path: Path) -> str:
    """The address of a file that was uploaded as Gradio's own tool for it uploads files."""
    with open(path, "rb") as file:
        [place] = httpx.post(f"{app}/gradio_api/upload", files={"files": (path.name, file)}, timeout=PATIENCE_S).json()
    return f"{app}/gradio_api/file={place}"


def test_these_are_the_tools_and_strict_clients_can_read_their_schemas(tools):
    assert set(tools) == TOOLS
    for tool in tools.values():
        Draft202012Validator.check_schema(tool.inputSchema)
        for name, schema in tool.inputSchema["properties"].items():
            assert isinstance(schema.get("type"), str) or any(word in schema for word in WORDS), (name, schema)
            assert schema["description"].strip()
    assert tools["rewards"].inputSchema["required"] == ["answers", "mos"]
    assert tools["compare"].inputSchema["required"] == ["first", "second"]


def test_the_schemas_say_what_is_taken(tools):
    rewards = Draft202012Validator(tools["rewards"].inputSchema)
    assert rewards.is_valid({"answers": [[3.5, "<answer>3</answer>"]], "mos": [4], "perturbed": None})
    for wrong in ({"answers": "3.5", "mos": [4]}, {"answers": [[3]], "mos": [9]}, {"answers": [[3]], "mos": None}):
        assert not rewards.is_valid(wrong)
    rollouts = tools["compare"].inputSchema["properties"]["rollouts"]
    assert {name: rollouts[name] for name in ("type", "minimum", "maximum", "default")} == {
        "type": "integer", "minimum": 2, "maximum": 32, "default": 8,
    }  # fmt: skip
    assert set(tools["rewards"].inputSchema["properties"]["spec"]["enum"]) == {"repaired", "official"}


def test_docstrings_arrive_whole(tools):
    assert "or a number, which stands for such a completion" in describes(tools, "rewards", "answers")
    assert "tell how steady the model is" in describes(tools, "rate", "rollouts")
    assert "timings" in tools["rate"].description and "confidence from 0 to 1" in tools["timeline"].description


def describes(tools: dict[str, types.Tool], tool: str, argument: str) -> str:
    return tools[tool].inputSchema["properties"][argument]["description"]


def test_rate_and_compare_take_uploads_by_their_addresses_and_answer_in_json(app, call, clip):
    address = uploaded(app, clip("plain.mp4"))
    rating = answered(call("rate", video=address, rollouts=2))
    assert rating["file"] == "plain.mp4" and 1 <= rating["score"] <= 5 and len(rating["rollouts"]) == 2
    assert rating["interval"][0] <= rating["score"] <= rating["interval"][1]
    both = answered(call("compare", first=address, second=uploaded(app, clip("odd.mp4")), rollouts=2))
    assert 0 <= both["probability_first_better"] <= 1 and both["first"]["score"] == rating["score"]


def test_a_file_may_be_sent_along(call, clip):
    data = base64.b64encode(clip("plain.mp4").read_bytes()).decode()
    assert 1 <= answered(call("rate", video=f"data:video/mp4;base64,{data}"))["score"] <= 5


def test_timeline_answers_in_json(app, call, tmp_path):
    film = clips.encode(tmp_path / "film.mp4", clips.numbered_frames(75))
    timeline = answered(call("timeline", video=uploaded(app, film), window_s=1.0))
    assert len(timeline["windows"]) == 5 and timeline["duration_s"] == 3


def test_rewards_answers_in_json(call):
    table = answered(call("rewards", answers=[[4.0, 2.0], [1.0, "none"]], mos=[4.0, 1.5]))
    assert table["scores"] == [[4.0, 2.0], [1.0, None]] and table["regression"][0][0] == 1.0


@pytest.mark.parametrize(
    ("tool", "arguments", "sentence"),
    [
        ("rewards", {"answers": [[3.0]], "mos": [4.0], "spec": "other"}, "'other' is not one of"),
        ("rewards", {"answers": [[3.0]], "mos": [4.0, 2.0]}, "one MOS for each video"),
        ("rate", {"video": "http://127.0.0.1:1/a.mp4"}, "web address"),
        ("rate", {"video": "http://127.0.0.1:1/gradio_api/file=/etc/passwd"}, "web address"),
    ],
)
def test_what_is_wrong_is_an_error_with_a_sentence(call, tool, arguments, sentence):
    result = call(tool, **arguments)
    assert result.isError and sentence in result.content[0].text
    assert "root:" not in result.content[0].text


def test_a_bad_file_is_an_error_with_its_sentence(app, call, clip):
    result = call("rate", video=uploaded(app, clip("text.mp4")))
    assert result.isError and "text.mp4 is a text file, not a video" in result.content[0].text

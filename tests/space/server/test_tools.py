"""Gradio's MCP server takes our uploads by their addresses, and answers in JSON."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from vqathinker.space.server.calls import Calls
from vqathinker.space.server.tools import in_json, with_uploads

PAGE = "http://127.0.0.1:7860/gradio_api/file="


@pytest.fixture
def upload(tmp_path: Path) -> Path:
    folder = tmp_path / "uploads" / "ab"
    folder.mkdir(parents=True)
    (folder / "a clip.mp4").write_text("x")
    return folder / "a clip.mp4"


@pytest.fixture
def convert(upload: Path):
    return with_uploads(lambda values, places: {name: f"fetched {value}" for name, value in values.items()},
                        Calls(upload.parents[1]))  # fmt: skip


@pytest.mark.parametrize("blank", [" ", "%20"])
def test_the_address_of_an_upload_becomes_its_file(convert, upload, blank):
    address = f"{PAGE}{str(upload).replace(' ', blank)}"
    given = convert({"video": address, "rollouts": 2}, [["video"]])
    assert given == {"video": {"path": str(upload), "meta": {"_type": "gradio.FileData"}}, "rollouts": "fetched 2"}


def test_other_addresses_and_files_of_this_machine_are_left_to_the_rules_for_addresses(convert, upload):
    beside = upload.parents[2] / "secret.mp4"
    beside.write_text("x")
    for address in (f"{PAGE}{beside}", f"{PAGE}{upload.parent}/../../../secret.mp4", "http://a.b/c.mp4", f"{PAGE}"):
        assert convert({"video": address}, [["video"]]) == {"video": f"fetched {address}"}
    assert convert({"spec": f"{PAGE}{upload}"}, [["video"]])["spec"].startswith("fetched")


def test_what_is_sent_along_is_kept_among_the_uploads(convert, upload):
    data = f"data:video/mp4;base64,{base64.b64encode(b'film').decode()}"
    given = convert({"first": data}, [["first"], ["second"]])["first"]
    assert Path(given["path"]).read_bytes() == b"film" and given["meta"] == {"_type": "gradio.FileData"}
    assert Path(given["path"]).is_relative_to(upload.parents[1])
    with pytest.raises(ValueError, match="first is no data: URI that can be read"):
        convert({"first": "data:video/mp4;base64,abc"}, [["first"]])


def test_objects_are_written_as_json():
    written = in_json(lambda data, root: data)([{"interval": None, "ok": True}, "text"], "")
    assert json.loads(written[0]) == {"interval": None, "ok": True} and written[1] == "text"

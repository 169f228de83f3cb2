"""The endpoints as tools of the Model Context Protocol: Gradio's server, where it falls short of what programs need.

It takes files by web address only, also those that were uploaded here, which the page would have to fetch from itself;
it leaves those that are sent along as data: URIs in the folder above that of our uploads, for ever; and it writes
results as Python does.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from gradio.processing_utils import save_base64_to_cache

from .calls import Calls

DATA_URL = "data:"
UPLOADED = {"_type": "gradio.FileData"}


def mend_tools(server, calls: Calls) -> None:
    """Let Gradio's MCP server (None where the extra is not installed) take uploads of this page by their addresses,
    keep what is sent along among them, and answer in JSON."""
    if server is not None:
        server.convert_strings_to_filedata = with_uploads(server.convert_strings_to_filedata, calls)
        server.postprocess_output_data = in_json(server.postprocess_output_data)


def with_uploads(convert: Callable, calls: Calls) -> Callable:
    """`convert` for all but files of ours. They may stand wherever the schema has a file; here these are arguments
    themselves, such as the place ["video"]."""

    def convert_all(values: dict, places: list[list]) -> dict:
        files = [place[0] for place in places if len(place) == 1]
        found = {name: path for name in files if (path := file_of(values.get(name), name, calls))}
        kept = convert({name: value for name, value in values.items() if name not in found}, places)
        return kept | {name: {"path": str(path), "meta": UPLOADED} for name, path in found.items()}

    return convert_all


def file_of(value: object, name: str, calls: Calls) -> Path | None:
    """The upload that an address leads to, or what a data: URI holds, written among the uploads; None for anything
    else. Raises ValueError, with a sentence for who called, where a data: URI cannot be read."""
    if not isinstance(value, str) or not value.startswith(DATA_URL):
        return calls.upload_at(value)
    try:
        return Path(save_base64_to_cache(value, str(calls.uploads)))
    except ValueError:  # binascii's own error is one
        raise ValueError(f"{name} is no data: URI that can be read; it must hold base64.") from None


def in_json(write: Callable) -> Callable:
    """`write`, with objects as JSON instead of as Python shows them."""

    def write_all(data: list, root_url: str) -> list:
        return write([json.dumps(value) if isinstance(value, dict) else value for value in data], root_url)

    return write_all

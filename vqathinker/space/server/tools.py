"""The endpoints as tools of the Model Context Protocol: Gradio's server, where it falls short of what programs need.

It takes files by web address only, also those that were uploaded here, which the page would have to fetch from itself;
and it writes results as Python does.
"""

from __future__ import annotations

import json
from collections.abc import Callable

from .calls import Calls

UPLOADED = {"_type": "gradio.FileData"}


def mend_tools(server, calls: Calls) -> None:
    """Let Gradio's MCP server (None where the extra is not installed) take uploads of this page by their addresses, and
    answer in JSON."""
    if server is not None:
        server.convert_strings_to_filedata = with_uploads(server.convert_strings_to_filedata, calls)
        server.postprocess_output_data = in_json(server.postprocess_output_data)


def with_uploads(convert: Callable, calls: Calls) -> Callable:
    """`convert` for all but the addresses of uploads, which become those files. They may stand wherever the schema has
    a file; here these are arguments themselves, such as the place ["video"]."""

    def convert_all(values: dict, places: list[list]) -> dict:
        files = [place[0] for place in places if len(place) == 1]
        found = {name: path for name in files if (path := calls.upload_at(values.get(name)))}
        kept = convert({name: value for name, value in values.items() if name not in found}, places)
        return kept | {name: {"path": str(path), "meta": UPLOADED} for name, path in found.items()}

    return convert_all


def in_json(write: Callable) -> Callable:
    """`write`, with objects as JSON instead of as Python shows them."""

    def write_all(data: list, root_url: str) -> list:
        return write([json.dumps(value) if isinstance(value, dict) else value for value in data], root_url)

    return write_all

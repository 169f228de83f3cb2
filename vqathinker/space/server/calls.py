"""What programs send to the endpoints, checked before anything is done with it: one sentence that names the field."""

from __future__ import annotations

import ipaddress
import math
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from ...video.windows import LONGEST_S, SHORTEST_S
from ..queue.requests import MOST_ROLLOUTS

ENDPOINTS = {
    "rate": ("video", "rollouts"),
    "compare": ("first", "second", "rollouts"),
    "timeline": ("video", "window_s"),
    "rewards": ("answers", "mos", "spec", "perturbed"),
}
BESIDE_ENDPOINTS = {"compare_models": ("video", "rollouts")}
"""Of a page with a second model."""
LEAST = {"rate": 0, "compare": 2, "compare_models": 0}
LISTS = ("answers", "mos")
WEB = ("http://", "https://")
UPLOAD_FORM = 'an upload, {"path": …, "meta": {"_type": "gradio.FileData"}}'
SHOWN_CHARACTERS = 60
"""Characters of a wrong value that are said again."""


@dataclass(frozen=True)
class InvalidField:
    """What is wrong with one field of a request."""

    field: str
    sentence: str

    def __str__(self) -> str:
        return self.sentence


@dataclass(frozen=True)
class Calls:
    """The rules of one page: where its uploads are, whether web addresses may stand in their place, and whether it has
    a second model."""

    uploads: Path
    urls: bool = False
    beside: bool = False

    @property
    def endpoints(self) -> dict[str, tuple[str, ...]]:
        """The names of all endpoints, and of what each takes."""
        return ENDPOINTS | BESIDE_ENDPOINTS if self.beside else ENDPOINTS

    def problem(self, endpoint: str, data: object) -> InvalidField | None:
        """The first thing that is wrong with the values sent to an endpoint, in the order of its fields."""
        fields = self.endpoints.get(endpoint)
        if fields is None:
            return None
        if not isinstance(data, list) or len(data) != len(fields):
            given = f", not {len(data)}" if isinstance(data, list) else ""
            return InvalidField("data", f"data must be a list of {len(fields)} values ({', '.join(fields)}){given}.")
        found = (self._field(endpoint, name, value) for name, value in zip(fields, data, strict=True))
        return next((problem for problem in found if problem), None)

    def named_problem(self, endpoint: str, values: object) -> InvalidField | None:
        """The same of values that are sent by name; those left out have defaults, but for files and lists."""
        fields = self.endpoints.get(endpoint)
        if fields is None:
            return None
        if not isinstance(values, dict):
            return InvalidField("body", f"the body must be an object with the keys {', '.join(fields)}.")
        if strange := sorted(map(str, values.keys() - set(fields))):
            return InvalidField(strange[0], f"{strange[0]} is unknown; {endpoint} takes {', '.join(fields)}.")
        found = (
            self._field(endpoint, name, values.get(name))
            for name in fields
            if name in values or name in LISTS or is_file(name)
        )
        return next((problem for problem in found if problem), None)

    def _field(self, endpoint: str, name: str, value: object) -> InvalidField | None:
        if is_file(name):
            told = self._file(name, value)
        elif name == "rollouts":
            told = rollouts_problem(value, LEAST[endpoint])
        elif name == "window_s":
            told = window_problem(value)
        else:
            told = f"{name} must be a list." if name in LISTS and not isinstance(value, list) else ""
        return InvalidField(name, told) if told else None

    def _file(self, name: str, value: object) -> str:
        """The sentence for what is no file of this page, "" for one."""
        path = value.get("path") if isinstance(value, dict) else value
        if path is None or path == "":
            return f"{name} is missing: upload a file first."
        if isinstance(path, str) and path.lower().startswith(WEB):
            return url_problem(name, path) if self.urls else f"{name} is a web address; this page takes uploads only."
        if not isinstance(path, str) or not isinstance(value, dict) or not has_type(value):
            return f"{name} must be {UPLOAD_FORM}, not {shown_value(value)}."
        if not self._is_upload(path):
            return f"{name} was not uploaded here, or has been deleted since: upload it (again)."
        return ""

    def upload_at(self, address: object) -> Path | None:
        """The upload that a web address of this page leads to; None for anything else."""
        if not isinstance(address, str) or not address.lower().startswith(WEB):
            return None
        _, served, path = unquote(urlsplit(address).path).partition("/gradio_api/file=")
        return Path(path).resolve() if served and self._is_upload(path) else None

    def _is_upload(self, path: str) -> bool:
        try:
            found = Path(path).resolve()
            return found.is_relative_to(self.uploads.resolve()) and found.is_file()
        except (OSError, ValueError):
            return False


def is_file(name: str) -> bool:
    return name in ("video", "first", "second")


def has_type(value: dict) -> bool:
    meta = value.get("meta")
    return isinstance(meta, dict) and meta.get("_type") == "gradio.FileData"


def rollouts_problem(value: object, least: int) -> str:
    """The sentence for what is no number of rollouts, "" for one."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if number and least <= value <= MOST_ROLLOUTS and math.floor(value) == value:
        return ""
    return f"rollouts must be between {least} and {MOST_ROLLOUTS}, a whole number, not {shown_value(value)}."


def window_problem(value: object) -> str:
    """The sentence for what is no length of a window, "" for one."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if number and SHORTEST_S <= value <= LONGEST_S:
        return ""
    return f"window_s must be between {SHORTEST_S:g} and {LONGEST_S:g} seconds, not {shown_value(value)}."


def url_problem(name: str, address: str) -> str:
    """The sentence for a web address that does not lead to the public internet, "" for one that does."""
    try:
        host, port = urlsplit(address).hostname, urlsplit(address).port or 443
        found = {entry[4][0] for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)} if host else set()
        public = found and all(ipaddress.ip_address(one.split("%")[0]).is_global for one in found)
    except (OSError, ValueError):
        return f"{name}: the web address {shown_value(address)} cannot be found."
    return "" if public else f"{name}: {shown_value(address)} is no public web address."


def shown_value(value: object) -> str:
    """A wrong value as it was sent, cut where it is long."""
    text = ascii(value) if not isinstance(value, int) or isinstance(value, bool) or abs(value) < 10**12 else "a number"
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}…"


def validation_errors(problems: Sequence[InvalidField]) -> list[dict]:
    """Problems as gradio_client reads them in an answer with status 422."""
    return [
        {"__type__": "validate", "is_valid": False, "parameter_name": problem.field, "message": problem.sentence}
        for problem in problems
    ]

"""What the measurements of a running page share: its process, an upload, a rating, its memory."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import psutil

PATIENCE_S = 600
EVERY_S = 0.1


def server_process() -> psutil.Process:
    """The page that `running_app` has started."""
    return next(child for child in psutil.Process().children() if "app.py" in child.cmdline()[1:2])


def memory_mb(server: psutil.Process) -> float:
    """Of the server with its decoding processes: PSS, so that shared pages count once."""
    total = 0
    for process in (server, *server.children(recursive=True)):
        try:
            total += process.memory_full_info().pss
        except psutil.NoSuchProcess:
            continue
    return total / 2**20


def health(address: str) -> dict:
    return httpx.get(f"{address}/health", timeout=PATIENCE_S).json()


def wait_until(holds: Callable[[], object], seconds: float = PATIENCE_S) -> float:
    """Seconds until that was so, infinity when it was not in time."""
    began = time.monotonic()
    while not holds():
        if time.monotonic() - began > seconds:
            return float("inf")
        time.sleep(EVERY_S)
    return time.monotonic() - began


def ready(address: str) -> bool:
    return httpx.get(f"{address}/ready", timeout=PATIENCE_S).status_code == 200


def idle(address: str) -> bool:
    said = health(address)
    return not said["waiting"] + said["decoding"] + said["rating"]


def upload(address: str, path: Path, name: str = "") -> dict:
    """The uploaded file as the endpoints take it. Raises ValueError with what the page says instead."""
    with open(path, "rb") as file:
        form = {"files": (name or path.name, file)}
        sent = httpx.post(f"{address}/gradio_api/upload", files=form, timeout=PATIENCE_S)
    if sent.status_code != 200:
        raise ValueError(f"{sent.status_code}: {sent.text}")
    return {"path": sent.json()[0], "meta": {"_type": "gradio.FileData"}}


def ask(address: str, file: dict, rollouts: int = 0, visitor: str = "") -> str:
    """Ask for a rating; the name under which its answer can be fetched. `visitor` is an address to come from."""
    headers = {"X-Forwarded-For": visitor} if visitor else {}
    asked = httpx.post(
        f"{address}/gradio_api/call/rate", json={"data": [file, rollouts]}, headers=headers, timeout=PATIENCE_S
    )
    if asked.status_code != 200:
        raise ValueError(f"{asked.status_code}: {asked.text}")
    return asked.json()["event_id"]


def answer(address: str, event: str) -> dict:
    """What was said, {"error": sentence} where there is no rating."""
    said = httpx.get(f"{address}/gradio_api/call/rate/{event}", timeout=PATIENCE_S).text
    content = json.loads(said.rsplit("data: ", 1)[-1])
    return content[0] if "event: complete" in said else content

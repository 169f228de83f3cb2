"""Who asks, and whether they still listen: what a request tells of its sender."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass

import gradio as gr
from gradio.context import LocalContext


@dataclass(frozen=True)
class Visitor:
    """A session of the page or of a program, and the address that it comes from, "" where that is not known.

    `here` says whether anybody still waits for the answer.
    """

    session: str = ""
    address: str = ""
    here: Callable[[], bool] = lambda: True


def visitor_of(request: gr.Request | None) -> Visitor:
    """The sender of the request that is being answered, nobody known where there is none.

    On a Space every request comes from a proxy, so the address tells nothing unless uvicorn is told to believe what the
    proxy says of it (FORWARDED_ALLOW_IPS).
    """
    behind_proxy = os.environ.get("SPACE_ID") and not os.environ.get("FORWARDED_ALLOW_IPS")
    client = getattr(request, "client", None)
    address = "" if behind_proxy or client is None else client.host
    session = getattr(request, "session_hash", None) or running_event() or ""
    return Visitor(session, address, listener())


def running_event() -> str | None:
    return LocalContext.event_id.get(None)


def listener() -> Callable[[], bool]:
    """Whether the connection on which the running event's answer is awaited is still open.

    Gradio marks the event of a closed one, and nothing tells the function that works on it. True where this cannot be
    found out.
    """
    blocks, name = LocalContext.blocks.get(None), running_event()
    jobs = getattr(getattr(blocks, "_queue", None), "active_jobs", None) or []
    events = [event for job in jobs for event in job or () if event._id == name]
    return lambda: all(event.alive for event in events)

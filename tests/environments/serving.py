"""A page that was started in an environment of its own, and asked from this one."""

from __future__ import annotations

import signal
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gradio_client import Client, handle_file

from tests.browser.app import free_port, hear_ctrl_c, wait_for

from .home import Failed, Home, environment

START_S, END_S = 600, 120
"""PyTorch with CUDA takes its time when it is imported for the first time, on a busy machine minutes."""


@contextmanager
def served(
    home: Home, *words: str, cwd: Path | None = None, port: int | None = None, **variables: str
) -> Iterator[str]:
    """The address of what the command serves; ended by Ctrl-C. Raises Failed where it does not start, or ends badly."""
    port, log = port or free_port(), home.work / "served.log"
    known = environment(home.work) | {"GRADIO_SERVER_PORT": str(port), "GRADIO_ANALYTICS_ENABLED": "False"} | variables
    with open(log, "w") as output:
        process = subprocess.Popen(
            words, cwd=cwd or home.work, env=known, stdout=output, stderr=subprocess.STDOUT, preexec_fn=hear_ctrl_c
        )
    address = f"http://127.0.0.1:{port}"
    try:
        wait_for(f"{address}/config", process, log, START_S)
        yield address
    except AssertionError as error:
        raise Failed(str(error)[-400:]) from error
    finally:
        process.send_signal(signal.SIGINT)
        ended = process.wait(END_S)
    if ended:
        raise Failed(f"it ended with {ended}: {log.read_text()[-300:]}")


def asked_page(address: str, clip: Path) -> str:
    """A rating by the endpoint, after which the page must say that it is ready; "clip: score"."""
    rating = Client(address, verbose=False).predict(handle_file(str(clip)), api_name="/rate")
    with urllib.request.urlopen(f"{address}/ready", timeout=60) as answer:
        if answer.status != 200 or not 1 <= rating["score"] <= 5:
            raise Failed(f"/ready says {answer.status}, the score is {rating['score']}")
    return f"{clip.name} {rating['score']:.2f}"

"""The app as a process of its own, as a visitor's browser meets it."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import vqathinker

PATIENCE_S = int(os.environ.get("VQATHINKER_PATIENCE_S", "60"))
"""How long anything on the page may take; more on a machine that is busy with something else."""
REPOSITORY = Path(vqathinker.__file__).parent.parent
CHROMIUM_FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --disable-dev-shm-usage "
    "--use-fake-device-for-media-stream --use-fake-ui-for-media-stream"
).split()


def chromium_options() -> dict:
    """Launch options for Playwright: the system's Chromium where there is one, else Playwright's own."""
    path = shutil.which("chromium")
    return {"args": CHROMIUM_FLAGS, **({"executable_path": path} if path else {})}


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@contextmanager
def running_app(folder: Path, end: int = signal.SIGINT, home: Path = REPOSITORY, **environment: str) -> Iterator[str]:
    """Start the app.py of `home` with its temporary files in `folder`, give its address when it answers, end it with
    Ctrl-C or another signal."""
    port, log = free_port(), folder / "app.log"
    (folder / "uploads").mkdir(parents=True)
    env = {**os.environ, "GRADIO_SERVER_PORT": str(port), "GRADIO_TEMP_DIR": str(folder / "uploads"), **environment}
    with open(log, "w") as output:
        process = subprocess.Popen(
            [sys.executable, "app.py"], cwd=home, env=env, stdout=output, stderr=subprocess.STDOUT,
            preexec_fn=hear_ctrl_c,
        )  # fmt: skip
    try:
        wait_for(f"http://127.0.0.1:{port}/config", process, log)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.send_signal(end)
        try:
            process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            raise AssertionError(f"the app did not end on signal {end}:\n{log.read_text()}") from None
    assert process.returncode == 0, log.read_text()
    # Gradio logs what it refuses by itself with a traceback; none may lead through our code.
    assert not re.search(r'File ".*/vqathinker/', log.read_text()), log.read_text()


def hear_ctrl_c() -> None:
    """A process started in the background of a shell would ignore it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def wait_for(address: str, process: subprocess.Popen, log: Path, seconds: float = max(90, PATIENCE_S)) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end and process.poll() is None:
        try:
            urllib.request.urlopen(address, timeout=5).close()
            return
        except OSError:
            time.sleep(0.2)
    raise AssertionError(f"the app did not start:\n{log.read_text()}")

"""The end of a page: the steps in time or not, the last one always, and no traceback."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import vqathinker

SCRIPT = """
import importlib.util, sys, time
from pathlib import Path
# alone, without the page, which takes seconds to import
spec = importlib.util.spec_from_file_location("stopping", sys.argv[3])
stopping = importlib.util.module_from_spec(spec)
spec.loader.exec_module(stopping)

def step():
    if sys.argv[1] == "raises":
        raise OSError("no")
    time.sleep(600 if sys.argv[1] == "hangs" else 0)

with stopping.Stop() as stop:
    print("ready", flush=True)
    stop.wait()
    stopping.end([step], Path(sys.argv[2]).unlink, seconds=1.0)
stopping.leave_at_once(0)
"""
FILE = Path(vqathinker.__file__).parent / "space" / "server" / "stopping.py"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("how", ["works", "raises", "hangs"])
def test_a_signal_ends_it_cleanly_whatever_a_step_does(tmp_path: Path, number: int, how: str):
    mark = tmp_path / "upload"
    mark.touch()
    command = [sys.executable, "-c", SCRIPT, how, str(mark), str(FILE)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "ready\n"
    start = time.monotonic()
    process.send_signal(number)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 0 and not mark.exists() and "Traceback" not in told
    assert time.monotonic() - start < (30 if how == "hangs" else 20)

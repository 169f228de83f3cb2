"""The most memory that a command and its decoding processes hold at a time."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Mapping, Sequence

import psutil

EVERY_S = 0.01
DECODER = "vqathinker.video.worker"


def peak_mb(command: Sequence[str], environment: Mapping[str, str]) -> tuple[float, float]:
    """MB (RSS) of the command together with its decoders, and of its decoders.

    Looked at from outside: what the system counts for ended children begins with the memory of their parent. A child
    that is no decoder yet still shares the memory of its parent, and is left out.
    """
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) as process:
        watched, together, decoders = psutil.Process(process.pid), 0.0, 0.0
        while process.poll() is None:
            own, theirs = _rss(watched), sum(_rss(child) for child in _decoders(watched))
            together, decoders = max(together, own + theirs), max(decoders, theirs)
            time.sleep(EVERY_S)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return together, decoders


def _decoders(process: psutil.Process) -> list[psutil.Process]:
    try:
        return [child for child in process.children() if DECODER in child.cmdline()]
    except psutil.Error:
        return []


def _rss(process: psutil.Process) -> float:
    try:
        return process.memory_info().rss / 2**20
    except psutil.Error:
        return 0.0

"""A decoding process: lines of JSON and pictures through its pipes, and its end, whatever it does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np

# -P: a file of the current folder must not pass for a module.
WORKER = (sys.executable, "-P", "-m", "vqathinker.video.worker")


class Gone(Exception):
    """The process ended, or does not speak as it should."""


class Process:
    """One process, started at once; `close` ends it and leaves nothing behind."""

    def __init__(self, command: Sequence[str] = WORKER) -> None:
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        self._process = subprocess.Popen(list(command), env=_environment(), **pipes)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def kill(self) -> None:
        self._process.kill()

    def close(self) -> None:
        self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            try:
                pipe.close()
            except OSError:
                pass
        self._process.wait()

    def say(self, **message) -> None:
        """Raises Gone."""
        try:
            self._process.stdin.write(json.dumps(message).encode() + b"\n")
            self._process.stdin.flush()
        except OSError:
            raise Gone from None

    def hear(self) -> dict:
        """Raises Gone."""
        line = self._process.stdout.readline()
        if not line.endswith(b"\n"):
            raise Gone
        try:
            return json.loads(line)
        except ValueError:
            raise Gone from None

    def fill(self, picture: np.ndarray) -> None:
        """Read as many bytes as a contiguous array has. Raises Gone."""
        view = memoryview(picture).cast("B")
        while view:
            count = self._process.stdout.readinto(view)
            if not count:
                raise Gone
            view = view[count:]


class Crew:
    """Decoding processes that go on with the next file. Use it as a context manager; threads may share it.

    threads: of one decoder; one where as many files are decoded at a time as there are processors.
    keep_s: seconds after which a process that nobody took is ended; None keeps it until the crew is closed.
    """

    FILES = 50
    """After so many files a process is replaced, as decoders keep some memory."""

    def __init__(self, threads: int = 2, keep_s: float | None = None) -> None:
        self.threads, self.keep_s = threads, keep_s
        self._idle: list[tuple[Process, int]] = []
        self._lock, self._closed = threading.Lock(), False

    def take(self) -> tuple[Process, int]:
        """A process, and how many files it has read."""
        while True:
            with self._lock:
                if not self._idle:
                    break
                process, files = self._idle.pop()
            if process.alive:
                return process, files
            process.close()
        return Process(), 0

    def give(self, process: Process, files: int) -> None:
        """Back for the next file, or to its end."""
        with self._lock:
            if not self._closed and files < self.FILES:
                self._idle.append((process, files))
                self._end_later(process, files)
                return
        process.close()

    def _end_later(self, process: Process, files: int) -> None:
        if self.keep_s is None:
            return
        timer = threading.Timer(self.keep_s, self._end_idle, (process, files))
        timer.daemon = True
        timer.start()

    def _end_idle(self, process: Process, files: int) -> None:
        """Unless it was taken meanwhile, for which its number of files tells."""
        with self._lock:
            if (process, files) not in self._idle:
                return
            self._idle.remove((process, files))
        process.close()

    def __enter__(self) -> Crew:
        return self

    def __exit__(self, *exc_info) -> None:
        self.close()

    def close(self) -> None:
        """End the idle processes; the others end when they are given back."""
        with self._lock:
            idle, self._idle, self._closed = self._idle, [], True
        for process, _ in idle:
            process.close()


def _environment() -> dict[str, str]:
    """The worker finds this very package, its numpy starts no thread pool, its threads share their free memory."""
    root = str(Path(__file__).resolve().parents[2])
    paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    small = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "1"}
    return {**os.environ, **small, "PYTHONPATH": os.pathsep.join(paths)}

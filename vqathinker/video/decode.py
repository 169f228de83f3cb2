"""Starts a decoding process, speaks with it, and ends it, whatever it does."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

import vqathinker
from vqathinker.errors import VideoError
from vqathinker.video.spec import Limits, VideoInfo

LOOK_EVERY_S = 0.1
# -P: a file of the current folder must not pass for a module.
WORKER = (sys.executable, "-P", "-m", "vqathinker.video.worker")


class DecodeTimeout(VideoError):
    """Decoding took longer than allowed and was stopped."""


class DecodeCancelled(VideoError):
    """Decoding was stopped because nobody waits for it any more."""


class DecoderCrash(VideoError):
    """The decoding process ended without an answer."""


class Decoding:
    """One file in one process: `info`, then at most one `read`. Use it as a context manager.

    path: a file that the guard has let through, as `kind` "video" or "image".
    command: the process to start (tests put a stub in its place).
    cancel: an event that ends the process when it is set.
    """

    def __init__(
        self,
        path: str | os.PathLike,
        kind: str,
        limits: Limits,
        timeout_s: float,
        decoder: str = "auto",
        command: Sequence[str] = WORKER,
        cancel: threading.Event | None = None,
    ) -> None:
        self.name, self.timeout_s, self._late = Path(path).name, timeout_s, False
        self._cancel, self._done = cancel or threading.Event(), threading.Event()
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        self._process = subprocess.Popen(list(command), env=_environment(), **pipes)
        threading.Thread(target=self._watch, daemon=True).start()
        try:
            self._say(
                path=os.path.abspath(path),
                kind=kind,
                limits=dataclasses.asdict(limits),
                decoder=decoder,
                timeout_s=timeout_s,
            )
            self.info = VideoInfo(**self._hear()["info"])
        except BaseException:
            self.close()
            raise

    def read(
        self,
        frames: np.ndarray,
        frame_rows: dict[int, int],
        lumas: np.ndarray,
        luma_rows: dict[int, int],
        times: list[int],
    ) -> tuple[list[float], str]:
        """Fill frames[row] (H, W, 3) and lumas[row] (S, S) for each {index: row}; (times in s, decoder)."""
        self._say(frames=sorted(frame_rows), lumas=sorted(luma_rows), size=lumas.shape[-1], times=times)
        targets = {"frame": (frames, frame_rows), "luma": (lumas, luma_rows)}
        missing = {(kind, i) for kind, (_, rows) in targets.items() for i in rows}
        while "times" not in (message := self._hear()):
            [(kind, i)] = message.items()
            array, rows = targets[kind]
            self._fill(array[rows[i]])
            missing.discard((kind, i))
        if missing:
            raise DecoderCrash(f"The video decoder left out frames of {self.name}.")
        return message["times"], message["decoder"]

    def __enter__(self) -> Decoding:
        return self

    def __exit__(self, *exc_info) -> None:
        self.close()

    def close(self) -> None:
        """End the process if it still runs, and leave nothing of it behind."""
        self._done.set()
        self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            try:
                pipe.close()
            except OSError:
                pass
        self._process.wait()

    def _watch(self) -> None:
        """End the process when its time is over or it is cancelled."""
        end = time.monotonic() + self.timeout_s
        while not self._done.wait(min(LOOK_EVERY_S, self.timeout_s)):
            self._late = time.monotonic() >= end
            if self._late or self._cancel.is_set():
                self._process.kill()
                return

    def _say(self, **message) -> None:
        try:
            self._process.stdin.write(json.dumps(message).encode() + b"\n")
            self._process.stdin.flush()
        except OSError:
            raise self._gone() from None

    def _hear(self) -> dict:
        line = self._process.stdout.readline()
        if not line.endswith(b"\n"):
            raise self._gone()
        try:
            message = json.loads(line)
        except ValueError:
            raise self._gone() from None
        if "error" in message:
            raise VideoError(message["error"])
        return message

    def _fill(self, picture: np.ndarray) -> None:
        view = memoryview(picture).cast("B")
        while view:
            count = self._process.stdout.readinto(view)
            if not count:
                raise self._gone()
            view = view[count:]

    def _gone(self) -> VideoError:
        if self._cancel.is_set():
            return DecodeCancelled(f"Decoding {self.name} was cancelled.")
        if self._late:
            return DecodeTimeout(f"{self.name} took longer than {self.timeout_s:g} s to decode and was stopped.")
        return DecoderCrash(f"The video decoder crashed on {self.name}; the file is probably damaged.")


def _environment() -> dict[str, str]:
    """The worker finds this very package, and its numpy starts no thread pool."""
    root = str(Path(vqathinker.__file__).resolve().parent.parent)
    paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    one_thread = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    return {**os.environ, **one_thread, "PYTHONPATH": os.pathsep.join(paths)}

"""Asks a decoding process for one file, within a time."""

from __future__ import annotations

import dataclasses
import os
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from vqathinker.errors import VideoError
from vqathinker.video.process import WORKER, Crew, Gone, Process
from vqathinker.video.shots import Look
from vqathinker.video.spec import Limits, VideoInfo

DECODER_THREADS = 2
CANCEL_CHECK_S = 0.1
FilmFrame = tuple[str, int, np.ndarray]


class DecodeTimeout(VideoError):
    """Decoding took longer than allowed and was stopped."""


class DecodeCancelled(VideoError):
    """Decoding was stopped because nobody waits for it any more."""


class DecoderCrash(VideoError):
    """The decoding process ended without an answer."""


class Decoding:
    """One file in one process: `info`, then any number of `read`s. Use it as a context manager.

    path: a file that the guard has let through, as `kind` "video" or "image".
    command: the process to start (tests put a stub in its place); with a `crew`, one of its processes does it.
    cancel: an event that ends the process when it is set.
    notes: what was done to the file, in words; complete after the last `read`.
    looks: of frames that were squashed, whether they show anything, as far as only the whole picture tells.
    broken_s: after a `film` that broke before its end, the seconds up to which it was shown.
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
        *,
        protocol: str = "default",
        crew: Crew | None = None,
    ) -> None:
        self.name, self.timeout_s, self._late = Path(path).name, timeout_s, False
        self.notes: tuple[str, ...] = ()
        self.looks: dict[int, Look] = {}
        self.broken_s: float | None = None
        self._end = time.monotonic() + timeout_s
        self._cancel, self._done = cancel or threading.Event(), threading.Event()
        self._crew = crew
        self._process, self._files = (Process(command), 0) if crew is None else crew.take()
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        self._watcher.start()
        question = {
            "path": os.path.abspath(path),
            "kind": kind,
            "limits": dataclasses.asdict(limits),
            "decoder": decoder,
            "timeout_s": timeout_s,
            "protocol": protocol,
            "threads": crew.threads if crew else DECODER_THREADS,
        }
        try:
            self.info = VideoInfo(**self._ask(question)["info"])
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
        """Fill frames[row] (H, W, 3) and lumas[row] (S, S) for each {index: row}; (times in s, decoder). Where H and W
        are not those of the film but equal, frames are squashed to them."""
        height, width = frames.shape[1:3]
        squashed = {} if (height, width) == (self.info.height, self.info.width) else {"squash": width}
        wanted = {"frames": sorted(frame_rows), "lumas": sorted(luma_rows)}
        self._say(**wanted, size=lumas.shape[-1], times=times, **squashed)
        targets = {"frame": (frames, frame_rows), "luma": (lumas, luma_rows)}
        missing = {(kind, i) for kind, (_, rows) in targets.items() for i in rows}
        while "times" not in (message := self._hear()):
            kind = "frame" if "frame" in message else "luma"
            i = message[kind]
            if "look" in message:
                self.looks[i] = Look(*message["look"])
            array, rows = targets[kind]
            self._fill(array[rows[i]])
            missing.discard((kind, i))
        if missing:
            raise DecoderCrash(f"The video decoder left out frames of {self.name}.")
        self.notes = tuple(message.get("notes", ()))
        return message["times"], message["decoder"]

    def film(self, frames: Sequence[int], lumas: Sequence[int], side: int, size: int) -> Iterator[FilmFrame]:
        """("frame", i, (side, side, 3)) and ("luma", i, (size, size)), uint8 and squashed, in their order: a frame
        before the luma of the same number. A file that breaks is shown up to there, and no error; see `broken_s`.

        `timeout_s` is for each picture, and does not run while the caller is busy with it.
        """
        self._say(frames=list(frames), lumas=list(lumas), size=size, side=side, times=[])
        shapes = {"frame": (side, side, 3), "luma": (size, size)}
        while True:
            self._end = time.monotonic() + self.timeout_s
            message = self._hear()
            if "times" in message:
                break
            [(kind, i)] = message.items()
            picture = np.empty(shapes[kind], np.uint8)
            self._fill(picture)
            self._end = float("inf")
            yield kind, i, picture
        self.notes, self.broken_s = tuple(message["notes"]), message["broken_s"]

    def __enter__(self) -> Decoding:
        return self

    def __exit__(self, kind, *exc_info) -> None:
        self.close(well=kind is None)

    def close(self, well: bool = False) -> None:
        """Let the process go on with another file when all went well, else end it and leave nothing behind."""
        self._done.set()
        self._watcher.join()  # it must not end a process that goes on with another file
        if self._crew is not None and well and not self._late and not self._cancel.is_set():
            self._crew.give(self._process, self._files + 1)
        else:
            self._process.close()

    def _watch(self) -> None:
        """End the process when its time is over or it is cancelled."""
        while not self._done.wait(min(CANCEL_CHECK_S, self.timeout_s)):
            self._late = time.monotonic() >= self._end
            if self._late or self._cancel.is_set():
                self._process.kill()
                return

    def _ask(self, question: dict) -> dict:
        """The first answer about the file. Where a process that has read other files ends instead, a fresh one is asked
        once: the reason may lie in its past, and nobody shall be told that this file is damaged."""
        try:
            self._say(**question)
            return self._hear()
        except DecoderCrash:
            if not self._files:
                raise
        self._process.close()
        self._process, self._files = Process(), 0
        if self._late:  # the watcher may have ended the process before this one, and looks no more
            raise self._gone()
        self._say(**question)
        return self._hear()

    def _say(self, **message) -> None:
        try:
            self._process.say(**message)
        except Gone:
            raise self._gone() from None

    def _hear(self) -> dict:
        if self._cancel.is_set():  # what was sent before may still lie there
            raise self._gone()
        try:
            message = self._process.hear()
        except Gone:
            raise self._gone() from None
        if "error" in message:
            raise VideoError(message["error"])
        return message

    def _fill(self, picture: np.ndarray) -> None:
        try:
            self._process.fill(picture)
        except Gone:
            raise self._gone() from None

    def _gone(self) -> VideoError:
        if self._cancel.is_set():
            return DecodeCancelled(f"Decoding {self.name} was cancelled.")
        if self._late:
            return DecodeTimeout(f"{self.name} took longer than {self.timeout_s:g} s to decode and was stopped.")
        return DecoderCrash(f"The video decoder crashed on {self.name}; the file is probably damaged.")

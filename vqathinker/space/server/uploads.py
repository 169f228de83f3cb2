"""Where a running page keeps what visitors upload: a folder of its own, swept by age, gone with the page."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

PREFIX, FOLDER_LOCK = "vqathinker-", ".lock"
SWEEP_EVERY_S, ABORTED_S, SOON_S = 60, 60, 3
RESERVE = 64 * 2**20
"""Bytes of the disk that no upload may take."""


class Uploads:
    """A folder that only this process uses; its lock tells others that somebody does.

    keep_s: the age at which a file is deleted, counted from when it was last written.
    """

    def __init__(self, keep_s: float, parent: Path | None = None):
        self.keep_s = keep_s
        above = parent or Path(os.environ.get("GRADIO_TEMP_DIR") or tempfile.gettempdir())
        above.mkdir(parents=True, exist_ok=True)
        remove_orphans(above)
        self.folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=above)).resolve()
        self._lock = open(self.folder / FOLDER_LOCK, "w")  # noqa: SIM115 held as long as this process lives
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        self._closed = threading.Event()

    def sweep(self, aborted_s: float = ABORTED_S) -> int:
        """Delete files that are too old, and what uploads that broke off have left; how many there were.

        An upload is written beside the folders of finished ones: what lies there, is not open, and has not been written
        to for `aborted_s`, belongs to none.
        """
        now, being_written = time.time(), open_files()
        old = [
            path
            for path in files(self.folder)
            if modified_at(path) < now - self.keep_s
            or (path.parent == self.folder and path not in being_written and modified_at(path) < now - aborted_s)
        ]
        for path in old:
            path.unlink(missing_ok=True)
            with contextlib.suppress(OSError):  # it holds more, or is the folder of all
                if path.parent != self.folder:
                    path.parent.rmdir()
        return len(old)

    def keep_swept(self, also: Callable[[], object] = lambda: None) -> None:
        """Sweep from time to time, in the background, and call `also`."""

        def work() -> None:
            while not self._closed.wait(min(SWEEP_EVERY_S, self.keep_s / 4)):
                self.sweep()
                also()

        threading.Thread(target=work, name="sweep", daemon=True).start()

    def sweep_soon(self) -> None:
        """Delete what an upload that failed just now has left, when it has let go of it."""
        timer = threading.Timer(SOON_S, self.sweep, [SOON_S - 1])
        timer.daemon = True
        timer.start()

    def room_for(self, size: int) -> bool:
        """Whether `size` bytes more fit on the disk."""
        self.folder.mkdir(exist_ok=True)
        return shutil.disk_usage(self.folder).free - RESERVE >= size

    def bytes(self) -> int:
        return sum(size_of(path) for path in files(self.folder))

    def close(self) -> None:
        """Delete everything."""
        self._closed.set()
        shutil.rmtree(self.folder, ignore_errors=True)
        self._lock.close()


def files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.name != FOLDER_LOCK and path.is_file())


def open_files() -> set[Path]:
    """The files that this process has open, none where the system does not tell."""
    found = set()
    for link in Path("/proc/self/fd").glob("*"):
        with contextlib.suppress(OSError):
            found.add(link.readlink())
    return found


def modified_at(path: Path) -> float:
    """When a file was last written; what has just gone counts as new."""
    try:
        return path.stat().st_mtime
    except OSError:
        return float("inf")


def size_of(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def remove_orphans(above: Path) -> None:
    """Delete the folders of pages that were killed: their locks are free. Those of others stay."""
    for folder in above.glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError), open(folder / FOLDER_LOCK, "r+") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)

"""The folder of uploads: one a process, swept by age, broken uploads first, gone at the end or at the next start."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from vqathinker.space.server.uploads import Uploads

HOLD = """
import sys, time
from pathlib import Path
from vqathinker.space.server.uploads import Uploads
uploads = Uploads(60, Path(sys.argv[1]))
(uploads.folder / "video.mp4").write_bytes(b"x")
print(uploads.folder, flush=True)
time.sleep(600)
"""


def aged(path: Path, seconds: float) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"x" * 10)
    os.utime(path, (time.time() - seconds,) * 2)
    return path


def test_what_is_too_old_goes_with_its_folder_and_what_is_not_stays(tmp_path: Path):
    uploads = Uploads(3600, tmp_path)
    old, new = aged(uploads.folder / "a" / "old.mp4", 3700), aged(uploads.folder / "b" / "new.mp4", 3500)
    assert uploads.sweep() == 1 and not old.parent.exists() and new.exists()
    assert uploads.bytes() == 10
    uploads.close()
    assert list(tmp_path.iterdir()) == []


def test_a_broken_upload_goes_soon_but_not_one_that_is_being_written(tmp_path: Path):
    uploads = Uploads(3600, tmp_path)
    broken, fresh = aged(uploads.folder / "tmpa", 100), aged(uploads.folder / "tmpb", 10)
    slow = aged(uploads.folder / "tmpc", 100)
    with open(slow, "ab"):
        assert uploads.sweep() == 1
    assert not broken.exists() and fresh.exists() and slow.exists()
    assert uploads.sweep() == 1 and not slow.exists()


def test_each_process_has_a_folder_of_its_own_and_that_of_a_killed_one_goes_at_the_next_start(tmp_path: Path):
    def start() -> tuple[subprocess.Popen, Path]:
        process = subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True)
        return process, Path(process.stdout.readline().strip())

    killed, orphan = start()
    alive, theirs = start()
    assert orphan.exists() and theirs.exists() and orphan != theirs
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    mine = Uploads(60, tmp_path)
    assert not orphan.exists() and (theirs / "video.mp4").exists() and mine.folder.exists()
    alive.kill()
    alive.wait()


def test_a_folder_above_that_belongs_to_somebody_else_is_no_problem(tmp_path: Path):
    """Of two users on a machine, the second cannot write into the first one's folder in /tmp."""
    foreign = tmp_path / "vqathinker-foreign"
    foreign.mkdir(mode=0o500)
    (foreign / "video.mp4").touch() if os.geteuid() == 0 else None
    uploads = Uploads(60, tmp_path)
    assert uploads.folder != foreign and foreign.exists()


def test_room_is_what_the_disk_has_less_a_reserve(tmp_path: Path):
    uploads = Uploads(60, tmp_path)
    assert uploads.room_for(1) and not uploads.room_for(2**60)


@pytest.mark.parametrize("seconds", [0.4])
def test_it_is_swept_by_itself(tmp_path: Path, seconds: float):
    uploads, called = Uploads(seconds, tmp_path), []
    path = aged(uploads.folder / "a" / "old.mp4", 10)
    uploads.keep_swept(lambda: called.append(True))
    end = time.monotonic() + 20
    while (path.exists() or not called) and time.monotonic() < end:
        time.sleep(0.02)
    assert not path.exists() and called
    uploads.close()

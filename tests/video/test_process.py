"""The decoding process may hang, abort or babble: the caller gets a sentence, and nothing is left behind."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import vqathinker
from tests import clips
from vqathinker.errors import VideoError
from vqathinker.video import DecoderCrash, DecodeTimeout, Limits, VideoSpec, load_clip, probe
from vqathinker.video.decode import Decoding
from vqathinker.video.load import _load
from vqathinker.video.process import WORKER

INFO = '{"info": {"width": 160, "height": 120, "fps": 25, "num_frames": 9, "duration_s": 1, "is_still": false}}'
HANG = "import time; time.sleep(60)"
STUBS = {
    "aborts": "import os; os.abort()",
    "exits": "",
    "is killed": "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
    "babbles": "print('[mov] a warning')",
    "dies in a frame": f"print('{INFO}'); print('{{\"frame\": 0}}'); print('too few bytes')",
    "leaves frames out": f'print(\'{INFO}\'); print(\'{{"times": [], "decoder": "stub"}}\')',
}


def run(path: Path, stub: str, timeout_s: float = 20.0):
    return _load(path, VideoSpec(), Limits(), timeout_s, command=(sys.executable, "-c", stub))


@pytest.fixture
def left_behind():
    """Fails the test when a child process, an open file or a thread outlives it."""

    def state() -> tuple[set[str], int, int]:
        gc.collect()
        children = Path(f"/proc/{os.getpid()}/task").glob("*/children")
        pids = {pid for part in children for pid in part.read_text().split()}
        return pids, len(os.listdir("/proc/self/fd")), threading.active_count()

    def more() -> tuple[set[str], bool, bool]:
        """Than before; what an earlier test left may have ended meanwhile."""
        pids, files, threads = state()
        return pids - before[0], files > before[1], threads > before[2]

    if not Path("/proc/self/task").is_dir():
        pytest.skip("needs /proc")
    before = state()
    yield
    deadline = time.monotonic() + 2  # a cancelled timer needs a moment to end its thread
    while any(more()) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not any(more())


@pytest.mark.usefixtures("left_behind")
class TestNothingIsLeft:
    def test_after_a_clip(self, clip):
        load_clip(clip("plain.mp4"))
        probe(clip("plain.mp4"))

    def test_after_a_bad_file(self, clip):
        with pytest.raises(VideoError):
            load_clip(clip("damaged.mp4"))

    def test_after_a_timeline_that_does_not_fit(self, clip):
        with pytest.raises(ValueError):
            load_clip(clip("plain.mp4"), timeline=[0])

    @pytest.mark.parametrize("stub", STUBS)
    def test_after_a_decoder_that(self, clip, stub):
        with pytest.raises(DecoderCrash, match="decoder .* plain.mp4"):
            run(clip("plain.mp4"), STUBS[stub])

    @pytest.mark.parametrize("greeting", ["", f"print('{INFO}', flush=True);"])
    def test_after_a_decoder_that_hangs(self, clip, greeting):
        start = time.monotonic()
        with pytest.raises(DecodeTimeout, match="plain.mp4 took longer than 0.5 s"):
            run(clip("plain.mp4"), greeting + HANG, timeout_s=0.5)
        assert time.monotonic() - start < 5

    def test_after_a_decoder_that_cannot_be_asked_to_end(self, clip):
        stub = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {HANG}"
        with pytest.raises(DecodeTimeout):
            run(clip("plain.mp4"), stub, timeout_s=0.5)


def test_the_next_request_is_not_disturbed(clip):
    with pytest.raises(DecodeTimeout):
        run(clip("plain.mp4"), HANG, timeout_s=0.3)
    assert load_clip(clip("plain.mp4")).info.num_frames == 20


def test_pyav_takes_over_when_decord_takes_its_process_down(clip):
    real = repr(list(WORKER))
    stub = (
        "import os, sys, json\n"
        "line = os.read(0, 100000)\n"
        "if json.loads(line)['decoder'] != 'pyav': os.abort()\n"
        "import subprocess\n"
        f"worker = subprocess.Popen({real}, stdin=subprocess.PIPE)\n"
        "worker.stdin.write(line)\n"
        "worker.stdin.flush()\n"
        "worker.stdin.write(os.read(0, 100000))\n"
        "worker.stdin.close()\n"
        "worker.wait()\n"
    )
    read = run(clip("plain.mp4"), stub)
    assert read.decoder == "pyav"
    assert [clips.frame_number(frame) for frame in read.frames] == list(read.indices)


def test_several_threads_read_at_once(clip):
    names = ["plain.mp4", "vp9.webm", "turned_90.mov"] * 2
    alone = {name: load_clip(clip(name)) for name in set(names)}
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda name: load_clip(clip(name)), names))
    for name, read in zip(names, together, strict=True):
        assert np.array_equal(read.frames, alone[name].frames)
        assert np.array_equal(read.bursts, alone[name].bursts)


def test_what_is_printed_does_not_get_between_the_frames(clip):
    """The real worker, in a process that prints through C's stdout, too, before each frame is sent."""
    noisy = (
        "import os, json\n"
        "from vqathinker.video import worker\n"
        "dumps = json.dumps\n"
        "def loud(*a):\n"
        "    os.write(1, b'[h264 @ 0x0] a warning\\n'); print('noise', flush=True)\n"
        "    return dumps(*a)\n"
        "json.dumps = loud\n"
        "worker.main()\n"
    )
    read = run(clip("plain.mp4"), noisy)
    assert [clips.frame_number(frame) for frame in read.frames] == list(read.indices)


def test_the_worker_ends_with_its_parent(clip):
    script = (
        "import sys, time\n"
        "from vqathinker.video import Limits\n"
        "from vqathinker.video.decode import Decoding\n"
        "decoding = Decoding(sys.argv[1], 'video', Limits(), 60.0)\n"
        "print(decoding._process.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    root = str(Path(vqathinker.__file__).parent.parent)
    command = [sys.executable, "-c", script, str(clip("plain.mp4"))]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": root}) as parent:
        worker = int(parent.stdout.readline())
        parent.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 10
    while _alive(worker) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _alive(worker)


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_the_worker_imports_nothing_heavy():
    code = "import sys, vqathinker.video.worker as w; print(*sorted(m.split('.')[0] for m in sys.modules))"
    root = str(Path(vqathinker.__file__).parent.parent)
    out = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": root}, capture_output=True, check=True
    )
    assert not {"torch", "transformers", "gradio", "decord"} & set(out.stdout.decode().split())


@pytest.fixture(scope="module")
def long_and_short(tmp_path_factory) -> tuple[Path, Path]:
    """40 and 8,000 frames of a static picture with a key frame every 20."""
    folder, picture = tmp_path_factory.mktemp("long"), clips.numbered_frames(1)
    made = []
    for count in (40, 8000):
        loop = ("-vf", f"loop={count - 1}:1:0,setpts=N/25/TB", "-g", "20")
        made.append(clips.encode(folder / f"{count}.mp4", picture, *loop))
    return tuple(made)


def test_the_cost_does_not_grow_with_the_length(long_and_short):
    """In processor time, as a busy machine does not change that; decoding all 8,000 frames takes seconds."""

    def cost(path: Path) -> float:
        before = os.times()
        with Decoding(path, "video", Limits(), 60.0) as decoding:
            n = decoding.info.num_frames
            frames, lumas = np.empty((3, 120, 160, 3), np.uint8), np.empty((3, 96, 96), np.uint8)
            rows = {n // 5: 0, n // 2: 1, n - 1: 2}
            decoding.read(frames, rows, lumas, rows, list(rows))
        after = os.times()
        return after.children_user + after.children_system - before.children_user - before.children_system

    short, long = (min(cost(path) for _ in range(2)) for path in long_and_short)
    assert long < 2 * short

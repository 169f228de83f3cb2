"""The process that decodes: python -m vqathinker.video.worker, spoken to by `decode.py`.

A message is one line of JSON; after a "frame" or "luma" message come its bytes. A file, any number of plans for it,
then the next file, until the input ends or something goes wrong:

    in   {"path", "kind", "limits", "decoder", "timeout_s", "protocol", "threads"}
    out  {"info": {...}} or {"error": sentence}
    in   {"frames": [indices], "lumas": [indices], "size": S, "times": [indices], "squash": side}
    out  {"frame": i} + bytes, {"luma": i} + bytes, …, {"times": [s], "decoder": name, "notes": [...]} or {"error": …}

With "squash", which may be left out, frames are squashed to side x side, and {"frame": i} has a "look", too.
A plan with a "side" is for a whole film: in order, frames squashed to side x side; its end has "broken_s", too.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
from contextlib import nullcontext
from threading import Lock

import numpy as np

from vqathinker.errors import VideoError
from vqathinker.heap import give_back
from vqathinker.video.spec import Limits


class _Video:
    broken_s = None

    def __init__(self, request: dict, limits: Limits) -> None:
        from vqathinker.video.index import make_index

        self.path, self.decoder, self.threads = request["path"], request["decoder"], request["threads"]
        self.index = make_index(self.path, limits, request["protocol"])
        self.notes = list(self.index.notes)

    def info(self) -> dict:
        index, (width, height) = self.index, self.index.upright
        return {
            "width": width,
            "height": height,
            "fps": index.fps,
            "num_frames": index.num_frames,
            "duration_s": index.duration_s,
            "is_still": False,
        }

    def times(self, indices: list[int]) -> list[float]:
        return [float(self.index.times[i]) for i in indices]

    def decode(self, plan: dict, send) -> str:
        """Send every planned picture; the name of the decoder that did it."""
        frames, lumas, size = set(plan["frames"]), set(plan["lumas"]), plan["size"]
        wanted = sorted(frames | lumas)
        if not wanted:
            return ""
        if "side" not in plan and self._use_decord(bool(lumas)):
            from vqathinker.video.decode_decord import decode_decord

            def from_array(i: int, rgb: np.ndarray) -> None:
                if i in frames:
                    send("frame", i, rgb)
                if i in lumas:
                    from vqathinker.video.still import small_luma

                    send("luma", i, small_luma(rgb, size))

            try:
                decode_decord(self.path, self.index, wanted, from_array)
                return "decord"
            except Exception:
                pass  # whatever decord cannot do, PyAV is asked to do
        from vqathinker.video.aside import aside
        from vqathinker.video.decode_film import decode_film
        from vqathinker.video.decode_pyav import decode_pyav, to_luma, to_rgb

        def from_av(i: int, frame) -> None:
            if i in frames:
                send("frame", i, to_rgb(frame, self.index))
            if i in lumas:
                send("luma", i, to_luma(frame, self.index, size))

        if "side" in plan:
            self.broken_s = decode_film(self.path, self.index, wanted, from_av, self.threads)
        else:
            with aside(from_av) if self.threads > 1 else nullcontext(from_av) as emit:
                decode_pyav(self.path, self.index, wanted, emit, self.threads)
        return "pyav"

    def _use_decord(self, dense: bool) -> bool:
        """decord reads single frames. Bursts go to PyAV: decord makes full-size RGB of each of their frames,
        and cannot skip what no wanted frame needs. The frames of the two are equal, bit for bit.
        """
        from vqathinker.video.decode_decord import unfit

        if self.decoder != "auto":
            return self.decoder == "decord"
        return not dense and not unfit(self.index)


def _open(request: dict, limits: Limits):
    if request["kind"] != "image":
        return _Video(request, limits)
    from vqathinker.video.animation import is_animated
    from vqathinker.video.pictures import AnimationReader, StillReader

    moves = request["protocol"] == "default" and is_animated(request["path"], limits)
    return (AnimationReader if moves else StillReader)(request, limits)


def _limit_memory(memory: int) -> None:
    """Fail rather than take all memory."""
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    except (ImportError, ValueError, OSError):
        pass


def _limit_time(seconds: float | None) -> None:
    """End on our own if the parent is gone and cannot end us; None: whoever is waited for may take any time."""
    if hasattr(signal, "alarm"):
        signal.alarm(0 if seconds is None else int(seconds) + 5)


def _serve(source, out) -> None:
    lock = Lock()

    def say(message: dict) -> None:
        out.write(json.dumps(message).encode() + b"\n")
        out.flush()

    def send(kind: str, i: int, picture: np.ndarray, **told) -> None:
        data = memoryview(np.ascontiguousarray(picture)).cast("B")
        with lock:
            out.write(json.dumps({kind: i, **told}).encode() + b"\n")
            out.write(data)

    def send_squashed(side: int):
        from vqathinker.video.shots import look_at
        from vqathinker.video.still import squash

        def send_on(kind: str, i: int, picture: np.ndarray) -> None:
            if kind == "luma":
                return send(kind, i, picture)
            send(kind, i, squash(picture, side), look=look_at(picture))

        return send_on

    def send_film(plan: dict, seconds: float):
        """As `send`, frames squashed; whoever reads may take his time, a picture may not. A terminal sends Ctrl-C to
        this process, too: of a film what was shown is kept, so the reader says when it ends."""
        from vqathinker.video.still import squash

        signal.signal(signal.SIGINT, signal.SIG_IGN)

        def send_on(kind: str, i: int, picture: np.ndarray) -> None:
            _limit_time(None)
            send(kind, i, squash(picture, plan["side"]) if kind == "frame" else picture)
            _limit_time(seconds)

        return send_on

    def way_of(plan: dict):
        if "side" in plan:
            return send_film(plan, seconds)
        return send_squashed(plan["squash"]) if "squash" in plan else send

    name, reader, seconds = "The file", None, 0.0
    try:
        while line := source.readline():
            message = json.loads(line)
            if "path" in message:
                name, limits = os.path.basename(message["path"]), Limits(**message["limits"])
                _limit_memory(limits.max_memory)
                _limit_time(seconds := message["timeout_s"])
                reader = _open(message, limits)
                say({"info": reader.info()})
            else:
                _limit_time(seconds)
                decoder = reader.decode(message, way_of(message))
                end = {"times": reader.times(message["times"]), "decoder": decoder, "notes": reader.notes}
                say(end | {"broken_s": reader.broken_s})
                give_back()
            _limit_time(None)  # whoever asks next may take any time; where nobody is left, the input ends
    except VideoError as error:
        say({"error": str(error)})
    except MemoryError:
        say({"error": f"{name} needs more memory than is allowed."})
    except BrokenPipeError:
        pass
    except Exception as error:
        say({"error": f"{name} is damaged: it cannot be decoded ({type(error).__name__})."})


def main() -> None:
    gc.disable()  # what is made here is not collected in circles, and looking for them takes time at every import
    # What a decoder prints must not end up between the frames: it goes to stderr, and the frames to a copy.
    out = os.fdopen(os.dup(sys.stdout.fileno()), "wb", buffering=1 << 16)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    _serve(sys.stdin.buffer, out)
    try:
        out.flush()
    finally:
        os._exit(0)  # nothing is left to tidy up, and some decoders crash when they are torn down


if __name__ == "__main__":
    main()

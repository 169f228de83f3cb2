"""The process that decodes: python -m vqathinker.video.worker, spoken to by `decode.py`.

One request, then it ends. A message is one line of JSON; after a "frame" or "luma" message come its bytes:

    in   {"path", "kind", "limits", "decoder", "timeout_s"}
    out  {"info": {...}} or {"error": sentence}
    in   {"frames": [indices], "lumas": [indices], "size": S, "times": [indices]}, or the end of the input
    out  {"frame": i} + bytes, {"luma": i} + bytes, …, {"times": [seconds], "decoder": name} or {"error": …}
"""

from __future__ import annotations

import json
import os
import signal
import sys

import numpy as np

from vqathinker.errors import VideoError
from vqathinker.video.spec import Limits


class _Video:
    def __init__(self, request: dict, limits: Limits) -> None:
        from vqathinker.video.index import make_index

        self.path, self.decoder = request["path"], request["decoder"]
        self.index = make_index(self.path, limits)

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
        from vqathinker.video import decode_decord, decode_pyav

        frames, lumas, size = set(plan["frames"]), set(plan["lumas"]), plan["size"]
        wanted = sorted(frames | lumas)

        def from_array(i: int, rgb: np.ndarray) -> None:
            if i in frames:
                send("frame", i, rgb)
            if i in lumas:
                from vqathinker.video.still import small_luma

                send("luma", i, small_luma(rgb, size))

        def from_av(i: int, frame) -> None:
            if i in frames:
                send("frame", i, decode_pyav.to_rgb(frame, self.index))
            if i in lumas:
                send("luma", i, decode_pyav.to_luma(frame, self.index, size))

        if self._use_decord(bool(lumas)):
            try:
                decode_decord.decode_decord(self.path, self.index, wanted, from_array)
                return "decord"
            except Exception:
                pass  # whatever decord cannot do, PyAV is asked to do
        decode_pyav.decode_pyav(self.path, self.index, wanted, from_av)
        return "pyav"

    def _use_decord(self, dense: bool) -> bool:
        """decord reads single frames. Bursts go to PyAV: decord makes full-size RGB of each of their frames,
        and cannot skip what no wanted frame needs. The frames of the two are equal, bit for bit.
        """
        from vqathinker.video.decode_decord import unfit

        if self.decoder != "auto":
            return self.decoder == "decord"
        return not dense and not unfit(self.index)


class _Still:
    def __init__(self, request: dict, limits: Limits) -> None:
        from vqathinker.video.still import read_image

        self.rgb = read_image(request["path"], limits)

    def info(self) -> dict:
        height, width, _ = self.rgb.shape
        size = {"width": width, "height": height}
        return {**size, "fps": 0.0, "num_frames": 1, "duration_s": 0.0, "is_still": True}

    def times(self, indices: list[int]) -> list[float]:
        return [0.0 for _ in indices]

    def decode(self, plan: dict, send) -> str:
        from vqathinker.video.still import small_luma

        for i in plan["frames"]:
            send("frame", i, self.rgb)
        for i in plan["lumas"]:
            send("luma", i, small_luma(self.rgb, plan["size"]))
        return "pillow"


def _limit_self(timeout_s: float, memory: int) -> None:
    """End on our own if the parent is gone and cannot end us, and fail rather than take all memory."""
    if hasattr(signal, "alarm"):
        signal.alarm(int(timeout_s) + 5)
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    except (ImportError, ValueError, OSError):
        pass


def _serve(source, out) -> None:
    def say(message: dict) -> None:
        out.write(json.dumps(message).encode() + b"\n")
        out.flush()

    def send(kind: str, i: int, picture: np.ndarray) -> None:
        out.write(json.dumps({kind: i}).encode() + b"\n")
        out.write(memoryview(np.ascontiguousarray(picture)).cast("B"))

    name = "The file"
    try:
        request = json.loads(source.readline())
        name, limits = os.path.basename(request["path"]), Limits(**request["limits"])
        _limit_self(request["timeout_s"], limits.max_memory)
        reader = (_Still if request["kind"] == "image" else _Video)(request, limits)
        say({"info": reader.info()})
        if line := source.readline():
            plan = json.loads(line)
            decoder = reader.decode(plan, send)
            say({"times": reader.times(plan["times"]), "decoder": decoder})
    except VideoError as error:
        say({"error": str(error)})
    except MemoryError:
        say({"error": f"{name} needs more memory than is allowed."})
    except BrokenPipeError:
        pass
    except Exception as error:
        say({"error": f"{name} is damaged: it cannot be decoded ({type(error).__name__})."})


def main() -> None:
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

"""Is the file whole? What its container says about its own length, read without a decoder."""

from __future__ import annotations

from typing import BinaryIO

from vqathinker.errors import VideoError
from vqathinker.video.spec import Limits

EBML, SEGMENT = 0x1A45DFA3, 0x18538067
GIF_END = b"\0;"
"""The empty block that ends the last picture, and the trailer."""
MP4_BOXES = {b"ftyp", b"moov", b"mdat", b"moof", b"mfra", b"sidx", b"meta", b"uuid", b"free", b"skip", b"wide"}
"""What may stand at the top level; cameras and editors append other things, which is no part of the video."""


class CutOffError(VideoError):
    """The file ends before the video does; what comes before may be whole."""


def check_intact(name: str, kind: str, file: BinaryIO, size: int, limits: Limits) -> None:
    """Raises VideoError where a file of `size` bytes is shorter than it says, or an MP4 has no index or too many boxes.

    kind: "mp4", "matroska", "avi" or "gif"; for others nothing is known, and nothing is raised.
    """
    if kind == "mp4":
        return _mp4(name, file, size, limits)
    check = {"matroska": _matroska, "avi": _avi, "gif": _gif}.get(kind)
    if check is not None:
        check(name, file, size)


def _cut(name: str) -> CutOffError:
    return CutOffError(f"{name} is cut off: the file ends before the video does.")


def _mp4(name: str, file: BinaryIO, size: int, limits: Limits) -> None:
    position, seen, count = 0, set(), 0
    while position + 8 <= size:
        count += 1
        if count > limits.max_boxes:
            raise VideoError(f"{name} consists of more than {limits.max_boxes} parts; no video does.")
        file.seek(position)
        head = file.read(16)
        length, box = int.from_bytes(head[:4], "big"), head[4:8]
        if length == 1:
            length = int.from_bytes(head[8:16], "big")
        elif length == 0:
            length = size - position
        if length < 8 or (box not in MP4_BOXES and position + length > size):
            break
        seen.add(box)
        position += length
    if position > size:
        raise _cut(name)
    if b"moov" not in seen and b"moof" in seen:
        raise VideoError(f"{name} is one segment of a stream (DASH or HLS); the part that comes first is missing.")
    if b"moov" not in seen:
        raise VideoError(f"{name} has no index (moov): its recording or download was not finished.")


def _matroska(name: str, file: BinaryIO, size: int) -> None:
    position = 0
    for expected in (EBML, SEGMENT):
        file.seek(position)
        head = file.read(12)
        if int.from_bytes(head[:4], "big") != expected:
            return
        width = 9 - head[4].bit_length() if len(head) > 4 else 9
        length = int.from_bytes(head[4 : 4 + width], "big") & ((1 << 7 * width) - 1)
        if width > 8 or length == (1 << 7 * width) - 1:  # a live recording does not know its length
            return
        position += 4 + width + length
    if position > size:
        raise _cut(name)


def _avi(name: str, file: BinaryIO, size: int) -> None:
    file.seek(4)
    if int.from_bytes(file.read(4), "little") + 8 > size:
        raise _cut(name)


def _gif(name: str, file: BinaryIO, size: int) -> None:
    file.seek(max(0, size - 64))
    if GIF_END not in file.read():
        raise _cut(name)

"""Frames by PyAV: reads everything the guard lets through, seeks, and skips what no wanted frame needs."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence

import av
import numpy as np

from vqathinker.errors import VideoError
from vqathinker.video.index import Index, open_stream

THREADS = 2
# A file may end in a few frames that its index promises and no decoder shows; more than that is damage.
LOST_AT_END = 3


class _Missed(Exception):
    """The fast way did not give every wanted frame exactly."""


def decode_pyav(path: str, index: Index, wanted: Sequence[int], emit: Callable[[int, object], None]) -> None:
    """Call emit(i, av.VideoFrame) for every index in `wanted` (sorted, unique), in any order, perhaps twice.

    Raises VideoError where the file is too damaged to show a wanted frame.
    """
    if index.seekable:
        try:
            return _decode_seeking(path, index, wanted, emit)
        except (_Missed, av.FFmpegError):
            pass
    _decode_in_order(path, index, wanted, emit)


def to_rgb(frame, index: Index) -> np.ndarray:
    """(H, W, 3) uint8, upright, scaled to the size of the first frame, as sizes may change in a file."""
    picture = frame.reformat(width=index.width, height=index.height, format="rgb24").to_ndarray()
    return np.rot90(picture, index.rotation // 90)


def to_luma(frame, index: Index, size: int) -> np.ndarray:
    """(size, size) uint8 luma, upright, squashed, averaged over the area of each new pixel."""
    small = frame.reformat(width=size, height=size, format="gray", interpolation="AREA").to_ndarray()
    return np.rot90(small, index.rotation // 90)


def _decode_seeking(path: str, index: Index, wanted: Sequence[int], emit: Callable) -> None:
    with open_stream(path, index.limits, THREADS) as (container, stream):
        for key, targets in _runs(index, wanted):
            _seek_and_read(container, stream, key, targets, emit)


def _runs(index: Index, wanted: Sequence[int]) -> list[tuple[int, dict[int, int]]]:
    """(pts to seek to, {pts: frame index}) for wanted frames that one stretch of decoding reaches."""
    runs: list[tuple[int, dict[int, int]]] = []
    previous = -2
    for i in wanted:
        pts = int(index.pts[i])
        group = int(np.searchsorted(index.keys, pts, side="right")) - 1
        if group < 0:
            raise _Missed
        if group > previous + 1:
            runs.append((int(index.keys[group]), {}))
        runs[-1][1][pts] = i
        previous = group
    return runs


def _seek_and_read(container, stream, key: int, targets: dict[int, int], emit: Callable) -> None:
    context, left, last = stream.codec_context, dict(targets), max(targets)
    # Frames that no other frame refers to need not be decoded; only H.264 marks them beyond doubt.
    can_skip = context.name == "h264"
    for packet in _packets_from(container, stream, key):
        if can_skip:
            context.skip_frame = "DEFAULT" if packet.pts in targets else "NONREF"
        for frame in packet.decode():
            if frame.pts in left and not frame.is_corrupt:
                emit(left.pop(frame.pts), frame)
            elif frame.pts is None or frame.pts in left or frame.pts > last:
                raise _Missed
        if not left:
            return
    raise _Missed


def _packets_from(container, stream, key: int) -> Iterator:
    """All packets from the key frame on. MPEG-TS is sought by decoding time, and so hit too late at first."""
    second = round(1 / stream.time_base)
    for back in (0, second, 10 * second):
        container.seek(key - back, stream=stream, backward=True)
        stream.codec_context.flush_buffers()
        begun = False
        for packet in container.demux(stream):
            begun = begun or packet.pts == key
            if begun:
                yield packet
            elif packet.pts is not None and packet.pts > key:
                break
        if begun:
            return
    raise _Missed


def _decode_in_order(path: str, index: Index, wanted: Sequence[int], emit: Callable) -> None:
    """From the first frame on, on one thread, taking the frame before where a wanted one cannot be shown."""
    left, count, previous, position = list(wanted), 0, None, -1
    with open_stream(path, index.limits) as (container, stream):
        for frame in _frames(container, stream):
            position = count if index.pts is None else _position(index, frame, position)
            count += 1
            while left and left[0] <= position:
                i = left.pop(0)
                emit(i, frame if i == position or previous is None else previous)
            if not left:
                return
            previous = frame
    if previous is None or left[-1] - position > LOST_AT_END:
        reached = f"{index.times[max(position, 0)]:.1f} s of {index.duration_s:.1f} s"
        raise VideoError(f"{os.path.basename(path)} is damaged: it cannot be decoded beyond {reached}.")
    for i in left:
        emit(i, previous)


def _position(index: Index, frame, before: int) -> int:
    if frame.pts is None:
        return before + 1
    return int(np.searchsorted(index.pts, frame.pts, side="right")) - 1


def _frames(container, stream) -> Iterator:
    for packet in container.demux(stream):
        try:
            yield from packet.decode()
        except av.FFmpegError:
            continue

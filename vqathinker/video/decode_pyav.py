"""Frames by PyAV: reads everything the guard lets through, seeks, and skips what no wanted frame needs."""

from __future__ import annotations

import os
import queue
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import av
import numpy as np

from vqathinker.errors import VideoError
from vqathinker.video.aside import Emit
from vqathinker.video.fields import deinterlaced
from vqathinker.video.index import Index
from vqathinker.video.picture import to_luma, to_rgb
from vqathinker.video.stream import Missed, Source, open_stream

__all__ = ["decode_pyav", "to_luma", "to_rgb"]

# A file may end in a few frames that its index promises and no decoder shows; more than that is damage.
LOST_AT_END = 3


def decode_pyav(path: str, index: Index, wanted: Sequence[int], emit: Emit, threads: int) -> None:
    """Call emit(i, av.VideoFrame) for every index in `wanted` (sorted, unique), in any order, perhaps twice, from up to
    `threads` threads. Frames of combed films are deinterlaced.

    Raises VideoError where the file is too damaged to show a wanted frame.
    """
    if index.view.combed:
        return _decode_fields(path, index, wanted, emit, threads)
    _decode(path, index, wanted, emit, threads)


def _decode(path: str, index: Index, wanted: Sequence[int], emit: Emit, threads: int) -> None:
    if index.seekable:
        try:
            return _decode_seeking(path, index, wanted, emit, threads)
        except (Missed, av.FFmpegError):
            pass
    _decode_in_order(path, index, wanted, emit)


def _decode_fields(path: str, index: Index, wanted: Sequence[int], emit: Emit, threads: int) -> None:
    """As `_decode`; each frame is made whole beside its neighbours, which are decoded, too."""
    whole, around = made_whole(index, wanted, emit)
    # One thread: neighbours come together, and few frames are held at a time.
    _decode(path, index, around, whole, 1)


def made_whole(index: Index, wanted: Sequence[int], emit: Emit) -> tuple[Emit, list[int]]:
    """What takes frames of a combed film and emits the wanted ones deinterlaced; and which frames it needs."""
    last, held, left = index.num_frames - 1, {}, set(wanted)
    around = {i: [k for k in (i - 1, i, i + 1) if 0 <= k <= last] for i in wanted}

    def hold(i: int, frame: av.VideoFrame) -> None:
        held[i] = frame
        for k in (i - 1, i, i + 1):
            if k in left and all(neighbour in held for neighbour in around[k]):
                left.discard(k)
                emit(k, deinterlaced([held[neighbour] for neighbour in around[k]], around[k].index(k)))
        for k in [k for k in held if not any(k in around[w] for w in left)]:
            del held[k]

    return hold, sorted({k for neighbours in around.values() for k in neighbours})


@dataclass(frozen=True)
class _Run:
    """Wanted frames that decoding from the key frame `key` on reaches: {pts: frame index}, about `cost` frames."""

    key: int
    targets: dict[int, int]
    cost: int


def _decode_seeking(path: str, index: Index, wanted: Sequence[int], emit: Emit, threads: int = 1) -> None:
    """Where two or more stretches are about as long, each thread decodes its own; else all threads one together."""
    runs = _runs(index, wanted)
    longest, all_of_them = max(run.cost for run in runs), sum(run.cost for run in runs)
    if threads == 1 or longest * threads > 1.25 * all_of_them:
        return _decode_runs(path, index, _queue(runs), emit, threads)
    left = _queue(sorted(runs, key=lambda run: -run.cost))
    with ThreadPoolExecutor(threads) as pool:
        parts = [pool.submit(_decode_runs, path, index, left, emit, 1) for _ in range(threads)]
        for part in parts:
            part.result()


def _queue(runs: Sequence[_Run]) -> queue.SimpleQueue:
    left = queue.SimpleQueue()
    for run in runs:
        left.put(run)
    return left


def _decode_runs(path: str, index: Index, left: queue.SimpleQueue, emit: Emit, threads: int) -> None:
    with open_stream(path, index.limits, threads, index.stream) as source:
        skips = skips_unreferenced(source, index)
        while True:
            try:
                run = left.get_nowait()
            except queue.Empty:
                return
            _seek_and_read(source, run, emit, skips)


def skips_unreferenced(source: Source, index: Index) -> bool:
    """Whether frames that no other frame refers to need not be decoded: only where they are marked beyond doubt."""
    return source.context.name == "h264" or (source.context.name == "hevc" and not index.layered)


def _runs(index: Index, wanted: Sequence[int]) -> list[_Run]:
    groups: dict[int, dict[int, int]] = {}
    for i in wanted:
        pts = int(index.pts[i])
        group = int(np.searchsorted(index.keys, pts, side="right")) - 1
        if group < 0:
            raise Missed
        groups.setdefault(int(index.keys[group]), {})[pts] = i
    return [_Run(key, targets, _length(index, key, targets)) for key, targets in groups.items()]


def _length(index: Index, key: int, targets: dict[int, int]) -> int:
    return max(targets.values()) - int(np.searchsorted(index.pts, key)) + 1


def _seek_and_read(source: Source, run: _Run, emit: Emit, skips: bool) -> None:
    left, last = dict(run.targets), max(run.targets)
    for packet in source.packets_from(run.key):
        if skips:
            source.context.skip_frame = "DEFAULT" if packet.pts in run.targets else "NONREF"
        for frame in source.decode(packet):
            if frame.pts in left and not frame.is_corrupt:
                emit(left.pop(frame.pts), frame)
                if not left:
                    return
            elif frame.pts is None or frame.pts in left or frame.pts > last:
                raise Missed
    raise Missed


def _decode_in_order(path: str, index: Index, wanted: Sequence[int], emit: Emit) -> None:
    """From the first frame on, on one thread, taking the frame before where a wanted one cannot be shown."""
    left, count, previous, position = list(wanted), 0, None, -1
    with open_stream(path, index.limits, number=index.stream) as source:
        for frame in _frames(source):
            position = count if index.pts is None else position_of(index, frame, position)
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


def position_of(index: Index, frame: av.VideoFrame, before: int) -> int:
    if frame.pts is None:
        return before + 1
    return int(np.searchsorted(index.pts, frame.pts, side="right")) - 1


def _frames(source: Source) -> Iterator[av.VideoFrame]:
    for packet in source.packets():
        try:
            yield from source.decode(packet)
        except av.FFmpegError:
            continue

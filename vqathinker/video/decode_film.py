"""A whole film in one pass, its wanted frames in their order: what a timeline looks at."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

import av
import numpy as np

from vqathinker.video.aside import Emit
from vqathinker.video.decode_pyav import LOST_AT_END, made_whole, position_of, skips_unreferenced
from vqathinker.video.index import Index
from vqathinker.video.stream import Missed, Source, open_stream

SEEK_FROM = 60
"""Frames that nobody wants before a key frame, from which on seeking to it is worth its while."""


def decode_film(path: str, index: Index, wanted: Sequence[int], emit: Emit, threads: int) -> float | None:
    """Call emit(i, frame) for every index in `wanted` (sorted, unique), in that order, from this thread; the frame
    before in the place of one that cannot be shown. Frames of combed films are deinterlaced.

    Returns None, or for a file that breaks the seconds up to which it could be shown.
    """
    if index.view.combed:
        emit, wanted = made_whole(index, wanted, emit)
    with open_stream(path, index.limits, threads, index.stream) as source:
        for stretch in stretches(index, wanted):
            left = deque(stretch)
            reached = _read(source, index, left, emit)
            if left and left[-1] - reached > LOST_AT_END:
                return float(index.times[max(reached, 0)])
    return None


def stretches(index: Index, wanted: Sequence[int]) -> list[list[int]]:
    """The wanted frames, divided where a key frame lies beyond many that nobody wants."""
    if not index.seekable or not len(wanted):
        return [list(wanted)]
    keys = np.searchsorted(index.pts, index.keys)
    before = keys[np.maximum(np.searchsorted(keys, wanted, side="right") - 1, 0)]
    places = [k for k, (i, _) in enumerate(pairwise(wanted), 1) if before[k] - i > SEEK_FROM]
    return [part.tolist() for part in np.split(np.asarray(wanted), places)]


def _read(source: Source, index: Index, left: deque[int], emit: Emit) -> int:
    """Emit a stretch, which empties `left`; the last frame that was reached."""
    targets = {int(index.pts[i]) for i in left} if index.pts is not None else set()
    skips, previous, position, last = bool(targets) and skips_unreferenced(source, index), None, -1, left[-1]
    for frame in _frames(source, _packets(source, index, left[0]), targets if skips else None):
        position = position + 1 if index.pts is None else position_of(index, frame, position)
        while left and left[0] <= position:
            i = left.popleft()
            emit(i, frame if i == position or previous is None else previous)
        if not left:
            return position
        previous = frame
    if previous is not None and last - position <= LOST_AT_END:
        while left:
            emit(left.popleft(), previous)
    return position


def _packets(source: Source, index: Index, first: int) -> Iterator[av.Packet]:
    """From the last key frame before a frame on, or from the beginning where that is as near."""
    key = int(np.searchsorted(index.keys, index.pts[first], side="right")) - 1 if index.seekable else 0
    if key > 0 and np.searchsorted(index.pts, index.keys[key]) > SEEK_FROM:
        return source.packets_from(int(index.keys[key]))
    return source.packets()


def _frames(source: Source, packets: Iterable[av.Packet], targets: set[int] | None) -> Iterator[av.VideoFrame]:
    """What can be decoded; of frames that no other refers to only the targets. Ends where nothing more can be read."""
    try:
        for packet in packets:
            if targets is not None:
                source.context.skip_frame = "DEFAULT" if packet.pts in targets else "NONREF"
            try:
                yield from source.decode(packet)
            except av.FFmpegError:
                continue
    except (av.FFmpegError, Missed):
        return

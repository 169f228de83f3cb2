"""Frames by decord: what the official loader uses. Wrong or missing on some files, which `unfit` names."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from vqathinker.video.index import Index
from vqathinker.video.stream import open_stream

RAISES_ON = {"gif", "mpegts", "mpeg", "mpegvideo", "yuv4mpegpipe", "flv", "asf", "mxf", "ogg"}


class Unfit(Exception):
    """decord cannot be trusted with this file."""


def unfit(index: Index) -> str:
    """Why decord must not decode this file, or nothing."""
    if index.container in RAISES_ON:
        return f"decord does not read {index.container}"
    if "av1" in index.codec:
        return "decord does not read AV1"
    if index.edited:
        return "decord ignores edit lists and returns frames in a wrong order"
    if index.open_gop:
        return "decord seeks to wrong frames in open groups of pictures"
    if index.pts is None:
        return "decord needs timestamps"
    if index.resized or not index.view.plain:
        return "decord shows the stored picture, not the one that players show"
    if index.view.orientation.mirrored:
        return "decord turns mirrored pictures upside down"
    if index.place[1] != 1:
        return "decord takes the best stream by its own rule"
    return ""


def decode_decord(path: str, index: Index, wanted: Sequence[int], emit: Callable[[int, np.ndarray], None]) -> None:
    """Call emit(i, (H, W, 3) uint8 RGB, upright) for every index in `wanted` (sorted, unique), in order.

    Raises Unfit where decord and the index of the file disagree, and what decord raises.
    """
    _check_starts(path, index, wanted)
    import decord

    reader = decord.VideoReader(path, ctx=decord.cpu(0), num_threads=1)
    if len(reader) != index.num_frames:
        raise Unfit(f"decord sees {len(reader)} frames, the file has {index.num_frames}")
    if reader.get_frame_timestamp(0)[0] < -1e-3:
        raise Unfit("the file has an edit list")
    width, height = index.upright
    for i in wanted:
        reader.seek_accurate(i)
        frame = reader.next().asnumpy()
        if frame.shape != (height, width, 3):
            raise Unfit(f"decord gives frames of shape {frame.shape}")
        emit(i, frame)


def _check_starts(path: str, index: Index, wanted: Sequence[int]) -> None:
    """Raises Unfit unless the key frames of all wanted frames can be shown by themselves, in one size."""
    pts = index.pts[np.asarray(wanted)]
    groups = np.unique(np.maximum(np.searchsorted(index.keys, pts, side="right") - 1, 0))
    with open_stream(path, index.limits, number=index.stream) as source:
        source.context.skip_frame = "NONKEY"
        for key in index.keys[groups]:
            source.container.seek(int(key), stream=source.stream, backward=True)
            source.context.flush_buffers()
            frame = next((frame for packet in source.packets() for frame in source.decode(packet)), None)
            if frame is None or frame.pts != key:
                raise Unfit("a key frame cannot be shown by itself")
            if (frame.width, frame.height) != (index.view.width, index.view.height):
                raise Unfit("the size of the picture changes in the file")

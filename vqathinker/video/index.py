"""What PyAV finds in a video file without decoding it all: its frames, their times, where to start."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import av
import numpy as np

from vqathinker.errors import VideoError
from vqathinker.video.guard import check_pixels
from vqathinker.video.spec import Limits

# Demuxers that read one file and follow no names inside it: playlists and concat scripts are not among them.
FORMATS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,gif"


@dataclass(frozen=True)
class Index:
    """One entry per shown frame, in the order of showing.

    times: seconds from the first frame. pts: timestamps in units of the stream, None where the file has none
    that can be trusted. keys: sorted pts of the frames where decoding can start. width and height are those
    of the decoded picture, before `rotation` (degrees anticlockwise, a multiple of 90). edited: an edit list
    hides frames. open_gop: frames are shown before the key frame that they are stored behind.
    """

    times: np.ndarray
    pts: np.ndarray | None
    keys: np.ndarray
    width: int
    height: int
    rotation: int
    fps: float
    duration_s: float
    codec: str
    container: str
    edited: bool
    open_gop: bool
    limits: Limits

    @property
    def num_frames(self) -> int:
        return len(self.times)

    @property
    def upright(self) -> tuple[int, int]:
        """(width, height) as shown."""
        return (self.height, self.width) if self.rotation % 180 else (self.width, self.height)

    @property
    def seekable(self) -> bool:
        return self.pts is not None and self.container != "gif"


@contextmanager
def open_stream(path: str, limits: Limits, threads: int = 1) -> Iterator[tuple]:
    """(container, video stream) of a file, ready to decode. Raises VideoError where there is no picture."""
    name = os.path.basename(path)
    try:
        container = av.open(path, options={"format_whitelist": FORMATS}, metadata_errors="replace")
    except av.FFmpegError:
        raise VideoError(f"{name} is damaged: it cannot be opened as a video.") from None
    with container:
        cover = av.stream.Disposition.attached_pic
        streams = [s for s in container.streams.video if not s.disposition & cover]
        if not streams:
            what = "holds sound but no picture" if container.streams.audio else "is damaged or holds no video"
            raise VideoError(f"{name} {what}.")
        stream = streams[0]
        if stream.codec_context is None:
            raise VideoError(f"{name} uses a codec that cannot be decoded here.")
        for other in container.streams:
            if other.index != stream.index:
                other.discard = av.stream.Discard.all
        # Decoders count the padding of their blocks, too, so this is twice the limit: it stops pictures that
        # grow later in the file; the first one is checked exactly.
        stream.codec_context.options = {"max_pixels": str(2 * limits.max_pixels)}
        stream.codec_context.thread_count = threads
        stream.codec_context.thread_type = "FRAME" if threads > 1 else "NONE"
        yield container, stream


def make_index(path: str, limits: Limits) -> Index:
    """Read all packet headers and decode the first frame. Raises VideoError where nothing can be shown."""
    name = os.path.basename(path)
    with open_stream(path, limits) as (container, stream):
        context = stream.codec_context
        if context.width and context.height:
            check_pixels(name, context.width, context.height, limits)
        pts, keys, edited, open_gop, first = _read_packets(container, stream)
        if first is None:
            raise VideoError(f"{name} is damaged: no frame can be decoded." if pts else f"{name} holds no frames.")
        check_pixels(name, first.width, first.height, limits)
        facts = {
            "width": first.width,
            "height": first.height,
            "rotation": round(first.rotation / 90) * 90 % 360,
            "codec": context.name,
            "container": container.format.name,
            "edited": edited,
            "open_gop": open_gop,
            "limits": limits,
        }
        # AVI has no timestamps: what the demuxer makes up is wrong where frames are not stored as shown.
        guessed = container.format.name == "avi" and context.has_b_frames
        rate, unit = float(stream.average_rate or 0), float(stream.time_base or 0)
    if guessed or None in pts or len(set(pts)) != len(pts) or not keys:
        times, pts = _count_frames(path, limits, rate), None
        keys = []
    else:
        pts = np.array(sorted(pts), dtype=np.int64)
        times = (pts - pts[0]) * unit
    return Index(times=times, pts=pts, keys=np.array(sorted(keys), np.int64), **_rate(times, rate), **facts)


def _read_packets(container, stream) -> tuple[list, list, bool, bool, object]:
    pts, keys, edited, open_gop, first = [], [], False, False, None
    vp8 = stream.codec_context.name == "vp8"
    for packet in container.demux(stream):
        if first is None:
            try:
                first = next(iter(packet.decode()), None)
            except av.FFmpegError:
                pass
        if not packet.size:
            continue
        if packet.is_keyframe and packet.pts is not None:
            keys.append(packet.pts)
        elif keys and packet.pts is not None:
            open_gop = open_gop or packet.pts < keys[-1]
        if packet.is_discard:
            edited = True
        elif not vp8 or bytes(packet)[0] & 0x10:  # VP8 marks packets that only hold a reference, never shown
            pts.append(packet.pts)
    edited = edited or any(value is not None and value < 0 for value in pts)
    return pts, keys, edited, open_gop, first


def _count_frames(path: str, limits: Limits, rate: float) -> np.ndarray:
    times = []
    with open_stream(path, limits, threads=2) as (container, stream):
        for packet in container.demux(stream):
            try:
                times += [frame.time for frame in packet.decode()]
            except av.FFmpegError:
                continue
    if not times:
        raise VideoError(f"{os.path.basename(path)} is damaged: no frame can be decoded.")
    if None in times or any(b <= a for a, b in zip(times, times[1:], strict=False)):
        return np.arange(len(times)) / (rate or 25.0)
    return np.array(times) - times[0]


def _rate(times: np.ndarray, declared: float) -> dict[str, float]:
    """fps and duration by the timestamps; the declared rate where it agrees, as it is free of rounding."""
    fps, span = declared, float(times[-1])
    if len(times) > 1 and span > 0:
        measured = (len(times) - 1) / span
        fps = declared if abs(declared / measured - 1) < 0.02 else measured
    return {"fps": fps, "duration_s": span + (1 / fps if fps else 0.0)}

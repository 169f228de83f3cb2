"""What PyAV finds in a video file without decoding it all: its frames, their times, where to start."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace

import av
import numpy as np

from vqathinker.errors import VideoError
from vqathinker.video.clock import elapsed, rate_of, runs_back
from vqathinker.video.film_index import Index
from vqathinker.video.glimpse import look_closer
from vqathinker.video.guard import check_pixels
from vqathinker.video.orientation import orientation_of
from vqathinker.video.picture import released_view, view_of
from vqathinker.video.reference import is_layered
from vqathinker.video.sizes import PictureSizes
from vqathinker.video.spec import Limits
from vqathinker.video.stream import Source, open_stream

ORDINALS = ("first", "second", "third", "fourth")


@dataclass
class _Walk:
    """What the packets of a file say, in its order."""

    sizes: PictureSizes
    pts: list[int | None] = field(default_factory=list)
    dts: list[int | None] = field(default_factory=list)
    keys: list[int] = field(default_factory=list)
    edited: bool = False
    open_gop: bool = False
    layered: bool = False
    first: av.VideoFrame | None = None

    def trusted_pts(self, container: str) -> np.ndarray | None:
        """Time stamps of the shown frames in their order, None where they do not tell them apart."""
        if None in self.pts or len(set(self.pts)) != len(self.pts) or not self.keys or runs_back(self.dts, container):
            return None
        return np.array(sorted(self.pts), np.int64)


def make_index(path: str, limits: Limits, protocol: str = "default") -> Index:
    """Read all packet headers and decode the first frame. Raises VideoError where nothing can be shown.

    protocol: "released" shows the official pixels; see `spec.PROTOCOLS`.
    """
    name = os.path.basename(path)
    with open_stream(path, limits) as source:
        if source.context.width and source.context.height:
            check_pixels(name, source.context.width, source.context.height, limits)
        walk, stream = _walk(source), source.stream
        if walk.first is None:
            raise VideoError(f"{name} is damaged: no frame can be decoded." if walk.pts else f"{name} holds no frames.")
        size, container = walk.sizes.longest, source.container.format.name
        check_pixels(name, *size, limits)
        shape, upright = stream.sample_aspect_ratio, orientation_of(walk.first)
        # AVI has no timestamps: what the demuxer makes up is wrong where frames are not stored as shown.
        guessed = container == "avi" and source.context.has_b_frames
        rate, unit = float(stream.average_rate or 0), float(stream.time_base or 0)
        number, place, codec = stream.index, source.place, source.context.name
    pts, instead = None if guessed else walk.trusted_pts(container), 1 / (rate or 25.0)
    if pts is None:
        times = _decoded_times(path, limits, number, container, instead)
    else:
        times = elapsed(pts * unit, container, instead)
    if protocol == "released":
        view = released_view(size, upright)
    else:
        view = view_of(walk.sizes.frames[size], size, shape, upright)
    index = Index(
        times=times,
        pts=pts,
        keys=np.array([] if pts is None else sorted(walk.keys), np.int64),
        view=view,
        stream=number,
        place=place,
        **rate_of(times, rate),
        codec=codec,
        container=container,
        edited=walk.edited,
        open_gop=walk.open_gop,
        resized=len(walk.sizes.frames) > 1,
        layered=walk.layered,
        limits=limits,
    )
    if protocol != "released":
        index = look_closer(path, index, walk.first)
    check_pixels(name, *index.upright, limits)
    return replace(index, notes=(*_unusual(index), *index.notes))


def _unusual(index: Index) -> list[str]:
    (place, count), notes = index.place, []
    if count > 1:
        which = ORDINALS[place - 1] if place <= len(ORDINALS) else f"{place}th"
        notes.append(f"the {which} of {count} video streams")
    if index.resized:
        notes.append("the size of the picture changes, shown in the one that lasts longest")
    return notes


def _walk(source: Source) -> _Walk:
    walk = _Walk(PictureSizes(source.stream))
    vp8, hevc = source.context.codec.canonical_name == "vp8", source.context.codec.canonical_name == "hevc"
    for packet in source.packets():
        if walk.first is None:
            try:
                walk.first = next(iter(source.decode(packet)), None)
            except av.FFmpegError:
                pass
            if walk.first is not None:
                walk.sizes.begin(walk.first)
        if not packet.size:
            continue
        walk.sizes.see(packet)
        walk.layered = walk.layered or (hevc and is_layered(packet, source.stream.codec_context.extradata))
        walk.dts.append(packet.dts)
        if packet.is_keyframe and packet.pts is not None:
            walk.keys.append(packet.pts)
        elif walk.keys and packet.pts is not None:
            walk.open_gop = walk.open_gop or packet.pts < walk.keys[-1]
        if packet.is_discard:
            walk.edited = True
        elif not vp8 or bytes(memoryview(packet)[:1])[0] & 0x10:  # VP8 marks packets that only hold a reference
            walk.pts.append(packet.pts)
    walk.edited = walk.edited or any(value is not None and value < 0 for value in walk.pts)
    return walk


def _decoded_times(path: str, limits: Limits, number: int, container: str, instead: float) -> np.ndarray:
    """Times of the frames of a file whose packets cannot tell: all of it is decoded."""
    times = []
    with open_stream(path, limits, threads=2, number=number) as source:
        for packet in source.packets():
            try:
                times += [frame.time for frame in source.decode(packet)]
            except av.FFmpegError:
                continue
    if not times:
        raise VideoError(f"{os.path.basename(path)} is damaged: no frame can be decoded.")
    if None in times:
        return np.arange(len(times)) * instead
    return elapsed(np.array(times), container, instead)

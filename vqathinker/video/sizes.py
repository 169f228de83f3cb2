"""Which size a film has where its size changes: told by the headers at its key frames, without decoding it."""

from __future__ import annotations

import av
from av.bitstream import BitStreamFilterContext

PARAMETER_SETS = {
    "h264": "h264_mp4toannexb,extract_extradata",
    "hevc": "hevc_mp4toannexb,extract_extradata",
    "vvc": "vvc_mp4toannexb,extract_extradata",
    "av1": "extract_extradata",
    "mpeg1video": "extract_extradata",
    "mpeg2video": "extract_extradata",
    "mpeg4": "extract_extradata",
}
"""Filters that take the parameters out of a key frame; VP8 and VP9 have them in their first bytes."""
HEADERS = {"vp8": slice(6, 10), "vp9": slice(0, 10)}


class PictureSizes:
    """Counts the packets of a film by the size of the picture that they belong to."""

    def __init__(self, stream: av.VideoStream) -> None:
        self._stream, self._name = stream, stream.codec_context.codec.canonical_name
        chain = PARAMETER_SETS.get(self._name)
        self._filter = BitStreamFilterContext(chain, stream) if chain else None
        self._known: dict[bytes, tuple[int, int] | None] = {}
        self._size: tuple[int, int] | None = None
        self.counts: dict[tuple[int, int], int] = {}
        self.frames: dict[tuple[int, int], av.VideoFrame] = {}

    def see(self, packet: av.Packet) -> None:
        """The next packet in the order of the file."""
        if packet.is_keyframe and (header := self._read(packet)):
            if header not in self._known:
                self._known[header] = self._measure(packet) if self._known else self._size
            self._size = self._known[header] or self._size
        self.counts[self._size] = self.counts.get(self._size, 0) + 1

    def begin(self, frame: av.VideoFrame) -> None:
        """The first frame, which all packets until now belong to."""
        size = frame.width, frame.height
        self.counts[size] = self.counts.pop(None, 0) + self.counts.get(size, 0)
        self.frames.setdefault(size, frame)
        self._size = self._size or size
        self._known = {header: known or size for header, known in self._known.items()}

    @property
    def longest(self) -> tuple[int, int]:
        """The size that most frames are shown in; of two, the first."""
        return max(self.frames, key=lambda size: self.counts[size])

    def _read(self, packet: av.Packet) -> bytes:
        if self._name in HEADERS:
            return bytes(memoryview(packet)[:16])[HEADERS[self._name]]
        if self._filter is None:
            return b""
        copy = av.Packet(bytes(packet))  # the filter takes away what it is given
        if packet.has_sidedata("new_extradata"):
            copy.set_sidedata(packet.get_sidedata("new_extradata"))
        try:
            for out in self._filter.filter(copy):
                if out.has_sidedata("new_extradata"):
                    return bytes(out.get_sidedata("new_extradata"))
        except av.FFmpegError:
            self._filter = None  # a stream that it does not understand is taken to keep its size
        return b""

    def _measure(self, packet: av.Packet) -> tuple[int, int] | None:
        """Decode a key frame by itself; what cannot be decoded is taken to be of the size before."""
        own = self._stream.codec_context
        context = av.CodecContext.create(own.codec.name, "r")
        context.extradata, context.options, context.thread_type = own.extradata, own.options, "NONE"
        try:
            frame = next(iter([*context.decode(packet), *context.decode(None)]), None)
        except av.FFmpegError:
            frame = None
        if frame is None:
            return self._size
        size = frame.width, frame.height
        self.frames.setdefault(size, frame)
        self.counts.setdefault(size, 0)
        return size

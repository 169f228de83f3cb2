"""Opens a file and chooses what of it is the film."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import av

from vqathinker.errors import VideoError
from vqathinker.video.spec import Limits

# Demuxers that read one file and follow no names inside it: playlists and concat scripts are not among them.
VIDEO_FORMATS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,mpegvideo,ogg,yuv4mpegpipe,flv,asf,mxf,gif"
ALPHA_DECODERS = {"vp8": "libvpx", "vp9": "libvpx-vp9"}
"""FFmpeg's own decoders of these leave out the transparency that WebM stores beside the picture."""


class Missed(Exception):
    """The fast way did not give every wanted frame exactly."""


@dataclass
class Source:
    """An open file: `stream` is the film, `context` its decoder, `place` says which of how many it is."""

    container: av.container.InputContainer
    stream: av.VideoStream
    context: av.VideoCodecContext
    place: tuple[int, int]

    def packets(self) -> Iterator[av.Packet]:
        return self.container.demux(self.stream)

    def decode(self, packet: av.Packet) -> list[av.VideoFrame]:
        """Frames that come out when a packet goes in. Raises av.FFmpegError on damage."""
        return self.context.decode(packet)

    def packets_from(self, key: int) -> Iterator[av.Packet]:
        """All packets from the key frame on. MPEG-TS is sought by decoding time, and so hit too late at first.

        Raises Missed where the key frame cannot be reached.
        """
        second = round(1 / self.stream.time_base)
        for back in (0, second, 10 * second):
            self.container.seek(key - back, stream=self.stream, backward=True)
            self.context.flush_buffers()
            begun = False
            for packet in self.packets():
                begun = begun or packet.pts == key
                if begun:
                    yield packet
                elif packet.pts is not None and packet.pts > key:
                    break
            if begun:
                return
        raise Missed


@contextmanager
def open_stream(path: str, limits: Limits, threads: int = 1, number: int | None = None) -> Iterator[Source]:
    """A file, ready to decode. number: the stream that was chosen before, where it was.

    Raises VideoError where there is no picture.
    """
    name = os.path.basename(path)
    try:
        container = av.open(path, options={"format_whitelist": VIDEO_FORMATS}, metadata_errors="replace")
    except av.FFmpegError:
        raise VideoError(f"{name} is damaged: it cannot be opened as a video.") from None
    with container:
        films = _films(container, name)
        known = [stream for stream in films if stream.index == number]
        stream = known[0] if known else films[0] if len(films) == 1 else _choose(films, _moving(path, films))
        for other in container.streams:
            if other.index != stream.index:
                other.discard = av.stream.Discard.all
        context = _decoder(stream)
        # Decoders count the padding of their blocks, too, so this is twice the limit: it stops pictures that
        # grow later in the file; the first one is checked exactly.
        context.options = {"max_pixels": str(2 * limits.max_pixels)}
        context.thread_count = threads
        context.thread_type = "FRAME" if threads > 1 else "NONE"
        yield Source(container, stream, context, (films.index(stream) + 1, len(films)))


def _films(container, name: str) -> list[av.VideoStream]:
    """The video streams that can be decoded and are no cover pictures."""
    cover = av.stream.Disposition.attached_pic | av.stream.Disposition.timed_thumbnails
    streams = [stream for stream in container.streams.video if not stream.disposition & cover]
    if not streams:
        what = "holds sound but no picture" if container.streams.audio else "is damaged or holds no video"
        raise VideoError(f"{name} {what}.")
    films = [stream for stream in streams if stream.codec_context is not None]
    if not films:
        raise VideoError(f"{name} uses a codec that cannot be decoded here.")
    return films


def _choose(films: Sequence[av.VideoStream], moving: set[int]) -> av.VideoStream:
    """The moving stream that is flagged default, else the largest moving one, as players do."""

    def rank(stream: av.VideoStream) -> tuple[bool, bool, int, int]:
        context, default = stream.codec_context, bool(stream.disposition & av.stream.Disposition.default)
        return stream.index in moving, default, context.width * context.height, -stream.index

    return max(films, key=rank)


def _moving(path: str, films: Sequence[av.VideoStream]) -> set[int]:
    """Indices of the streams that hold more than one picture; most containers do not say, so packets are counted."""
    counts = {stream.index: stream.frames for stream in films}
    if not all(counts.values()):
        counts = dict.fromkeys(counts, 0)
        with av.open(path, options={"format_whitelist": VIDEO_FORMATS}, metadata_errors="replace") as container:
            for packet in container.demux([container.streams[index] for index in counts]):
                counts[packet.stream_index] += bool(packet.size)
                if min(counts.values()) > 1:
                    break
    return {index for index, count in counts.items() if count > 1}


def _decoder(stream: av.VideoStream) -> av.VideoCodecContext:
    own = stream.codec_context
    if stream.metadata.get("alpha_mode") != "1" or own.name not in ALPHA_DECODERS:
        return own
    return av.CodecContext.create(ALPHA_DECODERS[own.name], "r")

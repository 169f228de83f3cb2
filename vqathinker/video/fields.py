"""Interlaced video: is it combed, and one whole frame in the place of two half ones."""

from __future__ import annotations

from collections.abc import Sequence

import av

from vqathinker.video.graph import filtered


def is_combed(runs: Sequence[Sequence[av.VideoFrame]]) -> bool:
    """Whether the fields of consecutive frames show different moments, by FFmpeg's idet over every run.

    Many files are flagged interlaced and hold whole pictures; those are to be left alone.
    """
    found = {"tff": 0.0, "bff": 0.0, "progressive": 0.0}
    for run in runs:
        if len(run) > 1 and (out := filtered("idet", run)):
            for kind in found:
                found[kind] += float(out[-1].metadata.get(f"lavfi.idet.single.{kind}", 0))
    return found["tff"] + found["bff"] > found["progressive"]


def deinterlaced(frames: Sequence[av.VideoFrame], place: int) -> av.VideoFrame:
    """frames[place] as a whole picture, by bwdif, which looks at the frame before and the one behind, too."""
    return filtered("bwdif=mode=send_frame:deint=interlaced", frames)[place]


def taken_as_whole(frame: av.VideoFrame) -> av.VideoFrame:
    """The frame without its flag: swscale would convert its fields one by one, which no player does."""
    return filtered("setfield=prog", [frame])[0] if frame.interlaced_frame else frame

"""The few ffmpeg runs that the builder needs: filter and encode, VMAF, facts and small grey frames of a file."""

from __future__ import annotations

import functools
import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import av
import imageio_ffmpeg
import numpy as np

from vqathinker.errors import VQAThinkerError

INVISIBLE_X264 = ("-c:v", "libx264", "-preset", "veryfast", "-crf", "17")
COLOUR_TAGS = ("colorspace", "color_primaries", "color_trc")
SET_BT709 = "setparams=" + ":".join(f"{name}=bt709" for name in COLOUR_TAGS)
REFERENCE_X264 = ("-c:v", "libx264", "-preset", "veryfast", "-crf", "14")


class FFmpegError(VQAThinkerError):
    """ffmpeg failed; the message ends with the last lines it wrote."""


@dataclass(frozen=True)
class Facts:
    """Of a video file: pixels, frames per second, decoded frames, seconds."""

    width: int
    height: int
    fps: float
    num_frames: int
    duration_s: float


@functools.cache
def executable() -> str:
    return imageio_ffmpeg.get_ffmpeg_exe()


def run_ffmpeg(args: list[str], stdin: bytes | None = None) -> str:
    """Run ffmpeg on one thread, return what it wrote to stderr; raises FFmpegError."""
    command = [executable(), "-hide_banner", "-nostdin", "-nostats", "-y", *args]
    if stdin is not None:
        command.remove("-nostdin")
    done = subprocess.run(
        command,
        input=stdin,
        stdin=None if stdin is not None else subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        check=False,
    )
    text = done.stderr.decode(errors="replace")
    if done.returncode:
        raise FFmpegError(
            f"ffmpeg failed ({done.returncode}) on {' '.join(args)}:\n" + "\n".join(text.splitlines()[-6:])
        )
    return text


def color_tags(path: Path) -> str:
    """The filter that gives frames the matrix, primaries and transfer that this file states, changing no sample."""
    with av.open(str(path)) as container:
        codec = container.streams.video[0].codec_context
        tags = (codec.colorspace, codec.color_primaries, codec.color_trc)
    return "setparams=" + ":".join(f"{name}={int(tag)}" for name, tag in zip(COLOUR_TAGS, tags, strict=True))


def encode_file(
    source: Path,
    target: Path,
    filters: str,
    codec: tuple[str, ...] = INVISIBLE_X264,
    before: tuple[str, ...] = (),
    like: Path | None = None,
) -> None:
    """Decode, filter and encode to yuv420p without sound; `target` appears only when complete.

    `like` is the file whose color tags hold for the samples of `source`. An intermediate codec may lose them: a decoder
    of MJPEG reports BT.601 whatever went in, a raw MPEG-4 stream has no tags, and the colors come out wrong.
    """
    partial = target.with_name(f".{os.getpid()}-{target.name}")
    steps = [color_tags(like) if like else "", filters]
    chain = ["-vf", ",".join(filter(None, steps))] if any(steps) else []
    muxer = ("-movflags", "+faststart", "-video_track_timescale", "90000") if target.suffix == ".mp4" else ()
    try:
        run_ffmpeg(
            [
                "-threads",
                "1",
                *before,
                "-i",
                str(source),
                *chain,
                "-an",
                "-map_metadata",
                "-1",
                "-threads",
                "1",
                *codec,
                "-pix_fmt",
                "yuv420p",
                *muxer,
                str(partial),
            ]
        )
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


def encode_frames(frames: np.ndarray, fps: float, target: Path) -> None:
    """Encode RGB frames (N, H, W, 3) uint8 as a reference clip."""
    partial = target.with_name(f".{os.getpid()}-{target.name}")
    height, width = frames.shape[1:3]
    try:
        run_ffmpeg(
            [
                "-f",
                "rawvideo",
                "-pix_fmt",
                "rgb24",
                "-s",
                f"{width}x{height}",
                "-r",
                str(fps),
                "-i",
                "pipe:0",
                "-vf",
                f"scale=out_color_matrix=bt709:out_range=tv,{SET_BT709}",
                "-threads",
                "1",
                *REFERENCE_X264,
                "-pix_fmt",
                "yuv420p",
                "-movflags",
                "+faststart",
                str(partial),
            ],
            stdin=frames.tobytes(),
        )
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


def vmaf(distorted: Path, reference: Path, width: int, height: int, subsample: int = 5) -> float:
    """Mean VMAF (0..100) at the reference's size, over every `subsample`-th frame; frames are paired in order.

    Samples are compared as they are: where the two files state different matrices, ffmpeg would convert one of them.
    """
    pair = (
        f"[0:v]{SET_BT709},settb=1/25,setpts=N,scale={width}:{height}:flags=bicubic,format=yuv420p[d];"
        f"[1:v]{SET_BT709},settb=1/25,setpts=N,format=yuv420p[r];"
        f"[d][r]libvmaf=n_threads=1:n_subsample={subsample}"
    )
    text = run_ffmpeg(
        [
            "-threads",
            "1",
            "-i",
            str(distorted),
            "-threads",
            "1",
            "-i",
            str(reference),
            "-filter_threads",
            "1",
            "-lavfi",
            pair,
            "-f",
            "null",
            "-",
        ]
    )
    found = re.search(r"VMAF score: ([\d.]+)", text)
    if not found:
        raise FFmpegError(f"no VMAF score for {distorted}")
    return float(found[1])


def facts(path: Path) -> Facts:
    """Size, rate and exact number of decodable frames of a video file."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        count = sum(1 for packet in container.demux(stream) if packet.size)
        fps = float(stream.average_rate or stream.guessed_rate)
        return Facts(stream.width, stream.height, round(fps, 3), count, round(count / fps, 3))


def grey_frames(path: Path, width: int = 160, height: int = 90) -> np.ndarray:
    """All frames as small luma pictures, (N, height, width) uint8."""
    with av.open(str(path)) as container:
        container.streams.video[0].thread_type = "NONE"
        frames = [f.reformat(width, height, "gray").to_ndarray() for f in container.decode(video=0)]
    return np.stack(frames)


def middle_frame(path: Path) -> np.ndarray:
    """The middle frame, (H, W, 3) uint8 RGB."""
    with av.open(str(path)) as container:
        frames = list(container.decode(video=0))
        return frames[len(frames) // 2].to_ndarray(format="rgb24")

"""From a path to a clip: guard, plan, decode, assemble."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from vqathinker.errors import VideoError
from vqathinker.video.avoid import avoid_useless
from vqathinker.video.decode import DecoderCrash, Decoding
from vqathinker.video.guard import check_file
from vqathinker.video.perturb import BLACK
from vqathinker.video.process import WORKER, Crew
from vqathinker.video.sample import burst_window, frame_indices
from vqathinker.video.spec import Clip, Limits, VideoInfo, VideoSpec

DEFAULT_VIDEO_SPEC, DEFAULT_LIMITS = VideoSpec(), Limits()
FrameOrder = np.ndarray | Sequence[int] | Callable[[int], np.ndarray]


def probe(path: str | os.PathLike, limits: Limits = DEFAULT_LIMITS, *, timeout_s: float = 60.0) -> VideoInfo:
    """What is known of a file before its frames are read. Raises VideoError, as load_clip does."""
    with Decoding(path, check_file(path, limits), limits, timeout_s) as decoding:
        return decoding.info


def load_clip(
    path: str | os.PathLike,
    spec: VideoSpec = DEFAULT_VIDEO_SPEC,
    *,
    limits: Limits = DEFAULT_LIMITS,
    timeout_s: float = 60.0,
    timeline: FrameOrder | None = None,
    cancel: threading.Event | None = None,
    crew: Crew | None = None,
) -> Clip:
    """Read the frames and bursts of a video or a still image, in a process of its own.

    timeline: (num_frames,) integers, or a function of num_frames that gives them: the source frame shown at
        each position, -1 for a black one. Frames and bursts are sampled from it; the indices and times of the
        clip are positions on it.
    timeout_s: seconds after which decoding is stopped.
    cancel: an event; when it is set, decoding is stopped and DecodeCancelled raised.
    crew: processes that go on with the next file; without it one is started for this file.
    Raises VideoError, with one sentence for the user, and ValueError for a timeline that does not fit.
    """
    return _load(path, spec, limits, timeout_s, timeline, cancel=cancel, crew=crew)


def _load(
    path: str | os.PathLike,
    spec: VideoSpec,
    limits: Limits,
    timeout_s: float,
    timeline: FrameOrder | None = None,
    decoder: str = "auto",
    command: Sequence[str] = WORKER,
    cancel: threading.Event | None = None,
    crew: Crew | None = None,
) -> Clip:
    kind, deadline = check_file(path, limits), time.monotonic() + timeout_s
    options = {"protocol": spec.protocol, "crew": crew}
    try:
        with Decoding(path, kind, limits, timeout_s, decoder, command, cancel, **options) as decoding:
            return _assemble(decoding, spec, timeline)
    except DecoderCrash:
        if kind == "image" or decoder != "auto":
            raise
    # decord may abort its process where PyAV reports damage, or even reads on.
    left_s = max(1.0, deadline - time.monotonic())
    with Decoding(path, kind, limits, left_s, "pyav", command, cancel, **options) as decoding:
        return _assemble(decoding, spec, timeline)


def _assemble(decoding: Decoding, spec: VideoSpec, timeline: FrameOrder | None) -> Clip:
    info, length, size = decoding.info, spec.burst_length, spec.burst_size
    shown = _shown(timeline, info.num_frames)
    indices = frame_indices(info.num_frames, spec.frames)
    windows = np.array([burst_window(i, length, info.num_frames) for i in indices], dtype=np.int64)
    frame_rows = _rows(shown[indices])
    luma_rows = _rows(shown[windows]) if length else {}
    height, width = (spec.side, spec.side) if spec.side else (info.height, info.width)
    try:
        frames = np.zeros((len(frame_rows) + 1, height, width, 3), np.uint8)
    except MemoryError:
        raise VideoError(f"{decoding.name} needs more memory than there is.") from None
    lumas = np.zeros((len(luma_rows) + 1, size, size), np.uint8)
    times, decoder = decoding.read(frames, frame_rows, lumas, luma_rows, indices)
    clip = Clip(
        frames=_gather(frames, frame_rows, shown[indices]),
        indices=tuple(indices),
        times=tuple(times),
        bursts=_gather(lumas, luma_rows, shown[windows]) if length else None,
        info=info,
        decoder=decoder,
        notes=decoding.notes,
    )
    if timeline is None and spec.protocol == "default" and len(set(indices)) == len(indices) > 1:
        clip = avoid_useless(decoding, clip)
    return replace(clip, notes=(*decoding.notes, *(note for note in clip.notes if note not in decoding.notes)))


def _shown(timeline: FrameOrder | None, num_frames: int) -> np.ndarray:
    if timeline is None:
        return np.arange(num_frames)
    shown = np.asarray(timeline(num_frames) if callable(timeline) else timeline)
    if shown.shape != (num_frames,) or not np.issubdtype(shown.dtype, np.integer):
        raise ValueError(f"a timeline of {num_frames} integers is needed, not {shown.dtype} of {shown.shape}")
    if shown.min() < BLACK or shown.max() >= num_frames:
        raise ValueError(f"frames -1 to {num_frames - 1} can be shown, not {shown.min()} to {shown.max()}")
    return shown


def _rows(sources: np.ndarray) -> dict[int, int]:
    """{source frame: row}; the row after the last one stays black."""
    unique = np.unique(sources)
    return {int(i): row for row, i in enumerate(unique[unique != BLACK])}


def _gather(pictures: np.ndarray, rows: dict[int, int], sources: np.ndarray) -> np.ndarray:
    order = np.array([rows.get(int(i), len(rows)) for i in sources.flat]).reshape(sources.shape)
    if order.ndim == 1 and np.array_equal(order, np.arange(len(order))):
        return pictures[: len(order)]
    if order.ndim == 1 and (order == order[0]).all():
        return np.broadcast_to(pictures[order[0]], (len(order), *pictures.shape[1:]))
    return pictures[order]

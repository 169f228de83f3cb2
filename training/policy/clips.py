"""A clip in order and its perturbed twins, from one decoding of the file.

The temporal reward compares what is written about a clip with what is written about its twin, the same clip with its
timeline perturbed. Twin k of a clip is always the same: its mode and its order follow from (seed, id, k).
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vqathinker.model.processing import VQAThinkerProcessor, squash
from vqathinker.video import (
    PERTURBATIONS,
    Clip,
    Crew,
    DecoderCrash,
    Limits,
    VideoInfo,
    VideoSpec,
    burst_window,
    frame_indices,
)
from vqathinker.video.decode import Decoding
from vqathinker.video.guard import check_file
from vqathinker.video.perturb import BLACK

from ..data.datasets import Item

TIMEOUT_S = 120.0


@dataclass(frozen=True)
class Twin:
    """A perturbation of one clip: `mode` of the six, and the seed of its random numbers."""

    mode: str
    seed: tuple[int, ...]

    def timeline(self, num_frames: int) -> np.ndarray:
        return PERTURBATIONS[self.mode](num_frames, np.random.default_rng(self.seed))


def twins_of(key: str, count: int, seed: int) -> list[Twin]:
    """The first `count` twins of the clip with this id; their modes differ up to the sixth."""
    crc, modes = zlib.crc32(key.encode()), list(PERTURBATIONS)
    first = int(np.random.default_rng([seed, crc]).integers(len(modes)))
    return [Twin(modes[(first + k) % len(modes)], (seed, crc, k)) for k in range(count)]


def sample_key(item: Item) -> str:
    """What tells a sample from every other: ids of different label files may be the same."""
    return f"{item.id}:{'/'.join(item.path.parts[-2:])}"


@dataclass(frozen=True)
class Variants:
    """The clip in order (variant 0) and its twins.

    frames (U, S, S, 3) uint8, squashed: every frame that any variant shows, once; picks (V, F): which of them stands at
    each sampled place; bursts (V, F, T, s, s) uint8, or None for a model without; modes (V,), "" for the clip itself.
    """

    frames: np.ndarray
    picks: np.ndarray
    bursts: np.ndarray | None
    modes: tuple[str, ...]
    info: VideoInfo

    def clip(self, variant: int) -> Clip:
        """One variant as the processor takes it, squashed already; from where in the file is not told."""
        bursts = None if self.bursts is None else self.bursts[variant]
        return Clip(self.frames[self.picks[variant]], (), (), bursts, self.info)


def read_variants(
    path: str | Path, processor: VQAThinkerProcessor, twins: list[Twin], crew: Crew | None = None
) -> Variants:
    """Decode a file once, with a process of the crew where there is one. A picture, or a video of one frame, has no
    twins: there is no order to break.

    Raises VideoError.
    """
    limits = Limits()
    kind = check_file(path, limits)
    try:
        with Decoding(path, kind, limits, TIMEOUT_S, crew=crew) as decoding:
            return _read(decoding, processor, twins)
    except DecoderCrash:
        if kind == "image":
            raise
    with Decoding(path, kind, limits, TIMEOUT_S, "pyav", crew=crew) as decoding:
        return _read(decoding, processor, twins)


def _read(decoding: Decoding, processor: VQAThinkerProcessor, twins: list[Twin]) -> Variants:
    info, spec = decoding.info, processor.video_spec
    count = info.num_frames
    twins = [] if info.is_still or count < 2 else twins
    shown = np.stack([np.arange(count), *(twin.timeline(count) for twin in twins)])
    indices = frame_indices(count, spec.frames)
    sampled = shown[:, indices]
    windows = shown[:, _windows(indices, spec, count)]
    frames, frame_rows = _room(sampled, (info.height, info.width, 3))
    lumas, luma_rows = _room(windows, (spec.burst_size, spec.burst_size))
    decoding.read(frames, frame_rows, lumas, luma_rows, [indices[0]])
    bursts = lumas[_rows_of(windows, luma_rows)] if spec.burst_length else None
    squashed = np.stack([squash(frame, processor.image_size) for frame in frames])
    return Variants(squashed, _rows_of(sampled, frame_rows), bursts, ("", *(twin.mode for twin in twins)), info)


def _windows(indices: list[int], spec: VideoSpec, count: int) -> np.ndarray:
    if not spec.burst_length:
        return np.zeros((len(indices), 0), np.int64)
    return np.array([burst_window(index, spec.burst_length, count) for index in indices], np.int64)


def _room(sources: np.ndarray, shape: tuple[int, ...]) -> tuple[np.ndarray, dict[int, int]]:
    """An array for every source frame, one black picture at its end where a variant shows one, {source: row}."""
    unique = np.unique(sources)
    rows = {int(source): row for row, source in enumerate(unique[unique != BLACK])}
    return np.zeros((len(rows) + int(BLACK in unique), *shape), np.uint8), rows


def _rows_of(sources: np.ndarray, rows: dict[int, int]) -> np.ndarray:
    return np.array([rows.get(int(source), len(rows)) for source in sources.flat], int).reshape(sources.shape)

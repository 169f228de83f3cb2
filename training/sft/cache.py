"""Clips of a manifest, decoded once: what the model takes of each, as small arrays.

DATA_DIR holds the pictures, BUILT_DIR what `training.data.build` wrote. One .npz a clip: `frames` (F, S, S, 3) uint8
squashed; `film` (N, s, s) uint8, the luma of every frame, of which bursts are parts; `facts` (4,) float32. A rated
picture keeps its own size, so that a camera can move over it (training/data/camera.py): its .npz holds `content`, its
bytes. Finished samples are skipped, so a run can be stopped and started again.

Clips are decoded in this process, without the guard that the app has between itself and strangers: the files of
BUILT_DIR come from our own encoder.
"""

from __future__ import annotations

import io
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

from vqathinker.errors import VideoError
from vqathinker.model.processing import clip_facts, squash
from vqathinker.video import Limits, VideoInfo, burst_window, frame_indices
from vqathinker.video.decode import DECODER_THREADS
from vqathinker.video.decode_pyav import decode_pyav, to_luma, to_rgb
from vqathinker.video.index import make_index

from ..common.atomic import atomic_write
from .config import ModelSettings


@dataclass(frozen=True)
class Sample:
    """A clip: `frames` (F, S, S, 3) and `film` (N, s, s), uint8; `facts` (4,) float32."""

    frames: np.ndarray
    film: np.ndarray
    facts: np.ndarray


@dataclass(frozen=True)
class Still:
    """A rated picture (H, W, 3) uint8 in its own size."""

    picture: np.ndarray


def bursts_of(film: np.ndarray, count: int, length: int) -> np.ndarray:
    """Film (N, s, s) -> bursts (count, length, s, s), the very windows that `load_clip` takes."""
    indices = frame_indices(len(film), count)
    return film[np.array([burst_window(index, length, len(film)) for index in indices])]


def sample_path(cache: Path, row: dict) -> Path:
    return cache / f"{row['id']}.npz"


def source_path(row: dict, data: Path, built: Path) -> Path:
    return (data if row["root"] == "data" else built) / row["path"]


def read_clip(path: Path, settings: ModelSettings) -> dict[str, np.ndarray]:
    """Arrays of a clip from our own encoder. Raises VideoError."""
    index = make_index(str(path), Limits())
    count, frames, film = index.num_frames, {}, {}
    wanted = frame_indices(count, settings.frames)

    def take(position: int, frame) -> None:
        film[position] = to_luma(frame, index, settings.burst_size)
        if position in wanted:
            frames[position] = squash(to_rgb(frame, index), settings.image_size)

    decode_pyav(str(path), index, range(count), take, DECODER_THREADS)
    info = VideoInfo(*index.upright, index.fps, count, index.duration_s, is_still=False)
    return {
        "frames": np.stack([frames[i] for i in wanted]),
        "film": np.stack([film[i] for i in range(count)]),
        "facts": clip_facts(info).numpy(),
    }


def read_picture(path: Path) -> dict[str, np.ndarray]:
    """The bytes of a picture that can be decoded. Raises OSError."""
    content = path.read_bytes()
    opened(content)
    return {"content": np.frombuffer(content, np.uint8)}


def opened(content: bytes) -> np.ndarray:
    """The bytes of a picture -> (H, W, 3) uint8. Raises OSError."""
    with Image.open(io.BytesIO(content)) as image:
        return np.asarray(image.convert("RGB"))


def write_sample(row: dict, data: Path, built: Path, cache: Path, settings: ModelSettings) -> str | None:
    """Decode and store one sample; the reason when it cannot be decoded."""
    target, path = sample_path(cache, row), source_path(row, data, built)
    if target.exists():
        return None
    try:
        arrays = read_clip(path, settings) if row["root"] == "out" else read_picture(path)
    except (VideoError, OSError) as error:
        return f"{path}: {error}"
    with atomic_write(target) as partial_path:
        np.savez(partial_path, **arrays)
    return None


def read_sample(cache: Path, row: dict) -> Sample | Still:
    with np.load(sample_path(cache, row)) as arrays:
        if "content" in arrays:
            return Still(opened(arrays["content"].tobytes()))
        return Sample(**{name: arrays[name] for name in ("frames", "film", "facts")})


def fill_cache(rows: list[dict], data: Path, built: Path, cache: Path, settings: ModelSettings, jobs: int) -> list[str]:
    """Store every sample that is not stored yet; returns one line for each that cannot be decoded."""
    cache.mkdir(parents=True, exist_ok=True)
    write = partial(write_sample, data=data, built=built, cache=cache, settings=settings)
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        done = pool.map(write, rows, chunksize=8)
        return [reason for reason in tqdm(done, total=len(rows), desc="decode", mininterval=10) if reason]

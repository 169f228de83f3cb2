"""Clips of a manifest, decoded once: what the model takes of each, as small arrays.

    python -m training.cache DATA_DIR BUILT_DIR CACHE_DIR

DATA_DIR holds the pictures, BUILT_DIR what `training.data.build` wrote. One .npz a sample: `frames` (F or 1, S, S, 3)
uint8 squashed; `film` (N, s, s) uint8, the luma of every frame of the clip (one for a picture), of which bursts are
parts; `facts` (4,) float32; for authentic pictures `pan` (60, s, s), the film of a slow pan over the picture. Finished
samples are skipped, so the command can be stopped and run again.

Clips are decoded in this process, without the guard that the app has between itself and strangers: the files of
BUILT_DIR come from our own encoder.
"""

from __future__ import annotations

import argparse
import zlib
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
from vqathinker.video import Limits, VideoInfo, VideoSpec, burst_window, frame_indices, load_clip
from vqathinker.video.decode_pyav import decode_pyav, to_luma, to_rgb
from vqathinker.video.index import make_index

from .command import ends_in_a_sentence
from .config import ModelSettings, load_settings
from .state import read_manifest
from .whole import whole

PAN_GROUPS = ("clive",)
PAN_SPEED = 0.002
"""Share of the picture's width that a pan moves in one frame."""
PAN_RATE, PAN_SECONDS = 30.0, 2.0


@dataclass(frozen=True)
class Sample:
    """`frames` (F or 1, S, S, 3), `film` and perhaps `pan` (N, s, s), all uint8; `facts` (4,) float32."""

    frames: np.ndarray
    film: np.ndarray
    facts: np.ndarray
    pan: np.ndarray | None = None


def bursts_of(film: np.ndarray, count: int, length: int) -> np.ndarray:
    """Film (N, s, s) -> bursts (count, length, s, s), the very windows that `load_clip` takes."""
    indices = frame_indices(len(film), count)
    return film[np.array([burst_window(index, length, len(film)) for index in indices])]


def sample_path(cache: Path, row: dict) -> Path:
    return cache / f"{row['id']}.npz"


def source_path(row: dict, data: Path, built: Path) -> Path:
    return (data if row["root"] == "data" else built) / row["path"]


def pan_film(picture: np.ndarray, size: int, rng: np.random.Generator) -> np.ndarray:
    """Luma film (60, size, size) of a slow straight pan with a window of 80% of the picture (H, W, 3)."""
    luma = Image.fromarray(picture).convert("L")
    width, height = luma.size
    speed, angle = PAN_SPEED * rng.uniform(0.5, 2.0), rng.uniform(0, 2 * np.pi)
    steps = (np.arange(int(PAN_RATE * PAN_SECONDS)) - PAN_RATE * PAN_SECONDS / 2) * speed
    film = np.empty((len(steps), size, size), np.uint8)
    for index, step in enumerate(steps):
        left = width * np.clip(0.1 + step * np.cos(angle), 0, 0.2)
        top = height * np.clip(0.1 + step * np.sin(angle), 0, 0.2)
        box = (left, top, left + 0.8 * width, top + 0.8 * height)
        film[index] = luma.resize((size, size), Image.Resampling.BILINEAR, box=box)
    return film


def read_clip(path: Path, settings: ModelSettings) -> dict[str, np.ndarray]:
    """Arrays of a clip from our own encoder. Raises VideoError."""
    index = make_index(str(path), Limits())
    count, frames, film = index.num_frames, {}, {}
    wanted = frame_indices(count, settings.frames)

    def take(position: int, frame) -> None:
        film[position] = to_luma(frame, index, settings.burst_size)
        if position in wanted:
            frames[position] = squash(to_rgb(frame, index), settings.image_size)

    decode_pyav(str(path), index, range(count), take)
    info = VideoInfo(*index.upright, index.fps, count, index.duration_s, is_still=False)
    return {
        "frames": np.stack([frames[i] for i in wanted]),
        "film": np.stack([film[i] for i in range(count)]),
        "facts": clip_facts(info).numpy(),
    }


def read_picture(row: dict, path: Path, settings: ModelSettings) -> dict[str, np.ndarray]:
    """Arrays of a still picture. Raises VideoError."""
    clip = load_clip(path, VideoSpec(settings.frames, settings.burst_length, settings.burst_size))
    arrays = {
        "frames": squash(clip.frames[0], settings.image_size)[None],
        "film": clip.bursts[0, :1],
        "facts": clip_facts(clip.info).numpy(),
    }
    if row["group"] in PAN_GROUPS:
        rng = np.random.default_rng([row["seed"], zlib.crc32(row["id"].encode())])
        arrays["pan"] = pan_film(clip.frames[0], settings.burst_size, rng)
    return arrays


def write_sample(row: dict, data: Path, built: Path, cache: Path, settings: ModelSettings) -> str | None:
    """Decode and store one sample; the reason when it cannot be decoded."""
    target, path = sample_path(cache, row), source_path(row, data, built)
    if target.exists():
        return None
    try:
        arrays = read_clip(path, settings) if row["root"] == "out" else read_picture(row, path, settings)
    except (VideoError, OSError) as error:
        return f"{path}: {error}"
    with whole(target) as partial_path:
        np.savez(partial_path, **arrays)
    return None


def read_sample(cache: Path, row: dict) -> Sample:
    with np.load(sample_path(cache, row)) as arrays:
        return Sample(**{name: arrays.get(name) for name in ("frames", "film", "facts", "pan")})


def fill_cache(rows: list[dict], data: Path, built: Path, cache: Path, settings: ModelSettings, jobs: int) -> list[str]:
    """Store every sample that is not stored yet; returns one line for each that cannot be decoded."""
    cache.mkdir(parents=True, exist_ok=True)
    write = partial(write_sample, data=data, built=built, cache=cache, settings=settings)
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        done = pool.map(write, rows, chunksize=8)
        return [reason for reason in tqdm(done, total=len(rows), desc="decode", mininterval=10) if reason]


def main() -> None:
    parser = argparse.ArgumentParser(description="Decode the clips of a manifest once.")
    parser.add_argument("data", type=Path, help="folder of the source pictures and clips")
    parser.add_argument("built", type=Path, help="folder that training.data.build wrote")
    parser.add_argument("cache", type=Path, help="folder for the arrays")
    parser.add_argument("--config", type=Path, default=Path("training/configs/tiny_sft.yaml"))
    parser.add_argument("--jobs", type=int, default=2, help="decoders at a time")
    args = parser.parse_args()
    with ends_in_a_sentence("cache"):
        rows = read_manifest(args.built)
        failed = fill_cache(rows, args.data, args.built, args.cache, load_settings(args.config).model, args.jobs)
    print(*failed, sep="\n")
    print(f"{len(rows) - len(failed)} samples decoded, {len(failed)} left out")


if __name__ == "__main__":
    main()

"""Clips of a manifest, decoded once: what the model takes of each, as small arrays.

    python -m training.cache DATA_DIR BUILT_DIR CACHE_DIR

DATA_DIR holds the pictures, BUILT_DIR what `training.data.build` wrote. One .npz a sample: `frames` (F or 1, S, S, 3)
uint8 squashed, `bursts` (F, T, s, s) uint8, `facts` (4,) float32, and for authentic pictures `pan_bursts`, the bursts
of a slow pan over the picture. Finished samples are skipped, so the command can be stopped and run again.
"""

from __future__ import annotations

import argparse
import os
import zlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

from vqathinker.errors import VideoError
from vqathinker.model.processing import clip_facts, squash
from vqathinker.video import VideoSpec, load_clip

from .config import ModelSettings, load_settings
from .state import read_jsonl

PAN_GROUPS = ("clive",)
PAN_SPEED = 0.002
"""Share of the picture's width that a pan moves in one frame."""


@dataclass(frozen=True)
class Sample:
    """One cached sample: `frames` (F or 1, S, S, 3), `bursts` (F, T, s, s), uint8; `facts` (4,) float32."""

    frames: np.ndarray
    bursts: np.ndarray
    facts: np.ndarray
    pan_bursts: np.ndarray | None


def sample_path(cache: Path, row: dict) -> Path:
    return cache / f"{row['id']}.npz"


def source_path(row: dict, data: Path, built: Path) -> Path:
    return (data if row["root"] == "data" else built) / row["path"]


def pan_bursts(picture: np.ndarray, settings: ModelSettings, rng: np.random.Generator) -> np.ndarray:
    """Luma bursts (F, T, s, s) of a slow straight pan with a window of 80% of the picture (H, W, 3)."""
    luma = Image.fromarray(picture).convert("L")
    width, height = luma.size
    runs, length, size = settings.frames, settings.burst_length, settings.burst_size
    speed = PAN_SPEED * rng.uniform(0.5, 2.0)
    angle = rng.uniform(0, 2 * np.pi)
    times = (np.arange(runs)[:, None] * 10 + np.arange(length)).ravel() * speed
    times = times - times.mean()
    bursts = np.empty((len(times), size, size), np.uint8)
    for index, t in enumerate(times):
        left = width * np.clip(0.1 + t * np.cos(angle), 0, 0.2)
        top = height * np.clip(0.1 + t * np.sin(angle), 0, 0.2)
        box = (left, top, left + 0.8 * width, top + 0.8 * height)
        bursts[index] = luma.resize((size, size), Image.Resampling.BILINEAR, box=box)
    return bursts.reshape(runs, length, size, size)


def make_sample(row: dict, path: Path, settings: ModelSettings) -> dict[str, np.ndarray]:
    """Decode one sample. Raises VideoError."""
    spec = VideoSpec(settings.frames, settings.burst_length, settings.burst_size)
    clip = load_clip(path, spec)
    frames = clip.frames[:1] if clip.info.is_still else clip.frames
    arrays = {
        "frames": np.stack([squash(frame, settings.image_size) for frame in frames]),
        "bursts": clip.bursts,
        "facts": clip_facts(clip.info).numpy(),
    }
    if row["group"] in PAN_GROUPS:
        arrays["pan_bursts"] = pan_bursts(
            clip.frames[0], settings, np.random.default_rng([row["seed"], zlib.crc32(row["id"].encode())])
        )
    return arrays


def write_sample(row: dict, path: Path, target: Path, settings: ModelSettings) -> str | None:
    """Decode and store one sample; the reason when it cannot be decoded."""
    if target.exists():
        return None
    try:
        arrays = make_sample(row, path, settings)
    except VideoError as error:
        return f"{path}: {error}"
    temporary = target.with_name(f".{target.stem}.partial.npz")
    np.savez(temporary, **arrays)
    os.replace(temporary, target)
    return None


def read_sample(cache: Path, row: dict) -> Sample:
    with np.load(sample_path(cache, row)) as arrays:
        return Sample(**{name: arrays.get(name) for name in ("frames", "bursts", "facts", "pan_bursts")})


def fill_cache(rows: list[dict], data: Path, built: Path, cache: Path, settings: ModelSettings, jobs: int) -> list[str]:
    """Store every sample that is not stored yet; returns one line for each that cannot be decoded."""
    cache.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(jobs) as pool:
        done = pool.map(
            lambda row: write_sample(row, source_path(row, data, built), sample_path(cache, row), settings), rows
        )
        return [reason for reason in tqdm(done, total=len(rows), desc="decode", mininterval=10) if reason]


def main() -> None:
    parser = argparse.ArgumentParser(description="Decode the clips of a manifest once.")
    parser.add_argument("data", type=Path, help="folder of the source pictures and clips")
    parser.add_argument("built", type=Path, help="folder that training.data.build wrote")
    parser.add_argument("cache", type=Path, help="folder for the arrays")
    parser.add_argument("--config", type=Path, default=Path("training/configs/tiny_sft.yaml"))
    parser.add_argument("--jobs", type=int, default=2, help="decoders at a time")
    args = parser.parse_args()
    rows = read_jsonl(args.built / "manifest.jsonl")
    failed = fill_cache(rows, args.data, args.built, args.cache, load_settings(args.config).model, args.jobs)
    print(*failed, sep="\n")
    print(f"{len(rows) - len(failed)} samples decoded, {len(failed)} left out")


if __name__ == "__main__":
    main()

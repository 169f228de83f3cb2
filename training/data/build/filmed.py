"""Rated pictures filmed by a moving camera: encoded clips with a human score.

Without them nearly every clip that the model learns from is degraded, and being an encoded, moving file would be a
reason for a low score. Of the training pictures all kinds are filmed. Of the held-out ones those that people liked:
clips without a defect, which measure how often the model invents one in what moves as it should, and whether its level
is that of people.
"""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from training.data import ffmpeg
from training.data.build.sources import Content, seeded_rng
from training.data.camera import FPS, cut_camera, moving_camera
from training.data.reasoning import GOOD_MOS

MOST = {"train": 900, "val": 240}
SIDES = {"train": (360, 480, 480, 640), "val": (480,)}
CUT_SHARE = {"train": 0.1, "val": 0.0}
FAMILY = "filmed"


def filmed_rows(contents: list[Content], data_dir: Path, out_dir: Path, seed: int, jobs: int) -> list[dict]:
    """Manifest rows of clips over at most `MOST` rated pictures of each split, of the validation pictures only those
    that people liked; the files are in OUT_DIR/videos afterwards."""
    rated = [one for one in contents if one.mos is not None]
    chosen = [*_some(rated, "train", 0.0, seed), *_some(rated, "val", GOOD_MOS, seed)]
    make = partial(_filmed_row, data_dir=data_dir, out_dir=out_dir, seed=seed)
    with ProcessPoolExecutor(jobs) as pool:
        return list(pool.map(make, chosen, chunksize=4))


def _some(rated: list[Content], split: str, least: float, seed: int) -> list[Content]:
    fit = [one for one in rated if one.split == split and one.mos >= least]
    order = seeded_rng(seed, FAMILY).permutation(len(fit))[: MOST[split]]
    return [fit[index] for index in sorted(order)]


def _filmed_row(content: Content, data_dir: Path, out_dir: Path, seed: int) -> dict:
    name = f"{content.group}-{Path(content.path).stem}__{FAMILY}"
    target = out_dir / "videos" / f"{name}.mp4"
    if not target.exists():
        rng = seeded_rng(seed, FAMILY, content.path)
        camera = moving_camera(rng)
        if rng.random() < CUT_SHARE[content.split]:
            camera = cut_camera(rng)
        side = int(rng.choice(SIDES[content.split]))
        with Image.open(data_dir / content.path) as image:
            picture = image.convert("RGB")
        shots = [camera.shot(picture, index, side, Image.Resampling.LANCZOS) for index in range(len(camera))]
        ffmpeg.encode_frames(np.stack(shots), FPS, target)
    return {
        "id": name,
        "path": f"videos/{name}.mp4",
        "root": "out",
        "content": content.content,
        "group": content.group,
        "split": content.split,
        "kind": "human",
        "mos": content.mos,
        "mos_std": None,
        "family": FAMILY,
        "variant": FAMILY,
        "strength": 0.0,
        "vmaf": None,
        "ladder": None,
        "defects": [],
        "facts": asdict(ffmpeg.facts(target)),
        "licence": content.licence,
        "redistributable": content.redistributable,
        "seed": seed,
    }

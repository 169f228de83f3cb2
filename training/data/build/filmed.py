"""Held-out pictures that people liked, filmed by a moving camera: clips without a defect, with a human score.

They measure how often the model invents a defect in what moves as it should, and whether its level is that of people.
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
from training.data.camera import FPS, moving_camera
from training.data.reasoning import GOOD_MOS

MOST = 240
SIDE = 480
FAMILY = "filmed"


def filmed_rows(contents: list[Content], data_dir: Path, out_dir: Path, seed: int, jobs: int) -> list[dict]:
    """Manifest rows of clips over at most `MOST` of the validation pictures that people liked; the files are in
    OUT_DIR/videos afterwards."""
    liked = [one for one in contents if one.split == "val" and one.mos is not None and one.mos >= GOOD_MOS]
    order = seeded_rng(seed, FAMILY).permutation(len(liked))[:MOST]
    make = partial(_filmed_row, data_dir=data_dir, out_dir=out_dir, seed=seed)
    with ProcessPoolExecutor(jobs) as pool:
        return list(pool.map(make, [liked[index] for index in sorted(order)]))


def _filmed_row(content: Content, data_dir: Path, out_dir: Path, seed: int) -> dict:
    name = f"{content.group}-{Path(content.path).stem}__{FAMILY}"
    target = out_dir / "videos" / f"{name}.mp4"
    if not target.exists():
        camera = moving_camera(seeded_rng(seed, FAMILY, content.path))
        with Image.open(data_dir / content.path) as image:
            picture = image.convert("RGB")
        shots = [camera.shot(picture, index, SIDE, Image.Resampling.LANCZOS) for index in range(len(camera))]
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

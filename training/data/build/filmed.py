"""Rated pictures filmed by a moving camera: encoded clips with a human score.

Nearly every other clip that GRPO shows is degraded, so that being a moving file would be a reason for a low score: of
the pictures whose scores are kept for GRPO some of all kinds are filmed, now and then with a cut to another part of the
picture. Of the held-out pictures those that people liked: clips without a defect, which measure how often the model
invents one in what moves as it should, and whether its level is that of people.
"""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from functools import partial
from pathlib import Path

from training.common.metrics import FILMED
from training.data import ffmpeg
from training.data.build.liked import film_picture
from training.data.build.sources import draw_some, seeded_rng
from training.data.camera import cut_camera, moving_camera
from training.data.reasoning import GOOD_MOS

MOST_FILMED = {"grpo": 500, "val": 240}
LEAST_MOS = {"grpo": 1.0, "val": GOOD_MOS}
FILMED_SIDES = {"grpo": (360, 480, 480, 640), "val": (480,)}
CUT_SHARE = {"grpo": 0.1, "val": 0.0}


def filmed_rows(pictures: list[dict], data_dir: Path, out_dir: Path, seed: int, jobs: int) -> list[dict]:
    """Manifest rows of clips over at most `MOST_FILMED` of the rated pictures of each split, given the rows of these;
    the files are in OUT_DIR/videos afterwards."""
    chosen = [row for split in MOST_FILMED for row in _some(pictures, split, seed)]
    make = partial(_filmed_row, data_dir=data_dir, out_dir=out_dir, seed=seed)
    with ProcessPoolExecutor(jobs) as pool:
        return list(pool.map(make, chosen, chunksize=4))


def _some(pictures: list[dict], split: str, seed: int) -> list[dict]:
    fit = [row for row in pictures if row["split"] == split and row["mos"] >= LEAST_MOS[split]]
    return draw_some(fit, MOST_FILMED[split], seed, FILMED)


def _filmed_row(picture: dict, data_dir: Path, out_dir: Path, seed: int) -> dict:
    name, split = f"{picture['id']}__{FILMED}", picture["split"]
    target = out_dir / "videos" / f"{name}.mp4"
    if not target.exists():
        rng = seeded_rng(seed, FILMED, picture["path"])
        camera = moving_camera(rng)
        if rng.random() < CUT_SHARE[split]:
            camera = cut_camera(rng)
        side = int(rng.choice(FILMED_SIDES[split]))
        film_picture(data_dir / picture["path"], camera, side, target)
    return picture | {
        "id": name,
        "path": f"videos/{name}.mp4",
        "root": "out",
        "mos_std": None,
        "family": FILMED,
        "variant": FILMED,
        "vmaf": None,
        "defects": [],
        "facts": asdict(ffmpeg.facts(target)),
    }

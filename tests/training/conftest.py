"""A data folder in small: two scenes (one filmed twice), two photographs, rated pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from training.data import ffmpeg
from training.data.build.run import build_data


def texture(rng: np.random.Generator, width: int, height: int) -> np.ndarray:
    """Smooth colored shapes with some fine detail, (height, width, 3) uint8."""
    coarse = Image.fromarray(rng.integers(0, 256, (9, 16, 3), dtype=np.uint8)).resize((width, height), Image.BICUBIC)
    fine = Image.fromarray(rng.integers(0, 256, (height // 4, width // 4, 3), dtype=np.uint8)).resize((width, height))
    return (0.75 * np.asarray(coarse, float) + 0.25 * np.asarray(fine, float)).astype(np.uint8)


def moving(rng: np.random.Generator, count: int, width: int = 160, height: int = 96) -> np.ndarray:
    wide = texture(rng, width + 3 * count, height)
    return np.stack([wide[:, 3 * i : 3 * i + width] for i in range(count)])


def rated(folder: Path, name: str, rng: np.random.Generator, size: int) -> None:
    Image.fromarray(texture(rng, size, size)).save(folder / name)


@pytest.fixture(scope="session")
def data_dir(tmp_path_factory) -> Path:
    return write_data(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="session")
def built_dir(data_dir: Path, tmp_path_factory) -> Path:
    """What the recipe builds of it, with four degraded clips; no test changes it."""
    out = tmp_path_factory.mktemp("built")
    build_data(data_dir, out, jobs=1, limit=4, max_lines=96)
    return out


def write_data(root: Path) -> Path:
    """Fill an empty folder."""
    rng = np.random.default_rng(0)
    for group in ("clips", "photos", "clive", "avt_uhd", "biq2021"):
        (root / group).mkdir()
    rows = ["file,scene,group,licence,source,width,height,fps,frames,allow_redistribution"]
    for name, scene in (("park_a", "park"), ("park_b", "park"), ("room", "room")):
        ffmpeg.encode_frames(moving(rng, 30), 24, root / "clips" / f"{name}.mp4")
        rows.append(f"{name}.mp4,{scene},clean_real,CC0-1.0,made up,160,96,24,30,yes")
    (root / "clips/clips.csv").write_text("\n".join(rows) + "\n")
    for name in ("hill", "sea"):
        Image.fromarray(texture(rng, 320, 200)).save(root / f"photos/{name}.jpg")
    (root / "photos/photos.csv").write_text(
        "file,source,licence,width,height\nhill.jpg,made up,CC0-1.0,320,200\nsea.jpg,made up,Unsplash License,320,200\n"
    )
    rows = ["file,mos,std,width,height"]
    for index in range(5):
        rated(root / "clive", f"{index}.jpg", rng, 128)
        rows.append(f"{index}.jpg,{2 + index / 2},0.6,128,128")
    (root / "clive/labels.csv").write_text("\n".join(rows) + "\n")
    rows = ["file,mos,split,subset,content,width,height"]
    for index in range(18):
        rated(root / "biq2021", f"ss03 ({index}).jpg", rng, 96)
        split, mos = "test" if index >= 14 else "train", 3.9 + index / 40 if index % 5 else 2.1
        rows.append(f"ss03 ({index}).jpg,{mos},{split},ss03,scene{index},96,96")
    (root / "biq2021/labels.csv").write_text("\n".join(rows) + "\n")
    rows = ["file,source,crf,enc_height,mos,std,vmaf,width,height"]
    for index in range(24):
        lines, crf = 144 + 32 * index, 4 + 12 * (index % 3)
        rated(root / "avt_uhd", f"{index}.jpg", rng, min(lines, 160))
        mos = 1.4 + 2.8 * index / 23 - crf / 80 * (index > 0)
        vmaf = 5 + 4 * index - crf / 4
        rows.append(f"{index}.jpg,source{index % 6},{crf},{lines},{mos},0.5,{vmaf},{lines},{lines}")
    (root / "avt_uhd/labels.csv").write_text("\n".join(rows) + "\n")
    return root

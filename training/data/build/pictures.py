"""Rows of the pictures with human scores: their MOS, and only such defects as are measured beyond doubt."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

from training.data.build.labels import defect_list, size_severity
from training.data.build.sources import Content
from training.data.measure import Measurements, measure_frame

SHARPNESS = ((0.020, "severe"), (0.030, "noticeable"), (0.048, "slight"))
DARK_LUMAS = ((0.05, "severe"), (0.09, "noticeable"), (0.15, "slight"))
LOW_SPREADS = ((0.20, "severe"), (0.32, "noticeable"), (0.46, "slight"))
BLOWN_SHARES = ((0.45, "severe"), (0.30, "noticeable"), (0.20, "slight"))
BLOCKINESS = ((2.2, "severe"), (1.8, "noticeable"), (1.5, "slight"))
CRF = ((32, "severe"), (26, "noticeable"), (21, "slight"))
MINDED_MOS = 3.0
"""What people rated better they did not mind: what a measurement finds there is no defect. The limits above are passed
by hardly one in twenty of the pictures of BIQ2021 and LIVE-Challenge that people liked (MOS of 3.8 or more)."""
NIGHT_SPREAD = 0.75
BRIGHT_LUMA = 0.6
AVT_VMAF = 60.0


def _below(value: float, limits: tuple[tuple[float, str], ...]) -> str | None:
    return next((severity for limit, severity in limits if value < limit), None)


def _from(value: float, limits: tuple[tuple[float, str], ...]) -> str | None:
    return next((severity for limit, severity in limits if value >= limit), None)


def table_defects(content: Content) -> list[tuple[str, str | None]]:
    """Defects of a picture of `avt_uhd`, as (name, severity or None): what its table says, its size and its crf."""
    hurt = content.vmaf is not None and content.vmaf < AVT_VMAF and content.crf is not None
    return [
        ("low_resolution", size_severity(content.width, content.height)),
        ("compression", _from(content.crf, CRF) if hurt else None),
    ]


def measured_defects(m: Measurements) -> list[tuple[str, str | None]]:
    """Defects of a picture of `clive` or `biq2021` that are proven by a measurement, as (name, severity or None); only
    of those that people rated below `MINDED_MOS`: what they liked has no defect, however dark or soft it is.

    Blur, exposure, contrast, blockiness, where hardly one liked picture passes the limit (a dark picture with lights is
    a night scene, not underexposed). Noise and color are never named: their statistics follow the content more than the
    fault.
    """
    dark = _below(m.luma, DARK_LUMAS) if m.spread < NIGHT_SPREAD else None
    return [
        ("blur", _below(m.sharpness, SHARPNESS)),
        ("underexposure", dark),
        ("overexposure", _from(m.blown, BLOWN_SHARES) if m.luma > BRIGHT_LUMA else None),
        ("low_contrast", None if dark else _below(m.spread, LOW_SPREADS)),
        ("compression", _from(m.blockiness, BLOCKINESS)),
    ]


def picture_rows(data_dir: Path, contents: list[Content], seed: int, jobs: int = 1) -> list[dict]:
    """Manifest rows of the rated pictures, referenced where they are (root "data")."""
    row_of = partial(_picture_row, data_dir=data_dir, seed=seed)
    if jobs == 1:
        return [row_of(content) for content in tqdm(contents, desc="pictures", mininterval=5)]
    with ProcessPoolExecutor(jobs) as pool:
        rows = pool.map(row_of, contents, chunksize=32)
        return list(tqdm(rows, total=len(contents), desc="pictures", mininterval=5))


def _picture_row(content: Content, data_dir: Path, seed: int) -> dict:
    return {
        "id": f"{content.group}-{Path(content.path).stem}",
        "path": content.path,
        "root": "data",
        "content": content.content,
        "group": content.group,
        "split": content.split,
        "kind": "human",
        "mos": content.mos,
        "mos_std": content.mos_std,
        "family": "authentic",
        "variant": content.group,
        "strength": 0.0,
        "ladder": None,
        "defects": defect_list(_defects_of(content, data_dir)),
        "vmaf": content.vmaf,
        "facts": {
            "width": content.width,
            "height": content.height,
            "fps": 0.0,
            "num_frames": 1,
            "duration_s": 0.0,
        },
        "licence": content.licence,
        "redistributable": content.redistributable,
        "seed": seed,
    }


def _defects_of(content: Content, data_dir: Path) -> list[tuple[str, str | None]]:
    if content.group == "avt_uhd":
        return table_defects(content)
    if content.mos is None or content.mos >= MINDED_MOS:
        return []
    with Image.open(data_dir / content.path) as image:
        return measured_defects(measure_frame(np.asarray(image.convert("RGB"))))

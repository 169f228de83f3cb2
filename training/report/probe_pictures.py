"""Small pictures of the videos that the tab "How it learned" talks about, of those whose licence allows it.

A picture is given on where the manifest of the built set says so (`redistributable`). The collections of rated pictures
ask for their notice to go along: without LICENSE.txt in their folder of DATA_DIR they are left out.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from ..common.atomic import atomic_write
from ..common.io import read_manifest, require_data

LICENCES = "pictures.txt"
PICTURE_SIDE, QUALITY = 208, 82
"""Pixels of the longer side: twice what the page shows."""
OWNERS = {
    "clive": "LIVE In the Wild, (c) 2015 The University of Texas at Austin",
    "avt_uhd": "AVT image quality test, TU Ilmenau (GPL-3.0)",
}
"""Collections that want their notice beside every copy, and how they are credited."""


@dataclass(frozen=True)
class Picture:
    """A JPEG as a data address, whose it is, and the notice that must go along ("" where a credit is enough)."""

    address: str
    credit: str
    notice: str = ""


def read_pictures(ids: Iterable[str], data: Path, built: Path) -> dict[str, Picture]:
    """Pictures of those samples that may be shown. Raises ValueError and VideoError."""
    require_data(data)
    wanted = set(ids)
    rows = [row for row in read_manifest(built) if row["id"] in wanted and row.get("redistributable")]
    found = {row["id"]: _picture(row, data, built) for row in rows}
    return {name: picture for name, picture in found.items() if picture}


def _picture(row: dict, data: Path, built: Path) -> Picture | None:
    credit, notice = row["licence"], ""
    if row["group"] in OWNERS:
        path = data / row["group"] / "LICENSE.txt"
        if not path.is_file():
            return None
        credit, notice = OWNERS[row["group"]], path.read_text(encoding="utf-8")
    from ..sft.cache import source_path  # torch, only once there is something to do

    return Picture(small_jpeg(source_path(row, data, built)), credit, notice)


def small_jpeg(path: Path) -> str:
    """The middle one of the frames that a model would be shown, in the shape of the film."""
    from vqathinker.video import VideoSpec, load_clip

    clip = load_clip(path, VideoSpec())
    width, height = clip.info.width, clip.info.height
    scale = min(1.0, PICTURE_SIDE / max(width, height))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    stream = io.BytesIO()
    image = Image.fromarray(clip.frames[len(clip.frames) // 2])
    image.resize(size, Image.Resampling.LANCZOS).save(stream, "JPEG", quality=QUALITY, optimize=True)
    return "data:image/jpeg;base64," + base64.b64encode(stream.getvalue()).decode()


def write_licences(pictures: Mapping[str, Picture], path: Path) -> None:
    """Whose the pictures are, and every notice in full."""
    owners = "".join(f"{name}: {picture.credit}\n" for name, picture in pictures.items())
    different = dict.fromkeys(picture.notice for picture in pictures.values())
    notices = "".join(f"\n{notice.strip()}\n" for notice in different if notice)
    with atomic_write(path) as partial:
        partial.write_text(f"Pictures in training.json, reduced:\n\n{owners}{notices}", encoding="utf-8")

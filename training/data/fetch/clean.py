"""The clean sources: clips cut from recordings, photographs reduced, both from where tables/*.csv say."""

from __future__ import annotations

import io
from pathlib import Path
from tempfile import TemporaryDirectory

import av
from PIL import Image, UnidentifiedImageError
from tqdm import tqdm

from training.common.atomic import atomic_write
from training.data import ffmpeg
from training.data.fetch.origins import Origins
from training.data.tables import read_table, write_table

CLIP_X264 = ("-c:v", "libx264", "-preset", "medium", "-crf", "19")
CLIP_COLUMNS = ("file", "scene", "group", "licence", "source", "width", "height", "fps", "frames")
CLIP_COLUMNS += ("allow_redistribution", "attribution", "split")
PHOTO_COLUMNS = ("file", "source", "licence", "width", "height")
JPEG = {"quality": 90}
UNSPECIFIED, HD_LINES = 2, 720
BEFORE = 0.4
"""Share of a frame by which a cut starts early, so that rounding does not lose its first frame."""


def write_clips(origins: Origins, folder: Path) -> Path:
    """Cut the clips of tables/clips.csv into the folder and write clips.csv with those that are there."""
    return _write(origins, folder, read_table("clips.csv"), _cut, CLIP_COLUMNS, "clips")


def write_photos(origins: Origins, folder: Path) -> Path:
    """Write the photographs of tables/photos.csv, and photos.csv with those that are there."""
    return _write(origins, folder, read_table("photos.csv"), _photo, PHOTO_COLUMNS, "photos")


def _write(origins: Origins, folder: Path, rows: list[dict], make, columns: tuple[str, ...], title: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    open_rows = [row for row in rows if not (folder / row["file"]).is_file()]
    with tqdm(total=len(open_rows), desc=title, mininterval=5) as bar:
        for some, content in origins.rows(open_rows):
            for row in some:
                make(row, content, folder / row["file"])
                bar.update()
    there = [row for row in rows if (folder / row["file"]).is_file()]
    if not there:
        raise ValueError(f"none of the {len(rows)} files of {title} could be had")
    if len(there) < len(rows):
        lacking = [row["file"] for row in rows if row not in there]
        print(f"{title}: {len(lacking)} of {len(rows)} could not be had: {', '.join(lacking)}", flush=True)
    return write_table(folder / f"{title}.csv", columns, there)


def _cut(row: dict[str, str], content: bytes, target: Path) -> None:
    with TemporaryDirectory(prefix=".cut-", dir=target.parent) as name:
        source = Path(name) / "source"
        source.write_bytes(content)
        cut_clip(source, target, float(row["start"]), int(row["frames"]), (int(row["width"]), int(row["height"])))


def cut_clip(source: Path, target: Path, start: float, frames: int, size: tuple[int, int]) -> None:
    """Cut `frames` frames from `start` seconds on, at `size` (width, height), as BT.709.

    A recording that states no matrix is taken for BT.709 from 720 lines on and for BT.601 below, as players do.
    """
    with av.open(str(source)) as container:
        stream = container.streams.video[0]
        fps, matrix = float(stream.average_rate), stream.codec_context.colorspace
        read_as = "bt709" if stream.height >= HD_LINES else "bt601"
    given = f":in_color_matrix={read_as}" if matrix == UNSPECIFIED else ""
    scale = f"scale={size[0]}:{size[1]}:flags=lanczos{given}:out_color_matrix=bt709:out_range=tv"
    before = ("-ss", f"{max(0.0, start - BEFORE / fps):.4f}")
    codec = (*CLIP_X264, "-frames:v", str(frames))
    ffmpeg.encode_file(source, target, f"{scale},setsar=1,{ffmpeg.SET_BT709}", codec, before)


def _photo(row: dict[str, str], content: bytes, target: Path) -> None:
    try:
        with Image.open(io.BytesIO(content)) as image:
            picture = image.convert("RGB")
    except (UnidentifiedImageError, OSError):
        raise ValueError(f"{row['path']} of {row['origin']} is no picture") from None
    size = int(row["width"]), int(row["height"])
    with atomic_write(target) as partial:
        picture.resize(size, Image.Resampling.LANCZOS).save(partial, "JPEG", **JPEG)

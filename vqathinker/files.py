"""Which files look like videos or still images, by their names; and the time in a video, as players show it."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

VIDEOS = tuple(".mp4 .m4v .mov .mkv .webm .avi .ts .m2ts .mts .mpg .mpeg .3gp .ogv .gif .flv .wmv .mxf .y4m".split())
STILLS = (".jpg", ".jpeg", ".png", ".webp", ".bmp")
FORMATS = "MP4, MOV, WebM, MKV, AVI, MPEG-TS, MPEG, Ogg, FLV, WMV, MXF, Y4M, GIF, JPEG, PNG, WebP, BMP"
"""What can be rated, in words."""


def written_path(given: str | Path) -> str:
    """A path as it is written; of a web address, which is told apart later, both strokes stay, and no name is none."""
    return str(given) if not str(given) or "://" in str(given) else str(Path(given))


def clock(seconds: float) -> str:
    """The time in a video, to a tenth of a second.

    >>> clock(72.25), clock(3600)
    ('1:12.2', '1:00:00.0')
    """
    tenths = round(seconds * 10)
    minutes, hours = tenths // 600 % 60, tenths // 36000
    rest = f"{tenths // 10 % 60:02}.{tenths % 10}"
    return f"{hours}:{minutes:02}:{rest}" if hours else f"{minutes}:{rest}"


def find_files(paths: Iterable[str | Path]) -> list[str]:
    """Each file once: a path as it is given, a folder as the sorted videos and still images under it."""
    found: dict[str, None] = {}
    for given in map(written_path, paths):
        path = Path(given)
        inside = (p for p in sorted(path.rglob("*")) if p.suffix.lower() in VIDEOS + STILLS and p.is_file())
        found.update(dict.fromkeys(str(p) for p in (inside if os.path.isdir(given) else [given])))
    return list(found)

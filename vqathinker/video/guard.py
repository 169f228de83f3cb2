"""Refuses what cannot or should not be decoded, before a decoder sees it."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

from vqathinker.errors import VideoError
from vqathinker.video.intact import CutOffError, check_intact
from vqathinker.video.spec import Limits

HEAD_BYTES = 4096
FIRST_BOXES = {b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot", b"styp", b"moof", b"sidx"}
PICTURE_BRANDS = {b"avif", b"heic", b"heix", b"heif", b"mif1"}
FIRST_BYTES = {
    "mpeg": (b"\0\0\1\xba", b"\0\0\1\xb3"),
    "ogg": (b"OggS",),
    "y4m": (b"YUV4MPEG2 ",),
    "flv": (b"FLV\1",),
    "asf": (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11",),
    "mxf": (b"\6\x0e\x2b\x34",),
    "gif": (b"GIF87a", b"GIF89a"),
    "matroska": (b"\x1a\x45\xdf\xa3",),
    "image": (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"BM"),
}
"""First bytes of what can be rated, MP4 and its kind apart."""
SOUND_HEADS = (b"ID3", b"fLaC", b"\xff\xfb", b"\xff\xf3", b"\xff\xf1")
TS_PACKET = 188
ADDRESS = re.compile(r"(https?|ftp|s3|gs|hf|rtsp|rtmp):/")


def check_file(path: str | os.PathLike, limits: Limits, whole: bool = True) -> str:
    """Return "video" or "image", by the first bytes of the file and never by its name.

    Raises VideoError for what is missing, no file, empty, too large, nothing that can be rated, or, where it must be
    `whole`, cut off.
    """
    refuse_other_places(os.fspath(path))
    path = Path(path)
    size = _size(path, limits)
    try:
        with open(path, "rb") as file:
            kind = _sniff(path.name, file.read(HEAD_BYTES))
            check_intact(path.name, kind, file, size, limits)
    except CutOffError:
        if whole:
            raise
    except OSError as error:
        raise VideoError(f"{path.name} cannot be read: {error.strerror or error}.") from None
    return "image" if kind == "image" else "video"


def refuse_other_places(path: str | bytes) -> None:
    """Raises VideoError for what is no file here: no name at all, standard input, a web address."""
    name = os.fsdecode(path)
    if not name:  # not the folder that one is in, for which pathlib takes it
        raise VideoError("The name of a file is empty.")
    if name == "-":
        raise VideoError("Standard input cannot be rated: write it to a file first.")
    if ADDRESS.match(name):
        raise VideoError(f"{name} is a web address, which is not fetched: download it first.")


def check_pixels(name: str, width: int, height: int, limits: Limits) -> None:
    """Raises VideoError unless the picture is of a size that can be rated."""
    if min(width, height) < limits.min_side:
        raise VideoError(f"{name} is only {width}x{height} pixels; a side must have at least {limits.min_side}.")
    if max(width, height) > limits.max_side or width * height > limits.max_pixels:
        raise VideoError(
            f"{name} is {width}x{height} pixels; the limit is {limits.max_side} a side "
            f"and {limits.max_pixels / 1e6:g} million in all."
        )


def _size(path: Path, limits: Limits) -> int:
    try:
        status = os.stat(path)
    except FileNotFoundError:
        raise VideoError(f"{path} does not exist.") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise VideoError(f"{path.name} cannot be read: {reason}.") from None
    if stat.S_ISDIR(status.st_mode):
        raise VideoError(f"{path} is a folder, not a video.")
    if not stat.S_ISREG(status.st_mode):
        raise VideoError(f"{path} is not an ordinary file.")
    if status.st_size == 0:
        raise VideoError(f"{path.name} is empty (zero bytes).")
    if status.st_size > limits.max_bytes:
        found, limit = status.st_size / 1024**2, limits.max_bytes / 1024**2
        raise VideoError(f"{path.name} has {found:.1f} MB; the limit is {limit:g} MB.")
    return status.st_size


def _sniff(name: str, head: bytes) -> str:
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if text.startswith((b"#EXTM3U", b"ffconcat", b"[playlist]")) or b"<MPD" in text[:600]:
        raise VideoError(f"{name} is a playlist that points to other files, not a video.")
    if head[4:8] == b"ftyp" and head[8:12] in PICTURE_BRANDS:
        raise VideoError(f"{name} is a HEIF or AVIF picture; please convert it to JPEG or PNG.")
    if head[4:8] in FIRST_BOXES:
        return "mp4"
    for kind, starts in FIRST_BYTES.items():
        if head.startswith(starts):
            return kind
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "image"
    if head.startswith(b"RIFF") and head[8:12] == b"AVI ":
        return "avi"
    if any(_is_ts(head, offset, step) for offset, step in ((0, TS_PACKET), (4, TS_PACKET + 4))):
        return "ts"
    if head.startswith(SOUND_HEADS) or head[8:12] == b"WAVE":
        raise VideoError(f"{name} holds sound but no picture.")
    if not any(byte < 9 or 13 < byte < 32 for byte in head):
        raise VideoError(f"{name} is a text file, not a video.")
    raise VideoError(
        f"{name} is not a video that can be read (MP4, MOV, WebM, MKV, AVI, MPEG, Ogg, FLV, WMV, MXF, Y4M or GIF)."
    )


def _is_ts(head: bytes, offset: int, step: int) -> bool:
    marks = head[offset::step][:5]
    return len(marks) >= 2 and set(marks) == {0x47}

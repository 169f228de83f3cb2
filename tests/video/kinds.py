"""Files of the kinds that people have and that are easily shown wrong, made with ffmpeg and Pillow."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from tests.clips import encode, ffmpeg, numbered_frames

LOSSLESS = ("-crf", "1", "-preset", "veryfast")
LARGE = (320, 240)


def scene(count: int = 50, width: int = LARGE[0], height: int = LARGE[1], seed: int = 0, grain: int = 12) -> np.ndarray:
    """(count, height, width, 3) uint8: a smooth coloured scene with `grain` that moves two pixels a frame."""
    rng = np.random.default_rng(seed)
    wide = width + 2 * count
    coarse = rng.integers(30, 225, (max(2, height // 40), max(2, wide // 40), 3), dtype=np.uint8)
    picture = np.asarray(Image.fromarray(coarse).resize((wide, height), Image.Resampling.BICUBIC)).astype(int)
    picture = np.clip(picture + rng.integers(-grain, grain + 1, picture.shape), 0, 255).astype(np.uint8)
    return np.stack([picture[:, 2 * k : 2 * k + width] for k in range(count)])


def oriented(path: Path, *, degrees: int = 0, hflip: bool = False) -> tuple[Path, np.ndarray]:
    """A clip with one of eight display matrices, and its first frame as the ffmpeg program shows it."""
    stored = encode(path.with_name(f"stored_{path.name}"), numbered_frames(10), *LOSSLESS)
    flips = ("-display_hflip",) if hflip else ()
    ffmpeg("-display_rotation", str(degrees), *flips, "-i", stored, "-c", "copy", path)
    return path, shown_by_ffmpeg(path)


def shown_by_ffmpeg(path: Path, *options: str, number: int = 0) -> np.ndarray:
    """(H, W, 3): one frame as the ffmpeg program shows it."""
    picture = path.with_name(f"{path.name}.{number}.png")
    ffmpeg("-i", path, *options, "-vf", f"select=eq(n\\,{number})", "-frames:v", "1", picture)
    return np.asarray(Image.open(picture).convert("RGB"))


def preview_first(path: Path, *dispositions: str, still: bool = False) -> Path:
    """A small clip, or a single small picture, as the first stream; the film as the second."""
    small = encode(path.with_name("small.mp4"), numbered_frames(1 if still else 20, 80, 64))
    film = encode(path.with_name("film.mp4"), numbered_frames(20))
    ffmpeg("-i", small, "-i", film, "-map", "0", "-map", "1", "-c", "copy", *dispositions, path)
    return path


def grows(path: Path) -> Path:
    """MPEG-TS: ten frames of 80x60, then forty of 160x120."""
    frames = numbered_frames(50)
    parts = []
    for name, part, start in (("a.ts", frames[:10, ::2, ::2], 0), ("b.ts", frames[10:], 0.4)):
        offset = ("-output_ts_offset", str(start), "-g", "10")
        parts.append(encode(path.with_name(name), part, *offset).read_bytes())
    path.write_bytes(b"".join(parts))
    return path


def joined(path: Path, offsets: tuple[float, float], fps: float = 24, count: int = 72) -> Path:
    """Two MPEG-TS files of three seconds one behind the other, each with a clock of its own."""
    parts = []
    for name, offset, first in (("a.ts", offsets[0], 0), ("b.ts", offsets[1], count)):
        frames = numbered_frames(first + count)[first:]
        options = ("-output_ts_offset", str(offset), "-g", "24", "-bf", "0")
        parts.append(encode(path.with_name(name), frames, *options, fps=fps).read_bytes())
    path.write_bytes(b"".join(parts))
    return path


def hdr(path: Path, transfer: str, frames: np.ndarray, nits: int = 203) -> Path:
    """Ten bits of BT.2020 in "smpte2084" or "arib-std-b67", in which SDR's white has `nits`."""
    chain = (
        "format=gbrp,zscale=pin=bt709:tin=bt709:min=gbr:rin=full:p=bt709:t=linear:m=gbr:r=full,format=gbrpf32le,"
        f"zscale=p=bt2020:t={transfer}:m=bt2020nc:r=limited:npl={nits},format=yuv420p10le"
    )
    params = f"log-level=none:colorprim=bt2020:transfer={transfer}:colormatrix=bt2020nc"
    tags = ("-color_primaries", "bt2020", "-color_trc", transfer, "-colorspace", "bt2020nc")
    return encode(
        path, frames, "-vf", chain, "-pix_fmt", "yuv420p10le", *tags, "-crf", "4", "-x265-params", params,
        codec="libx265",
    )  # fmt: skip


def interlaced(path: Path, frames: np.ndarray) -> Path:
    """H.264 coded in fields: each frame holds the even lines of one moment and the odd lines of the next one."""
    woven = frames[::2].copy()
    woven[:, 1::2] = frames[1::2][: len(woven), 1::2]
    return flagged_interlaced(path, woven, 1)


def flagged_interlaced(path: Path, frames: np.ndarray, by_fields: int = 0) -> Path:
    """H.264 that says that it is interlaced; by_fields: whether its colours belong to fields, too."""
    options = ("-flags", "+ildct+ilme", "-x264opts", "tff=1", *LOSSLESS, "-g", "12")
    return encode(path, frames, "-vf", f"setfield=tff,scale=interl={by_fields}", *options)


def wide_pixels(path: Path, ratio: str, size: tuple[int, int] = (426, 480)) -> Path:
    return encode(path, numbered_frames(10, *size), "-vf", f"setsar={ratio}")


def barred(path: Path, frames: np.ndarray, left: int, top: int, width: int, height: int, level: int = 0) -> Path:
    """Frames inside a larger flat one of width x height."""
    count, rows, columns, _ = frames.shape
    whole = np.full((count, height, width, 3), level, np.uint8)
    whole[:, top : top + rows, left : left + columns] = frames
    return encode(path, whole, "-crf", "20")


def transparent_film(path: Path, frames: np.ndarray, hidden: np.ndarray) -> Path:
    """WebM (VP9) with a left half to be seen, and noise hidden in the right one."""
    count, height, width, _ = frames.shape
    rgba = np.concatenate([frames, np.full((count, height, width, 1), 255, np.uint8)], axis=-1)
    rgba[:, :, width // 2 :, :3], rgba[:, :, width // 2 :, 3] = hidden[:, :, width // 2 :], 0
    source = ("-f", "rawvideo", "-pix_fmt", "rgba", "-s", f"{width}x{height}", "-r", "25", "-i", "-")
    coder = ("-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-crf", "10", "-pix_fmt", "yuva420p")
    ffmpeg(*source, *coder, path, stdin=rgba.tobytes())
    return path


def animation(path: Path, frames: np.ndarray, step_ms: int) -> Path:
    """GIF, WebP or PNG (by the name) whose pictures are shown for `step_ms`."""
    first, *others = map(Image.fromarray, frames)
    first.save(path, save_all=True, append_images=others, duration=step_ms, loop=0, lossless=True)
    return path


def credits_page(width: int = LARGE[0], height: int = LARGE[1]) -> np.ndarray:
    """(height, width, 3) uint8: lines of white writing on black."""
    from PIL import ImageDraw

    page = Image.new("RGB", (width, height))
    draw = ImageDraw.Draw(page)
    for row in range(3, height // 12 - 2):
        draw.text((width // 5, row * 12), f"Line {row} of the credits: somebody", fill="white")
    return np.asarray(page)

"""Small clips made on the spot, each frame carrying its own number as black and white bars."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import imageio_ffmpeg
import numpy as np

BITS = 8
WIDTH, HEIGHT = 160, 120


def numbered_frames(count: int, width: int = WIDTH, height: int = HEIGHT, seed: int = 0) -> np.ndarray:
    """(count, height, width, 3) uint8: the number in bars over the upper half, a moving square below.

    The square stays in the left part, so that a mirrored or turned picture does not pass for the right one.
    """
    rng = np.random.default_rng(seed)
    frames = np.zeros((count, height, width, 3), np.uint8)
    frames[:, height // 2 :] = rng.integers(40, 200, 3, dtype=np.uint8)
    side = max(2, height // 6)
    for number, frame in enumerate(frames):
        for bit in range(BITS):
            left, right = bit * width // BITS, (bit + 1) * width // BITS
            frame[: height // 2, left:right] = 255 * (number >> bit & 1)
        top = height // 2 + number * 3 % max(1, height // 2 - side)
        frame[top : top + side, :side] = (250, 30, 30)
    return frames


def frame_number(frame: np.ndarray) -> int:
    """The number in a decoded frame (H, W, 3) or burst frame (S, S); raises where the bars are not clear."""
    grey = frame.mean(axis=2) if frame.ndim == 3 else frame.astype(float)
    height, width = grey.shape
    columns = ((np.arange(BITS) + 0.5) * width / BITS).astype(int)
    levels = grey[height // 4 - 1 : height // 4 + 2, columns].mean(axis=0)
    if ((levels > 90) & (levels < 165)).any():
        raise AssertionError(f"no number can be read: {levels.round()}")
    return sum(1 << bit for bit in range(BITS) if levels[bit] > 128)


def ffmpeg(*arguments: str | Path, stdin: bytes | None = None) -> None:
    """Run the ffmpeg that imageio-ffmpeg brings along."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-loglevel", "error", "-nostats", "-y", *map(str, arguments)]
    result = subprocess.run(command, input=stdin, capture_output=True, check=False)
    if result.returncode:
        raise RuntimeError(f"{' '.join(command)}: {result.stderr.decode()[-500:]}")


def encode(path: Path, frames: np.ndarray, *options: str, fps: float = 25, codec: str = "libx264") -> Path:
    """Encode (N, H, W, 3) uint8 frames; `options` go before the output, later ones win."""
    _, height, width, _ = frames.shape
    source = ("-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-r", str(fps), "-i", "-")
    speed = ("-preset", "ultrafast") if codec in ("libx264", "libx265") else ()
    ffmpeg(
        *source,
        "-threads",
        "1",
        "-c:v",
        codec,
        "-pix_fmt",
        "yuv420p",
        *speed,
        *options,
        path,
        stdin=frames.tobytes(),
    )
    return path


def plain(path: Path, count: int = 20, **kwargs) -> Path:
    """H.264 with B-frames and key frames every 8 frames."""
    options = ("-preset", "veryfast", "-g", "8", "-bf", "2", "-sc_threshold", "0")
    return encode(path, numbered_frames(count), *options, **kwargs)


def vfr(path: Path) -> Path:
    """12 frames, of which the second half follows at a third of the pace."""
    step = "setpts='if(lt(N,6),N,6+(N-6)*3)/25/TB'"
    return encode(path, numbered_frames(12), "-vf", step, "-fps_mode", "vfr")


def rotated(path: Path, degrees: int) -> Path:
    """A MOV that is stored turned and shown upright: players turn it by its display matrix."""
    upright = numbered_frames(10, HEIGHT, WIDTH) if degrees % 180 else numbered_frames(10)
    # ffmpeg's -display_rotation counts anticlockwise, as numpy does: what is stored is turned the other way.
    stored = np.ascontiguousarray(np.rot90(upright, -degrees // 90, axes=(1, 2)))
    middle = encode(path.with_name(f"stored_{path.name}"), stored)
    ffmpeg("-display_rotation", str(degrees), "-i", middle, "-c", "copy", path)
    return path


def edit_list(path: Path) -> Path:
    """Frames 5 to 29 of 30, cut without decoding: the file still holds frames 0 to 4, and hides them."""
    whole = encode(
        path.with_name(f"whole_{path.name}"),
        numbered_frames(30),
        "-preset",
        "veryfast",
        "-g",
        "30",
        "-bf",
        "2",
    )
    ffmpeg("-ss", "0.2", "-i", whole, "-c", "copy", path)
    return path


def resolution_change(path: Path) -> Path:
    """20 frames; the last ten are stored at half the size."""
    frames = numbered_frames(20)
    large = encode(path.with_name("large.264"), frames[:10], "-g", "10", "-f", "h264")
    small = encode(path.with_name("small.264"), frames[10:, ::2, ::2], "-g", "10", "-f", "h264")
    joined = path.with_name("joined.264")
    joined.write_bytes(large.read_bytes() + small.read_bytes())
    ffmpeg("-r", "25", "-i", joined, "-c", "copy", path)
    return path


def audio_only(path: Path) -> Path:
    """A second of a tone."""
    ffmpeg("-f", "lavfi", "-i", "sine=d=1", path)
    return path


def with_sound(path: Path) -> Path:
    """A numbered video, a tone before it in the file, and a title that is not UTF-8."""
    picture, sound = plain(path.with_name("picture.mp4")), audio_only(path.with_name("sound.m4a"))
    ffmpeg("-i", sound, "-i", picture, "-map", "0", "-map", "1", "-c", "copy", "-metadata", "title=GRÜN", path)
    path.write_bytes(path.read_bytes().replace("GRÜN".encode(), b"GR\xdcNE"))
    return path


def cover(path: Path) -> Path:
    """A song with a cover picture, which is no video."""
    picture, sound = path.with_name("cover.png"), audio_only(path.with_name("sound.m4a"))
    ffmpeg("-f", "lavfi", "-i", "color=red:s=64x64", "-frames:v", "1", picture)
    ffmpeg(
        "-i",
        sound,
        "-i",
        picture,
        "-map",
        "0",
        "-map",
        "1",
        "-c",
        "copy",
        "-disposition:v",
        "attached_pic",
        path,
    )
    return path


def cut(path: Path, part: float = 0.6, *options: str) -> Path:
    """The first `part` of a good file's bytes."""
    codec = "libvpx-vp9" if path.suffix == ".webm" else "gif" if path.suffix == ".gif" else "libx264"
    whole = encode(path.with_name(f"whole_{path.name}"), numbered_frames(20), *options, codec=codec)
    data = whole.read_bytes()
    path.write_bytes(data[: int(len(data) * part)])
    return path


def without_moov(path: Path) -> Path:
    """A whole MP4 whose index is declared free space."""
    data = plain(path.with_name(f"whole_{path.name}")).read_bytes()
    path.write_bytes(data.replace(b"moov", b"free"))
    return path


def no_frames(path: Path) -> Path:
    """An MP4 with a video track of 0 seconds: the head of a fragmented file, without its fragments."""
    whole = plain(path.with_name(f"whole_{path.name}"))
    ffmpeg("-i", whole, "-c", "copy", "-movflags", "+empty_moov+frag_keyframe", path)
    data = path.read_bytes()
    path.write_bytes(data[: data.index(b"moof") - 4])
    return path


def playlist(path: Path) -> Path:
    """An HLS playlist that names a good video beside it."""
    part = plain(path.with_name("part.ts"))
    path.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:0.8,\n{part.name}\n#EXT-X-ENDLIST\n")
    return path


def concat_script(path: Path) -> Path:
    """An ffconcat script that names a good video beside it."""
    part = plain(path.with_name("part.mp4"))
    path.write_text(f"ffconcat version 1.0\nfile '{part.name}'\n")
    return path


def damaged(path: Path) -> Path:
    """A whole MP4 whose index is noise."""
    data = bytearray(plain(path.with_name(f"whole_{path.name}")).read_bytes())
    start = data.index(b"moov") + 4
    data[start:] = np.random.default_rng(0).integers(0, 256, len(data) - start, np.uint8).tobytes()
    path.write_bytes(data)
    return path


def _written(data: bytes) -> Callable[[Path], Path]:
    def write(path: Path) -> Path:
        path.write_bytes(data)
        return path

    return write


def _coded(codec: str, *options: str, count: int = 20, size: tuple[int, int] = (WIDTH, HEIGHT), **kwargs):
    return lambda path: encode(path, numbered_frames(count, *size), *options, codec=codec, **kwargs)


SMALL_GROUPS = ("-preset", "veryfast", "-g", "10", "-sc_threshold", "0", "-x264-params")
OPEN = (*SMALL_GROUPS, "open-gop=1:bframes=3:b-adapt=0")
REFRESH = (*SMALL_GROUPS, "intra-refresh=1:bframes=0")

# file name: (how to make it, the frame numbers it shows)
GOOD: dict[str, tuple[Callable[[Path], Path], Sequence[int]]] = {
    "plain.mp4": (plain, range(20)),
    "sound.mp4": (with_sound, range(20)),
    "one_frame.mp4": (_coded("libx264", count=1), range(1)),
    "odd.mp4": (_coded("libx264", "-pix_fmt", "yuv444p", size=(161, 121)), range(20)),
    "portrait.mp4": (_coded("libx264", size=(120, 160)), range(20)),
    "ten_bit.mp4": (
        _coded("libx265", "-pix_fmt", "yuv420p10le", "-x265-params", "log-level=none"),
        range(20),
    ),
    "vfr.mp4": (vfr, range(12)),
    "anim.gif": (_coded("gif", "-pix_fmt", "rgb8", count=12, fps=20), range(12)),
    "av1.mp4": (_coded("libaom-av1", "-cpu-used", "8", "-g", "8", "-row-mt", "0", count=12), range(12)),
    "vp9.webm": (_coded("libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-g", "8"), range(20)),
    "vp8.webm": (
        _coded("libvpx", "-auto-alt-ref", "1", "-lag-in-frames", "10", "-g", "16", count=30),
        range(30),
    ),
    "turned_90.mov": (lambda path: rotated(path, 90), range(10)),
    "turned_180.mov": (lambda path: rotated(path, 180), range(10)),
    "turned_270.mov": (lambda path: rotated(path, 270), range(10)),
    "edit_list.mp4": (edit_list, range(5, 30)),
    "stream.ts": (plain, range(20)),
    "xvid.avi": (_coded("mpeg4", "-bf", "2", "-g", "8", "-q:v", "3"), range(20)),
    "open_gop.mp4": (_coded("libx264", *OPEN, count=30), range(30)),
    "open_gop.ts": (_coded("libx264", *OPEN, count=30), range(30)),
    "refresh.mp4": (_coded("libx264", *REFRESH, count=30), range(30)),
    "change.mp4": (resolution_change, range(20)),
    "change.mkv": (resolution_change, range(20)),
}

WIDE = ("-vf", "scale=16384:32", "-g", "1")
NOISE = bytes(np.random.default_rng(1).integers(0, 256, 5000, np.uint8))

# file name: (how to make it, words of the one sentence that refuses it)
BAD: dict[str, tuple[Callable[[Path], Path], str]] = {
    "empty.mp4": (_written(b""), "is empty"),
    "text.mp4": (_written("Drei Chinesen mit dem Kontrabaß\n".encode() * 50), "is a text file"),
    "noise.mp4": (_written(NOISE), "is not a video"),
    "only_sound.mp4": (audio_only, "holds sound but no picture"),
    "cover.m4a": (cover, "holds sound but no picture"),
    "only_sound.mp3": (audio_only, "holds sound but no picture"),
    "cut.mp4": (cut, "is cut off"),
    "cut_faststart.mp4": (lambda path: cut(path, 0.6, "-movflags", "+faststart"), "is cut off"),
    "cut.webm": (cut, "is cut off"),
    "cut.gif": (cut, "is cut off"),
    "no_moov.mp4": (without_moov, "has no index"),
    "damaged.mp4": (damaged, "is damaged or holds no video"),
    "playlist.mp4": (playlist, "is a playlist"),
    "concat.mp4": (concat_script, "is a playlist"),
    "one_pixel.mp4": (_coded("libx264", "-pix_fmt", "yuv444p", count=5, size=(1, 1)), "only 1x1 pixels"),
    "wide.mp4": (_coded("libx264", *WIDE, count=2), "is 16384x32 pixels"),
    "no_frames.mp4": (no_frames, "holds no frames"),
}

"""Clean reference clips of about two seconds: cut clips, slow pans and zooms over photographs, filmed pictures."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from training.common.metrics import LIKED
from training.data import ffmpeg
from training.data.build.liked import LIKED_SIDES, film_picture
from training.data.build.sources import Content, seeded_rng
from training.data.camera import moving_camera

REFERENCE_S = 2.0
LATER_S = 0.9
CLIP_LINES = (720, 540, 540, 480, 480, 480)
PHOTO_SIZES = (
    (1600, 900),
    (1280, 720),
    (1280, 720),
    (960, 540),
    (960, 540),
    (960, 540),
    (854, 480),
    (854, 480),
    (854, 480),
    (854, 480),
    (640, 360),
)


@dataclass(frozen=True)
class Reference:
    """A clean clip and what was measured on it: mean luma and its spread (0..1), chroma spread, motion.

    `motion` is the mean absolute luma difference of consecutive frames, 0..255, at 160x90.
    """

    file: str
    facts: ffmpeg.Facts
    luma: float
    spread: float
    chroma: float
    motion: float

    def to_dict(self) -> dict:
        return asdict(self)


def _even(value: float) -> int:
    return max(16, 2 * round(value / 2))


def _clip(content: Content, source: Path, target: Path, rng: np.random.Generator, max_lines: int, start: float) -> None:
    short = min(content.width, content.height)
    lines = min(short, int(rng.choice(CLIP_LINES)), max_lines)
    width, height = _even(content.width * lines / short), _even(content.height * lines / short)
    length = ("-frames:v", str(round(REFERENCE_S * content.fps)))
    codec = (*ffmpeg.REFERENCE_X264, *length)
    ffmpeg.encode_file(source, target, f"scale={width}:{height}:flags=lanczos", codec, ("-ss", f"{start:.3f}"))


def _photo(source: Path, target: Path, rng: np.random.Generator, max_lines: int) -> None:
    with Image.open(source) as image:
        picture = image.convert("RGB")
    sizes = [size for size in PHOTO_SIZES if size[1] <= max_lines] or [(max_lines * 16 // 9, max_lines)]
    width, height = (_even(side) for side in sizes[int(rng.integers(len(sizes)))])
    if picture.height > picture.width:
        width, height = height, width
    fps = float(rng.choice([25, 30, 24]))
    count = round(REFERENCE_S * fps)
    fit = min(picture.width / width, picture.height / height)
    zoom = np.linspace(*rng.permutation([rng.uniform(0.82, 0.88), rng.uniform(0.93, 0.97)]), count)
    travel = rng.uniform(0.0, 1.0, (2, 2))
    frames = np.empty((count, height, width, 3), np.uint8)
    for i, z in enumerate(zoom):
        w, h = fit * width * z, fit * height * z
        at = travel[0] + (travel[1] - travel[0]) * i / max(1, count - 1)
        x, y = at[0] * (picture.width - w), at[1] * (picture.height - h)
        frames[i] = np.asarray(picture.resize((width, height), Image.Resampling.LANCZOS, box=(x, y, x + w, y + h)))
    ffmpeg.encode_frames(frames, fps, target)


def make_reference(
    content: Content, data_dir: Path, out_dir: Path, seed: int, max_lines: int = 2160, take: int = 0
) -> Reference:
    """Write videos/<name>__clean<take>.mp4 unless it is there, and measure it.

    Take 0 is the one that is degraded; take 1 is the same content at another size, a clip's end or another pan.
    """
    name = f"{content.group}-{Path(content.path).stem}__clean{take or ''}.mp4"
    target = out_dir / "videos" / name
    rng = seeded_rng(seed, "reference", content.path, *([take] if take else []))
    if not target.exists():
        source = data_dir / content.path
        if content.group == "clips":
            _clip(content, source, target, rng, max_lines, LATER_S * take)
        elif content.group == LIKED:
            film_picture(source, moving_camera(rng), min(max_lines, int(rng.choice(LIKED_SIDES))), target)
        else:
            _photo(source, target, rng, max_lines)
    grey = ffmpeg.grey_frames(target).astype(np.float32)
    middle = ffmpeg.middle_frame(target)[::4, ::4].astype(np.float32) / 255
    chroma = float(np.mean(middle.max(axis=2) - middle.min(axis=2)))
    motion = float(np.mean(np.abs(np.diff(grey, axis=0)))) if len(grey) > 1 else 0.0
    numbers = (
        round(float(grey.mean() / 255), 4),
        round(float(grey.std() / 255), 4),
        round(chroma, 4),
        round(motion, 3),
    )
    return Reference(f"videos/{name}", ffmpeg.facts(target), *numbers)

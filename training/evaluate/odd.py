"""Files that are unlike photographs and films, to try whether they are known as such: patterns, noise, charts, screens,
drawings and flat colours, as pictures and as short clips, drawn anew from a seed. No checkpoint has learned from them.

They are easy ones: a real cartoon or screen recording has more of a photograph in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from ..data import ffmpeg

SIZE, EACH = (960, 540), 6
PATTERNS = (
    "testsrc2", "smptehdbars", "pal75bars", "rgbtestsrc", "yuvtestsrc", "colorspectrum", "mandelbrot", "sierpinski",
    "cellauto", "life=mold=10:life_color=#00ff00:death_color=#aa0000", "colorchart", "gradients=speed=0.05",
)  # fmt: skip
MOVING = ("testsrc2", "mandelbrot", "life", "sierpinski", "gradients", "cellauto")
CHART_WORDS = (
    "the frame shows a score of quality that people gave to each clip while words and lines were drawn here".split()
)
Draw = Callable[[ImageDraw.ImageDraw, np.random.Generator], None]


def colour(random: np.random.Generator, low: int = 0, high: int = 256) -> tuple[int, ...]:
    return tuple(int(part) for part in random.integers(low, high, 3))


def draw_chart(draw: ImageDraw.ImageDraw, random: np.random.Generator) -> None:
    """Axes with a title, and on them bars, lines or points."""
    width, height = SIZE
    draw.rectangle((0, 0, width, height), "white")
    draw.text((width // 3, 12), " ".join(random.choice(CHART_WORDS, 4)), "black", ImageFont.load_default(26))
    draw.line([(80, 60), (80, 480), (900, 480)], "black", 3)
    for k in range(6):
        draw.line([(80, 480 - 70 * k), (900, 480 - 70 * k)], "#dddddd")
        draw.text((30, 470 - 70 * k), f"{20 * k}", "black", ImageFont.load_default(18))
    kind, series = random.integers(3), random.integers(2, 5)
    for _ in range(series):
        tone, values = colour(random, 20, 220), random.integers(20, 400, 12)
        places = [(110 + 66 * k + int(random.integers(20)), 480 - int(value)) for k, value in enumerate(values)]
        if kind == 0:
            draw.line(places, tone, 4)
        for x, y in places:
            box = (x, y, x + 22, 480) if kind == 1 else (x - 6, y - 6, x + 6, y + 6)
            (draw.rectangle if kind == 1 else draw.ellipse)(box, tone)


def draw_screen(draw: ImageDraw.ImageDraw, random: np.random.Generator) -> None:
    """A window with a bar, a list at its side, and lines of text."""
    dark = bool(random.integers(2))
    paper, ink = ("#1e1e1e", "#d4d4d4") if dark else ("#ffffff", "#222222")
    draw.rectangle((0, 0, *SIZE), paper)
    draw.rectangle((0, 0, SIZE[0], 34), colour(random, 40, 120))
    draw.rectangle((0, 34, 190, SIZE[1]), "#2a2d2e" if dark else "#f0f0f0")
    font = ImageFont.load_default(int(random.integers(13, 20)))
    for k in range(20):
        draw.text((14, 50 + 24 * k), str(random.choice(CHART_WORDS)), ink, font)
        indent = 210 + 24 * int(random.integers(4))
        tone = ink if random.random() < 0.7 else colour(random, 60, 200)
        draw.text((indent, 50 + 24 * k), " ".join(random.choice(CHART_WORDS, int(random.integers(2, 11)))), tone, font)


def draw_cartoon(draw: ImageDraw.ImageDraw, random: np.random.Generator) -> None:
    """Sky, hills, houses and trees in flat colours with black outlines."""
    width, height = SIZE
    ground = int(random.integers(260, 400))
    draw.rectangle((0, 0, width, height), colour(random, 150, 250))
    sun = int(random.integers(60, 800))
    draw.ellipse((sun, 40, sun + 90, 130), "#ffd92f", "black", 4)
    hills = [(x, ground - int(random.integers(120))) for x in range(0, width + 121, 120)]
    draw.polygon([(0, height), *hills, (width, height)], colour(random, 60, 200), "black", 4)
    for _ in range(int(random.integers(3, 8))):
        x, y, size = int(random.integers(20, 850)), int(random.integers(ground, 460)), int(random.integers(40, 120))
        draw.rectangle((x, y - size, x + size, y), colour(random), "black", 4)
        draw.polygon([(x - 12, y - size), (x + size // 2, y - 2 * size), (x + size + 12, y - size)], colour(random),
                     "black", 4)  # fmt: skip


def draw_sketch(draw: ImageDraw.ImageDraw, random: np.random.Generator) -> None:
    """Dark strokes on white."""
    draw.rectangle((0, 0, *SIZE), "white")
    for _ in range(int(random.integers(12, 30))):
        start = random.integers(0, SIZE)
        path = start + np.cumsum(random.normal(0, 25, (12, 2)), axis=0)
        draw.line([(int(x), int(y)) for x, y in path], "#222222", int(random.integers(2, 6)), "curve")


DRAWN: dict[str, Draw] = {"chart": draw_chart, "screen": draw_screen, "drawing": draw_cartoon, "sketch": draw_sketch}


def noise_picture(random: np.random.Generator, number: int) -> np.ndarray:
    """Uniform, normal, grey and coarse noise, (H, W, 3) uint8."""
    height, width = SIZE[1], SIZE[0]
    if number % 4 == 0:
        return random.integers(0, 256, (height, width, 3), dtype=np.uint8)
    if number % 4 == 1:
        return np.clip(random.normal(128, 60, (height, width, 3)), 0, 255).astype(np.uint8)
    if number % 4 == 2:
        return np.repeat(random.integers(0, 256, (height, width, 1), dtype=np.uint8), 3, axis=2)
    coarse = random.integers(0, 256, (height // 20, width // 20, 3), dtype=np.uint8)
    return coarse.repeat(20, axis=0).repeat(20, axis=1)


def flat_picture(random: np.random.Generator, number: int) -> np.ndarray:
    """One colour, a ramp, a checkerboard or stripes, (H, W, 3) uint8."""
    rows, columns = np.mgrid[: SIZE[1], : SIZE[0]]
    first, second = (np.array(colour(random)) for _ in range(2))
    cell = int(random.integers(8, 80))
    share = (np.zeros(rows.shape), columns / SIZE[0], (rows // cell + columns // cell) % 2, columns // cell % 2)
    mixed = first + (second - first) * share[number % 4][..., None]
    return mixed.astype(np.uint8)


def pictures(seed: int) -> Iterator[tuple[str, Image.Image]]:
    """Name and picture, EACH of every kind; the name begins with the kind."""
    for place, (kind, draw) in enumerate(DRAWN.items()):
        for number in range(EACH):
            picture = Image.new("RGB", SIZE)
            draw(ImageDraw.Draw(picture), np.random.default_rng((seed, place, number)))
            yield f"{kind}-{number}", picture
    for place, (kind, make) in enumerate({"noise": noise_picture, "flat": flat_picture}.items(), start=len(DRAWN)):
        for number in range(EACH):
            yield f"{kind}-{number}", Image.fromarray(make(np.random.default_rng((seed, place, number)), number))


def make_odd(folder: Path, seed: int = 0) -> list[Path]:
    """Write them all into a folder; their paths. What comes before the first "-" of a name is its kind. Raises
    FFmpegError."""
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for name, picture in pictures(seed):
        made.append(folder / f"{name}.png")
        picture.save(made[-1])
    for number, source in enumerate(PATTERNS):
        made.append(folder / f"pattern-{number}.png")
        ffmpeg.run_ffmpeg(["-f", "lavfi", "-i", sized(source), "-frames:v", "1", str(made[-1])])
    for number, source in enumerate(MOVING):
        made.append(folder / f"moving-{number}.mp4")
        ffmpeg.run_ffmpeg(["-f", "lavfi", "-i", sized(source), "-t", "2", *ffmpeg.INVISIBLE_X264, str(made[-1])])
    made += scrolled(folder)
    return made


def sized(source: str) -> str:
    """A source of ffmpeg's with the size of the pictures; colorchart knows only that of its patches."""
    if source == "colorchart":
        return "colorchart=patch_size=160x135"
    return f"{source}{':' if '=' in source else '='}size={SIZE[0]}x{SIZE[1]}"


def scrolled(folder: Path) -> list[Path]:
    """Screens whose text moves up, as a recording of one: clips of 2 s."""
    made = []
    for number in range(2):
        picture, tall = folder / f"screen-{number}.png", "scale=iw:2*ih,crop=iw:ih/2:0:'t*100'"
        made.append(folder / f"scrolling-{number}.mp4")
        looped = ["-loop", "1", "-framerate", "25", "-i", str(picture), "-t", "2"]
        ffmpeg.run_ffmpeg([*looped, "-vf", f"{tall},format=yuv420p", *ffmpeg.INVISIBLE_X264, str(made[-1])])
    return made

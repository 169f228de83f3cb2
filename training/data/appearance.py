"""What a picture looks like, in a few words that are measured on its pixels and are no judgement."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np

from .pixels import colorfulness, laplacian, luma_of

LIGHT = ((0.20, "scant"), (0.36, "dim"), (0.62, "even"), (np.inf, "bright"))
COLOR = ((22.0, "quiet"), (55.0, "natural"), (np.inf, "vivid"))
DETAIL = ((0.055, "sparse"), (0.12, "moderate"), (np.inf, "rich"))
"""Upper limits of mean luma (0..1), of Hasler and Suesstrunk's colorfulness, and of the deviation of the Laplacian over
the spread of luma, and the word below each."""
PLACES = (
    ("at the upper left", "at the top", "at the upper right"),
    ("on the left", "in the middle", "on the right"),
    ("at the lower left", "at the bottom", "at the lower right"),
)
BLOWN_LUMA, CRUSHED = 0.96, 0.06
EVERYWHERE = "across the picture"


@dataclass(frozen=True)
class Appearance:
    """Light, color and detail in a word each; where the picture is brightest (`bright`) and darkest (`dark`)."""

    light: str
    color: str
    detail: str
    bright: str
    dark: str

    def to_dict(self) -> dict[str, str]:
        return asdict(self)


def appearance(frame: np.ndarray) -> Appearance:
    """Words for an RGB frame (H, W, 3) uint8 of at least 32 x 32 pixels."""
    rgb = frame.astype(np.float32)
    luma = luma_of(rgb) / 255
    low, high = np.percentile(luma[::2, ::2], (1, 99))
    return Appearance(
        _word(float(luma.mean()), LIGHT),
        _word(float(colorfulness(rgb[::2, ::2])), COLOR),
        _word(float(laplacian(luma).std() / max(high - low, 0.03)), DETAIL),
        _place(luma > BLOWN_LUMA),
        _place(luma < CRUSHED),
    )


def random_appearance(rng: np.random.Generator) -> Appearance:
    """Any words, for texts without a picture."""

    def one(options):
        return str(rng.choice([word for _, word in options]))

    places = [EVERYWHERE, *(place for row in PLACES for place in row)]
    return Appearance(one(LIGHT), one(COLOR), one(DETAIL), *(str(rng.choice(places)) for _ in range(2)))


def _word(value: float, limits: tuple[tuple[float, str], ...]) -> str:
    return next(word for limit, word in limits if value < limit)


def _place(mask: np.ndarray) -> str:
    """Which of nine regions holds most of a mask (H, W); `EVERYWHERE` where no region stands out."""
    height, width = (side // 3 * 3 for side in mask.shape)
    shares = mask[:height, :width].reshape(3, height // 3, 3, width // 3).mean(axis=(1, 3))
    row, column = np.unravel_index(shares.argmax(), shares.shape)
    stands_out = shares[row, column] > 0.15 and shares[row, column] > 1.5 * shares.mean()
    return PLACES[row][column] if stands_out else EVERYWHERE

"""HDR and wide gamut into SDR, as its master would be: display light, BT.709 primaries, highlights rolled off.

Display light is counted in units of HDR reference white, 203 cd/m2 (ITU-R BT.2408), which is SDR's 255. What is
brighter is rolled off by the curve of BT.2390 (5.4.1), from the brightest light that the film itself shows; a film
that shows no more than reference white is not changed by it. SDR is a display of gamma 2.4 (BT.1886).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

WHITE_NITS = 203.0
HLG_PEAK_NITS, HLG_GAMMA = 1000.0, 1.2
GAMMA = 2.4
CODE_WHITE = 255 * 256
"""What swscale writes for white in 16 bits."""
STRIPE = 256
"""Rows that are converted at a time, so that a 4K picture needs no gigabyte of floats."""

TRANSFERS = {16: "PQ", 18: "HLG"}
WIDE_GAMUTS = {
    9: ("BT.2020", ((1.6605, -0.5876, -0.0728), (-0.1246, 1.1329, -0.0083), (-0.0182, -0.1006, 1.1187))),
    11: ("DCI-P3", ((1.2249, -0.2247, 0.0), (-0.0420, 1.0419, 0.0), (-0.0197, -0.0786, 1.0979))),
    12: ("Display P3", ((1.2249, -0.2247, 0.0), (-0.0420, 1.0419, 0.0), (-0.0197, -0.0786, 1.0979))),
}
"""ITU-T H.273 numbers of primaries: name, and linear RGB to BT.709 (for BT.2020 ITU-R BT.2087; D65 white for all)."""
LUMA_2020 = np.array((0.2627, 0.6780, 0.0593), np.float32)


@dataclass(frozen=True)
class Tone:
    """How the light of a film is coded: "PQ", "HLG" or "" (SDR), its primaries, its brightest light (1 is white)."""

    transfer: str
    primaries: int
    peak: float = 1.0

    @property
    def note(self) -> str:
        if self.transfer:
            return f"tone-mapped from HDR ({self.transfer})"
        return f"colours converted from {WIDE_GAMUTS[self.primaries][0]}"


def tone_of(transfer: int, primaries: int) -> Tone | None:
    """What the tags of a frame (ITU-T H.273) say, None for ordinary SDR."""
    name = TRANSFERS.get(transfer, "")
    # HDR without a word on its primaries is BT.2020: BT.2100 knows no other.
    primaries = 9 if name and primaries == 2 else primaries
    return Tone(name, primaries) if name or primaries in WIDE_GAMUTS else None


def tone_mapped(rgb16: np.ndarray, tone: Tone) -> np.ndarray:
    """(H, W, 3) uint16 as coded -> (H, W, 3) uint8 SDR."""
    out = np.empty(rgb16.shape, np.uint8)
    for top in range(0, len(rgb16), STRIPE):
        light = display_light(rgb16[top : top + STRIPE], tone.transfer)
        if tone.primaries in WIDE_GAMUTS:
            light = light @ np.array(WIDE_GAMUTS[tone.primaries][1], np.float32).T
        if tone.peak > 1:
            light *= _roll_off(light.max(axis=-1, keepdims=True), tone.peak)
        # The table is entered by the root, as the curve is steep near black.
        entry = np.sqrt(np.clip(light, 0, 1)) * 65535 + 0.5
        out[top : top + STRIPE] = _coded()[entry.astype(np.uint16)]
    return out


def brightest(pictures: list[np.ndarray], transfer: str) -> float:
    """The light, in units of white, that one in a thousand pixels of (H, W, 3) uint16 pictures exceeds."""
    peaks = [np.quantile(display_light(picture, transfer).max(axis=-1), 0.999) for picture in pictures]
    return float(max(peaks, default=1.0))


def display_light(rgb16: np.ndarray, transfer: str) -> np.ndarray:
    """(…, 3) uint16 as coded -> (…, 3) float32 light of the display, 1 is reference white."""
    light = _table(transfer)[rgb16]
    if transfer == "HLG":
        scene = np.maximum(light @ LUMA_2020, 1e-6)[..., None]
        light *= scene ** (HLG_GAMMA - 1) * (HLG_PEAK_NITS / WHITE_NITS)
    return light


@lru_cache
def _table(transfer: str) -> np.ndarray:
    """(65536,) float32: PQ and SDR to display light, HLG to light of the scene in [0, 1]."""
    code = np.minimum(np.arange(65536) / CODE_WHITE, 1.0)
    if transfer == "PQ":
        return (pq_to_nits(code) / WHITE_NITS).astype(np.float32)
    if transfer == "HLG":  # ITU-R BT.2100, table 5
        a, b, c = 0.17883277, 0.28466892, 0.55991073
        return np.where(code <= 0.5, code**2 / 3, (np.exp((code - c) / a) + b) / 12).astype(np.float32)
    return (code**GAMMA).astype(np.float32)


@lru_cache
def _coded() -> np.ndarray:
    """(65536,) uint8: the root of light in [0, 1] to SDR."""
    return np.round(255 * np.linspace(0, 1, 65536) ** (2 / GAMMA)).astype(np.uint8)


def pq_to_nits(code: np.ndarray) -> np.ndarray:
    """SMPTE ST 2084: code in [0, 1] -> cd/m2."""
    m1, m2, c1, c2, c3 = 0.1593017578125, 78.84375, 0.8359375, 18.8515625, 18.6875
    root = code ** (1 / m2)
    return 10000 * (np.maximum(root - c1, 0) / (c2 - c3 * root)) ** (1 / m1)


def nits_to_pq(nits: np.ndarray) -> np.ndarray:
    """SMPTE ST 2084: cd/m2 -> code in [0, 1]."""
    m1, m2, c1, c2, c3 = 0.1593017578125, 78.84375, 0.8359375, 18.8515625, 18.6875
    root = (np.asarray(nits) / 10000) ** m1
    return ((c1 + c2 * root) / (1 + c3 * root)) ** m2


def _roll_off(light: np.ndarray, peak: float) -> np.ndarray:
    """What light, in units of white, is multiplied by so that `peak` becomes 1 (BT.2390, 5.4.1, black left alone)."""
    knots, factors = _roll_off_table(round(peak, 3))
    return np.interp(np.sqrt(light), knots, factors).astype(np.float32)


@lru_cache
def _roll_off_table(peak: float) -> tuple[np.ndarray, np.ndarray]:
    knots = np.linspace(0, np.sqrt(peak), 4096)
    light = np.maximum(knots**2, 1e-9)
    top, white = nits_to_pq(peak * WHITE_NITS), nits_to_pq(WHITE_NITS)
    code, limit = nits_to_pq(light * WHITE_NITS) / top, white / top
    knee = 1.5 * limit - 0.5
    t = np.clip((code - knee) / (1 - knee), 0, 1)
    bent = (2 * t**3 - 3 * t**2 + 1) * knee + (t**3 - 2 * t**2 + t) * (1 - knee) + (3 * t**2 - 2 * t**3) * limit
    mapped = pq_to_nits(np.where(code < knee, code, bent) * top) / WHITE_NITS
    return knots, mapped / light

"""Reads again what a film should not be judged by: black frames, titles and credits, bursts that straddle a cut."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from vqathinker.video.decode import Decoding
from vqathinker.video.sample import burst_window
from vqathinker.video.shots import cut_in, elsewhere, look_at, useless
from vqathinker.video.spec import Clip

ROUNDS = 2
"""How often what was read in exchange is looked at again."""
PASSED_OVER_NOTE = "black frames, titles or credits passed over"


def avoid_useless(decoding: Decoding, clip: Clip) -> Clip:
    """The clip of different frames with other ones in the place of those that show nothing of the film, and with
    bursts that stay on their frame's side of a cut. Nothing is read again of a film that has neither."""
    for _ in range(ROUNDS):
        looks = [decoding.looks.get(i) or look_at(frame) for i, frame in zip(clip.indices, clip.frames, strict=True)]
        bad = useless(looks, clip.bursts)
        found = elsewhere(clip.indices, bad) if any(bad) else []
        if not found:
            break
        clip = _exchanged(decoding, clip, [k for k, is_bad in enumerate(bad) if is_bad], found)
    return clip if clip.bursts is None else replace(clip, bursts=_within_shots(decoding, clip))


def _exchanged(decoding: Decoding, clip: Clip, rows: Sequence[int], found: Sequence[int]) -> Clip:
    """The clip with frames `found` in the first of the `rows`, put in their order again."""
    indices, frames, bursts = list(clip.indices), clip.frames, clip.bursts
    for row, i in zip(rows, found, strict=False):
        indices[row] = i
    places = {i: row for row, i in zip(rows, found, strict=False)}
    length = 0 if bursts is None else bursts.shape[1]
    windows = {i: burst_window(i, length, clip.info.num_frames) if length else [] for i in found}
    lumas, luma_rows = _room(clip, [k for window in windows.values() for k in window])
    times, _ = decoding.read(frames, places, lumas, luma_rows, sorted(indices))
    if bursts is not None:
        for i, row in places.items():
            bursts[row] = lumas[[luma_rows[k] for k in windows[i]]]
    order = np.argsort(indices, kind="stable")
    return replace(
        clip,
        indices=tuple(sorted(indices)),
        times=tuple(times),
        frames=frames[order],
        bursts=None if bursts is None else bursts[order],
        notes=(PASSED_OVER_NOTE,),
    )


def _within_shots(decoding: Decoding, clip: Clip) -> np.ndarray:
    """(N, T, S, S) bursts of which none straddles a cut, as far as `ROUNDS` tell."""
    bursts, count, length = clip.bursts, clip.info.num_frames, clip.bursts.shape[1]
    shots = {k: (0, count) for k in range(len(bursts))}
    asked = dict(shots)
    for _ in range(ROUNDS):
        windows = {}
        for k, (first, end) in asked.items():
            window, i = _window(clip.indices[k], length, first, end), clip.indices[k]
            place = cut_in(bursts[k]) if window == sorted(window) else None
            if place is not None:
                first, end = (first, window[place]) if i < window[place] else (window[place], end)
                shots[k] = first, end
                windows[k] = _window(i, length, first, end)
        if not windows:
            break
        lumas, rows = _room(clip, [i for window in windows.values() for i in window])
        decoding.read(clip.frames, {}, lumas, rows, [])
        for k, window in windows.items():
            bursts[k] = lumas[[rows[i] for i in window]]
        asked = {k: shots[k] for k in windows}
    return bursts


def _window(index: int, length: int, first: int, end: int) -> list[int]:
    """The burst around a frame within the shot [first, end)."""
    return [first + i for i in burst_window(index - first, length, end - first)]


def _room(clip: Clip, wanted: Sequence[int]) -> tuple[np.ndarray, dict[int, int]]:
    size = 1 if clip.bursts is None else clip.bursts.shape[-1]
    rows = {i: row for row, i in enumerate(sorted(set(wanted)))}
    return np.zeros((len(rows), size, size), np.uint8), rows

"""A look at a few frames all over a film, where the first one gives reason to: bars, fields, light."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import replace

import av
import numpy as np
from av.video.reformatter import Interpolation

from vqathinker.video.bars import find_bars
from vqathinker.video.fields import is_combed
from vqathinker.video.film_index import Index
from vqathinker.video.light import brightest
from vqathinker.video.picture import View, wide_rgb
from vqathinker.video.stream import Missed, Source, open_stream
from vqathinker.video.transparency import TRANSPARENT

GLIMPSES = 6
RUN_FRAMES = 5
"""Consecutive frames in which fields are looked for."""
MOST_BETWEEN_RUNS = 48
"""Frames that are decoded at most, beside the runs themselves."""
FLAT_SPREAD = 16
"""Levels between the darkest and the brightest pixel of an empty picture."""
LIGHT_SIDE = 240
"""Pixels of the longer side, over which light is averaged: single edges overshoot."""


def look_closer(path: str, index: Index, first: av.VideoFrame) -> Index:
    """The index with what a few frames tell of its view, and the notes on it."""
    view = index.view
    bars = not index.resized and _may_have_bars(first)
    if not (bars or view.interlaced or view.alpha or (view.tone and view.tone.transfer)):
        return replace(index, notes=_notes(view))
    runs = glimpses(path, index, RUN_FRAMES if view.interlaced else 1) or [[first]]
    if view.interlaced:
        view = replace(view, combed=is_combed(runs))
    if bars:
        lumas = [luma for luma in map(_luma, [first, *(run[0] for run in runs)]) if not _is_flat(luma)]
        view = replace(view, crop=find_bars(lumas) if lumas else None)
    if view.tone and view.tone.transfer:
        pictures = [wide_rgb(run[0], view, *_small(view), Interpolation.AREA) for run in runs]
        view = replace(view, tone=replace(view.tone, peak=brightest(pictures, view.tone.transfer)))
    seen_through = view.alpha and any(_is_transparent(run[0]) for run in [[first], *runs])
    return replace(index, view=view, notes=(*_notes(view), *[TRANSPARENT] * seen_through))


def glimpses(path: str, index: Index, run: int) -> list[list[av.VideoFrame]]:
    """Runs of up to `run` consecutive frames: from each of a few key frames on, and, where these are few, from the end
    of some more frames that are decoded behind them; from the beginning of a file that cannot be sought in."""
    places = np.unique(np.linspace(0, len(index.keys) - 1, GLIMPSES).round().astype(int)) if index.seekable else [None]
    reach, runs = max(run, MOST_BETWEEN_RUNS // len(places)), []
    with open_stream(path, index.limits, number=index.stream) as source:
        for place in places:
            packets = source.packets() if place is None else source.packets_from(int(index.keys[place]))
            runs += _first_and_last(source, packets, run, reach)
    return [frames for frames in runs if frames]


def _first_and_last(
    source: Source, packets: Iterable[av.Packet], run: int, reach: int
) -> tuple[list[av.VideoFrame], list[av.VideoFrame]]:
    """The first `run` of up to `reach` frames, and the last ones that are not among them."""
    first, last, count = [], deque(maxlen=run), 0
    try:
        for packet in packets:
            for frame in source.decode(packet):
                count += 1
                (first if count <= run else last).append(frame)
            if count >= reach:
                break
    except (Missed, av.FFmpegError):
        pass
    return first, list(last)


def _notes(view: View) -> tuple[str, ...]:
    """What will be done to every picture."""
    return tuple(
        note
        for note, applies in (
            (view.tone.note if view.tone else "", view.tone),
            ("deinterlaced", view.combed),
            ("bars cropped", view.crop),
            (f"pixels are not square, shown in {view.upright[0]}x{view.upright[1]}", view.pixel != 1),
        )
        if applies
    )


def _luma(frame: av.VideoFrame) -> np.ndarray:
    return frame.reformat(format="gray").to_ndarray()


def _is_flat(luma: np.ndarray) -> bool:
    low, high = np.percentile(luma[::4, ::4], (1, 99))
    return high - low < FLAT_SPREAD


def _may_have_bars(first: av.VideoFrame) -> bool:
    luma = _luma(first)
    return _is_flat(luma) or find_bars([luma]) is not None


def _is_transparent(frame: av.VideoFrame) -> bool:
    return bool((frame.reformat(format="rgba").to_ndarray()[..., 3] < 255).any())


def _small(view: View) -> tuple[int, int]:
    scale = min(1.0, LIGHT_SIDE / max(view.width, view.height))
    return max(1, round(view.width * scale)), max(1, round(view.height * scale))

"""From a decoded frame to the picture that a player shows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

import av
import numpy as np
from av.video.reformatter import Interpolation

from vqathinker.video.bars import Box
from vqathinker.video.fields import taken_as_whole
from vqathinker.video.graph import filtered
from vqathinker.video.light import Tone, tone_mapped, tone_of
from vqathinker.video.orientation import Orientation
from vqathinker.video.transparency import composed

BT709, UNKNOWN, BT2020 = 1, 2, 9
"""ITU-T H.273 numbers of matrices."""
HD_WIDTH, HD_HEIGHT = 1280, 720
"""From here on players take an untagged video for BT.709."""
STRETCH = (Fraction(1, 4), Fraction(4))
"""Pixel shapes outside of these are mistakes of the file."""
SQUARE = Fraction(1, 100)
"""Pixels that differ less from a square come from sides that were rounded to even numbers, and are left alone."""


@dataclass(frozen=True)
class View:
    """How the decoded pictures of a film are shown. width and height are those of most decoded pictures.

    pixel: width of a pixel by its height. crop: the part of the decoded picture that is no bars. tone: for HDR and
    wide gamut. matrix: H.273 number for untagged pictures, None to leave it to swscale. deep: more than 8 bits.
    alpha: transparent parts are composed. interlaced: flagged so; combed: its fields show different moments.
    """

    width: int
    height: int
    orientation: Orientation = Orientation()
    pixel: Fraction = Fraction(1)
    crop: Box | None = None
    tone: Tone | None = None
    matrix: int | None = None
    deep: bool = False
    alpha: bool = False
    interlaced: bool = False
    combed: bool = False

    @property
    def stretched(self) -> tuple[int, int]:
        """(width, height) without bars, in square pixels, before it is turned. Nothing is made smaller."""
        width, height = self.crop[2:] if self.crop else (self.width, self.height)
        if self.pixel >= 1:
            return round(width * self.pixel), height
        return width, round(height / self.pixel)

    @property
    def upright(self) -> tuple[int, int]:
        """(width, height) as shown."""
        return self.orientation.size(*self.stretched)

    @property
    def plain(self) -> bool:
        """Whether nothing but turning is to be done."""
        return self == replace(View(self.width, self.height), orientation=self.orientation)


def view_of(frame: av.VideoFrame, size: tuple[int, int], pixel: Fraction | None, orientation: Orientation) -> View:
    """How frames like this one are shown, as far as one frame tells."""
    width, height = size
    pixel = Fraction(pixel or 1)
    yuv = not frame.format.is_rgb and len(frame.format.components) > 1
    tone = tone_of(frame.color_trc, frame.color_primaries)
    matrix = None
    if yuv and frame.colorspace == UNKNOWN:
        if tone is not None and tone.primaries == BT2020:
            matrix = BT2020
        elif width >= HD_WIDTH or height >= HD_HEIGHT:
            matrix = BT709
    return View(
        width,
        height,
        orientation,
        pixel=pixel if STRETCH[0] <= pixel <= STRETCH[1] and abs(pixel - 1) >= SQUARE else Fraction(1),
        tone=tone,
        matrix=matrix,
        deep=max(component.bits for component in frame.format.components) > 8,
        alpha=any(component.is_alpha for component in frame.format.components),
        interlaced=frame.interlaced_frame,
    )


def released_view(size: tuple[int, int], orientation: Orientation) -> View:
    """The official pixels: as swscale converts them by itself, only turned."""
    return View(*size, orientation)


def to_rgb(frame: av.VideoFrame, index) -> np.ndarray:
    """(H, W, 3) uint8 as shown, in the size of `index.view`, as sizes may change in a file."""
    view: View = index.view
    return view.orientation(_rgb(_picture(frame, view), view, *view.stretched))


def to_luma(frame: av.VideoFrame, index, size: int) -> np.ndarray:
    """(size, size) uint8 luma as shown, squashed, averaged over the area of each new pixel."""
    view: View = index.view
    frame = _picture(frame, view)
    if view.tone is not None or view.alpha:
        from vqathinker.video.still import small_luma

        shape = view.stretched if view.alpha else (size, size)
        return view.orientation(small_luma(_rgb(frame, view, *shape, Interpolation.AREA), size))
    small = frame.reformat(width=size, height=size, format="gray", interpolation=Interpolation.AREA).to_ndarray()
    return view.orientation(small)


def wide_rgb(frame: av.VideoFrame, view: View, width: int, height: int, way: Interpolation) -> np.ndarray:
    """(height, width, 3) uint16 as coded, before any tone mapping."""
    # Not with FULL_CHR_H_INT, with which swscale mixes up the colours of rgb48.
    return frame.reformat(width, height, "rgb48le", view.matrix, interpolation=way).to_ndarray()


def _picture(frame: av.VideoFrame, view: View) -> av.VideoFrame:
    """The frame as a whole picture without bars. Other sizes than that of the view have no bars to crop."""
    if frame.interlaced_frame:
        frame = taken_as_whole(frame)
    if view.crop is None or (frame.width, frame.height) != (view.width, view.height):
        return frame
    left, top, width, height = view.crop
    return filtered(f"crop={width}:{height}:{left}:{top}", [frame])[0]


def _rgb(frame: av.VideoFrame, view: View, width: int, height: int, way=Interpolation.BILINEAR) -> np.ndarray:
    if view.tone is not None:
        return tone_mapped(wide_rgb(frame, view, width, height, way), view.tone)
    options = {"src_colorspace": view.matrix, "interpolation": way | _exact(view)}
    if view.alpha:
        return composed(frame.reformat(width, height, "rgba", **options).to_ndarray())
    return frame.reformat(width, height, "rgb24", **options).to_ndarray()


def _exact(view: View) -> Interpolation:
    """Without this, swscale turns the white of 10 bits into 253."""
    return Interpolation.FULL_CHR_H_INT if view.deep else Interpolation(0)

"""The eight ways in which a stored picture may have to be turned and mirrored to be shown."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Orientation:
    """Rows and columns change places first, then their orders are reversed."""

    swapped: bool = False
    rows_reversed: bool = False
    columns_reversed: bool = False

    def __call__(self, picture: np.ndarray) -> np.ndarray:
        """(H, W, …) -> the picture as it is shown, a view."""
        shown = picture.swapaxes(0, 1) if self.swapped else picture
        rows, columns = (slice(None, None, -1 if flip else 1) for flip in (self.rows_reversed, self.columns_reversed))
        return shown[rows, columns]

    def size(self, width: int, height: int) -> tuple[int, int]:
        """(width, height) as shown."""
        return (height, width) if self.swapped else (width, height)

    @property
    def mirrored(self) -> bool:
        return self.swapped ^ self.rows_reversed ^ self.columns_reversed


def orientation_of(frame) -> Orientation:
    """What the display matrix of a decoded frame asks for, to the nearest quarter of a turn.

    The matrix (ISO 14496-12, 8.5.2) sends the point (x, y) to (a x + c y, b x + d y), y pointing down.
    """
    data = frame.side_data.get("DISPLAYMATRIX")
    if data is None:
        return Orientation()
    a, b, _, c, d = np.frombuffer(bytes(data), np.int32)[:5].astype(float)
    if abs(a) + abs(d) >= abs(b) + abs(c):
        return Orientation(False, bool(d < 0), bool(a < 0))
    return Orientation(True, bool(b < 0), bool(c < 0))

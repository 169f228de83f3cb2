"""From values to pixels: what every drawing in SVG does, however it is coloured."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PlotArea:
    """A rectangle of `width` x `height` pixels whose inner part, within the margins, shows x_range and y_range."""

    width: float
    height: float
    x_range: tuple[float, float] = (1.0, 5.0)
    y_range: tuple[float, float] = (0.0, 1.0)
    left: float = 30
    right: float = 14
    top: float = 12
    bottom: float = 26

    @property
    def x0(self) -> float:
        return self.left

    @property
    def x1(self) -> float:
        return self.width - self.right

    @property
    def y0(self) -> float:
        return self.height - self.bottom

    def x(self, value: float) -> float:
        low, high = self.x_range
        return self.x0 + (self.x1 - self.x0) * (float(value) - low) / (high - low)

    def y(self, value: float) -> float:
        low, high = self.y_range
        return self.y0 + (self.top - self.y0) * (float(value) - low) / (high - low)

"""What the decoding process reads of pictures: still ones and animations, each with the methods of a video there."""

from __future__ import annotations

import numpy as np

from vqathinker.video.animation import Animation
from vqathinker.video.spec import Limits
from vqathinker.video.still import read_image, small_luma


class StillReader:
    broken_s = None

    def __init__(self, request: dict, limits: Limits) -> None:
        self.rgb, notes = read_image(request["path"], limits, request["protocol"])
        self.notes = list(notes)

    def info(self) -> dict:
        height, width, _ = self.rgb.shape
        size = {"width": width, "height": height}
        return {**size, "fps": 0.0, "num_frames": 1, "duration_s": 0.0, "is_still": True}

    def times(self, indices: list[int]) -> list[float]:
        return [0.0 for _ in indices]

    def decode(self, plan: dict, send) -> str:
        for i in plan["frames"]:
            send("frame", i, self.rgb)
        for i in plan["lumas"]:
            send("luma", i, small_luma(self.rgb, plan["size"]))
        return "pillow"


class AnimationReader:
    broken_s = None

    def __init__(self, request: dict, limits: Limits) -> None:
        self.film = Animation(request["path"], limits)
        self.notes: list[str] = []

    def info(self) -> dict:
        film = self.film
        size, count = {"width": film.width, "height": film.height}, len(film.times)
        return {**size, "fps": film.fps, "num_frames": count, "duration_s": film.duration_s, "is_still": False}

    def times(self, indices: list[int]) -> list[float]:
        return [float(self.film.times[i]) for i in indices]

    def decode(self, plan: dict, send) -> str:
        frames, lumas = set(plan["frames"]), set(plan["lumas"])

        def emit(i: int, rgb: np.ndarray) -> None:
            if i in frames:
                send("frame", i, rgb)
            if i in lumas:
                send("luma", i, small_luma(rgb, plan["size"]))

        self.notes = self.film.read(sorted(frames | lumas), emit)
        return "pillow"

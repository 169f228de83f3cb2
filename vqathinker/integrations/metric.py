"""Our score as a metric of the kind that pyiqa has: pictures or videos in, scores out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from os import PathLike
from typing import TYPE_CHECKING

import numpy as np
import torch

from ..errors import VideoError
from ..video import clip_of_frames

if TYPE_CHECKING:
    from ..rating import Rater

Paths = str | PathLike | Sequence[str | PathLike]
Pixels = torch.Tensor | np.ndarray


class QualityMetric:
    """No-reference quality from 1 (bad) to 5 (excellent), with the attributes of a metric of pyiqa.

    `load` makes the Rater; it is also what a copy in another process is made with. Not differentiable: the model writes
    its score.
    """

    metric_mode = "NR"
    lower_better = False
    score_range = (1.0, 5.0)

    def __init__(self, name: str, load: Callable[[], Rater]) -> None:
        self.metric_name, self.load = name, load
        self.rater = load()

    def __call__(self, videos: Paths | Pixels, fps: float = 25.0) -> torch.Tensor:
        """Scores (N,) float32 of a path or N paths, of pictures (N, 3, H, W) or (3, H, W), or of videos (N, T, 3, H, W)
        with all their frames at `fps`: RGB, uint8, or float in [0, 1].

        Raises VideoError for a file that cannot be rated, and ValueError for other tensors.
        """
        if isinstance(videos, torch.Tensor | np.ndarray):
            return self._scores([self._rate_frames(frames, fps) for frames in as_frames(videos)])
        paths = [videos] if isinstance(videos, str | PathLike) else list(videos)
        rated = list(self.rater.rate_many(paths))
        for failure in (one for one in rated if isinstance(one, VideoError)):
            raise failure
        return self._scores([rating.score for rating in rated])

    def _rate_frames(self, frames: np.ndarray, fps: float) -> float:
        return self.rater.rate(clip_of_frames(frames, self.rater.loaded.video_spec, fps)).score

    @staticmethod
    def _scores(scores: Sequence[float]) -> torch.Tensor:
        return torch.tensor(scores, dtype=torch.float32)

    def __deepcopy__(self, memo: dict) -> QualityMetric:
        """Itself: a call changes nothing, and the model is large."""
        return self

    def __reduce__(self) -> tuple:
        return type(self), (self.metric_name, self.load)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.metric_name!r}, {self.metric_mode}, higher is better)"


def as_frames(pixels: Pixels) -> np.ndarray:
    """(N, T, H, W, 3) uint8 of pictures (N, 3, H, W) or (3, H, W) or videos (N, T, 3, H, W), uint8 or float in [0, 1].

    >>> as_frames(torch.ones(2, 3, 8, 9)).shape
    (2, 1, 8, 9, 3)
    """
    given = torch.as_tensor(pixels).detach()
    shaped = {3: lambda: given[None, None], 4: lambda: given[:, None], 5: lambda: given}
    if given.ndim not in shaped or given.shape[-3] != 3 or not given.numel():
        wanted = "pictures (N, 3, H, W) or videos (N, T, 3, H, W)"
        raise ValueError(f"a tensor must hold {wanted}, not {tuple(given.shape)}")
    videos = shaped[given.ndim]()
    if videos.is_floating_point():
        if not (videos.amin() >= 0 and videos.amax() <= 1):
            raise ValueError("a tensor of floats must lie in [0, 1]; divide by its largest value, such as 255")
        videos = (videos * 255).round().to(torch.uint8)
    if videos.dtype != torch.uint8:
        raise ValueError(f"a tensor must be uint8, or float in [0, 1], not {videos.dtype}")
    return videos.movedim(-3, -1).cpu().numpy()

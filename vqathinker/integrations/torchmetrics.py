"""Our score as a metric of torchmetrics: the mean quality of all that was shown to it, over all processes."""

from __future__ import annotations

import torch
from torchmetrics import Metric

from .metric import Paths, Pixels, QualityMetric


class VideoQualityScore(Metric):
    """Mean score, from 1 (bad) to 5 (excellent), of videos and pictures; `metric` is what `create_metric` makes.

    `update` takes what that takes: paths, pictures (N, 3, H, W), videos (N, T, 3, H, W). NaN before the first of them.
    """

    is_differentiable = False
    higher_is_better = True
    full_state_update = False
    plot_lower_bound, plot_upper_bound = 1.0, 5.0

    def __init__(self, metric: QualityMetric, **kwargs) -> None:
        super().__init__(**kwargs)
        self.metric = metric
        self.add_state("total", torch.tensor(0.0, dtype=torch.float64), dist_reduce_fx="sum")
        self.add_state("count", torch.tensor(0), dist_reduce_fx="sum")

    def update(self, videos: Paths | Pixels, fps: float = 25.0) -> None:
        scores = self.metric(videos, fps).to(self.total)
        self.total += scores.sum()
        self.count += len(scores)

    def compute(self) -> torch.Tensor:
        return (self.total / self.count).float()

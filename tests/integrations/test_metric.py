"""Our score as a metric: paths and tensors give what the rater gives; copies share the model."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
import torch
from PIL import Image

from tests.clips import numbered_frames
from tests.raters import tiny
from vqathinker import ModelError, VideoError, create_metric
from vqathinker.integrations.metric import QualityMetric, as_frames
from vqathinker.video import clip_of_frames


@pytest.fixture(scope="module")
def metric() -> QualityMetric:
    return create_metric("vqathinker-tiny")


@pytest.fixture(scope="module")
def pictures(tmp_path_factory) -> tuple[list[str], np.ndarray]:
    """Paths of two PNG files, and the same as (2, 3, H, W) uint8."""
    frames, paths = numbered_frames(2, 96, 80), []
    for number, frame in enumerate(frames):
        paths.append(str(tmp_path_factory.mktemp("pictures") / f"{number}.png"))
        Image.fromarray(frame).save(paths[-1])
    return paths, np.moveaxis(frames, -1, 1)


def test_paths_and_pixels_of_pictures_score_alike(metric, pictures):
    paths, pixels = pictures
    scores = metric(paths)
    assert scores.shape == (2,) and scores.dtype == torch.float32
    assert scores.tolist() == pytest.approx([tiny().rate(path).score for path in paths])
    assert torch.equal(metric(pixels), scores)
    assert torch.equal(metric(torch.tensor(pixels) / 255), scores)
    assert metric(torch.tensor(pixels[0])).item() == scores[0]


def test_the_frames_of_a_video_are_shown_as_a_clip(metric):
    frames = numbered_frames(20, 96, 80)
    score = metric(torch.tensor(np.moveaxis(frames, -1, 1))[None], fps=25)
    rating = tiny().rate(clip_of_frames(frames, tiny().loaded.video_spec, 25))
    assert score.tolist() == pytest.approx([rating.score]) and 1 <= rating.score <= 5
    with pytest.raises(ValueError, match="perturbed as it is read"):
        tiny().rate(clip_of_frames(frames, tiny().loaded.video_spec), perturbation="shuffle")


@pytest.mark.parametrize(
    ("pixels", "message"),
    [
        (torch.zeros(2, 8, 8), r"must hold pictures .*, not \(2, 8, 8\)"),
        (torch.zeros(0, 3, 8, 8), "must hold pictures"),
        (torch.full((3, 8, 8), 255.0), r"must lie in \[0, 1\]"),
        (torch.full((3, 8, 8), torch.nan), r"must lie in \[0, 1\]"),
        (torch.zeros(3, 8, 8, dtype=torch.int64), "must be uint8"),
    ],
)
def test_other_tensors_are_refused(pixels, message):
    with pytest.raises(ValueError, match=message):
        as_frames(pixels)


def test_a_file_that_cannot_be_rated_is_an_error(metric, pictures):
    with pytest.raises(VideoError, match=r"nowhere\.mp4"):
        metric([pictures[0][0], "nowhere.mp4"])


def test_what_pyiqa_says_of_its_metrics_is_said_of_this_one(metric):
    assert (metric.metric_name, metric.metric_mode, metric.lower_better) == ("vqathinker-tiny", "NR", False)
    assert metric.score_range == (1, 5)
    with pytest.raises(ModelError, match="no model 'musiq'"):
        create_metric("vqathinker-musiq")


def test_a_copy_shares_the_model_and_another_process_makes_its_own(metric, pictures):
    assert copy.deepcopy(metric) is metric
    other = pickle.loads(pickle.dumps(metric))
    assert other.rater is not metric.rater
    assert torch.equal(other(pictures[0][0]), metric(pictures[0][0]))


def test_torchmetrics_takes_the_mean_of_all_that_was_shown(metric, pictures):
    torchmetrics = pytest.importorskip("torchmetrics")
    from vqathinker.integrations.torchmetrics import VideoQualityScore

    paths, pixels = pictures
    mean = VideoQualityScore(metric)
    mean.update(pixels)
    mean.update(paths[0])
    scores = metric(paths).double()
    assert mean.compute().item() == pytest.approx((2 * scores[0] + scores[1]).item() / 3)
    both = torchmetrics.MetricCollection({"quality": mean}).clone()
    both.reset()
    assert both(paths[1])["quality"].item() == pytest.approx(scores[1].item())
    assert mean.higher_is_better and not mean.is_differentiable

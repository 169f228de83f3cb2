"""Configuration of both sizes: what differs between tiny and 8b is written here and nowhere else."""

from __future__ import annotations

import math

from huggingface_hub.dataclasses import strict
from transformers import AutoConfig, InternVLConfig, PreTrainedConfig
from transformers.configuration_utils import SubConfigSpec

COLOR_SIZE = 10
"""Moments of color (color.py): mean and standard deviation of five channels."""


@strict
class EfficientNetLiteConfig(PreTrainedConfig):
    """EfficientNet-Lite tower that emits one token for each region of an image pyramid.

    `stages` lists (expansion, channels, repeats, stride, kernel) as in the EfficientNet paper, Table 1.
    `feature_stages` are the indices of the stages whose maps are pooled; `grids` the pyramid: (1, 3) gives one
    global token and nine regional ones. Every token holds the mean and the standard deviation, over its region,
    of every pooled stage.
    """

    model_type = "efficientnet_lite"
    base_config_key = "vision_config"

    image_size: int = 448
    num_channels: int = 3
    stem_channels: int = 32
    stages: list | tuple = (
        (1, 16, 1, 1, 3),
        (6, 24, 2, 2, 3),
        (6, 40, 2, 2, 5),
        (6, 80, 3, 2, 3),
        (6, 112, 3, 1, 5),
        (6, 192, 4, 2, 5),
        (6, 320, 1, 1, 3),
    )
    feature_stages: list | tuple = (1, 2, 4, 6)
    grids: list | tuple = (1, 3)
    batch_norm_eps: float = 1e-3
    initializer_range: float = 0.02

    @property
    def hidden_size(self) -> int:
        """Width of a token: mean and standard deviation of every pooled channel."""
        return 2 * sum(self.stages[index][1] for index in self.feature_stages)

    @property
    def tokens_per_frame(self) -> int:
        return sum(grid * grid for grid in self.grids)


@strict
class BurstMotionConfig(PreTrainedConfig):
    """Temporal network over dense bursts (frames x burst_length luma pictures) and four facts of the clip."""

    model_type = "burst_motion"
    base_config_key = "motion_config"

    burst_length: int = 8
    burst_size: int = 96
    channels: list | tuple = (16, 32, 64)
    temporal_channels: int = 96
    fact_size: int = 32
    initializer_range: float = 0.02

    @property
    def hidden_size(self) -> int:
        """Width of the motion feature: mean, deviation and maximum over time, then the embedded facts."""
        return 3 * self.temporal_channels + self.fact_size


@strict
class SlowFastConfig(PreTrainedConfig):
    """SlowFast of `depths` residual blocks a stage; `channels` and channels / `fast_ratio` leave the two stems.

    The slow pathway sees frames // `slow_divisor` frames, and every moment counts `repeat` times when features are
    pooled: 4 and 4 for 12 frames, 3 and 6 for 6 frames (official test/ and train/modeling_internvl_chat.py).
    """

    model_type = "slowfast"
    base_config_key = "motion_config"

    channels: int = 64
    fast_ratio: int = 8
    depths: list | tuple = (3, 4, 6, 3)
    slow_divisor: int = 4
    repeat: int = 4
    initializer_range: float = 0.02

    @property
    def hidden_size(self) -> int:
        """Width of the motion feature: the channels of both pathways after the last stage."""
        widest = 4 * self.channels << len(self.depths) - 1
        return widest + widest // self.fast_ratio


@strict
class VQAThinkerConfig(InternVLConfig):
    """InternVL configuration plus a motion encoder.

    `frames` is the number of frames of one video; each contributes `image_seq_length` tokens and the motion feature one
    more, written to the last image placeholder of the sample (official test/modeling_internvl_chat.py). `calibration`:
    {"factor", "floor"}: the error of a score has the standard deviation factor * sqrt(variance of the answer +
    floor^2), fitted on held-out data (training/evaluate/interval.py). `color`: moments of color (color.py) join every
    token of the tower; for towers with a pyramid of grids only. `frames_at_once`: frames that go through tower and
    projector at a time where nothing is learned; None: as many as are fast (modeling.py)."""

    model_type = "vqathinker"
    sub_configs_defaults = {
        "text_config": SubConfigSpec(config_class=AutoConfig, model_type="qwen2"),
        "vision_config": SubConfigSpec(config_class=AutoConfig, model_type="efficientnet_lite"),
        "motion_config": SubConfigSpec(config_class=AutoConfig, model_type="burst_motion"),
    }

    motion_config: dict | PreTrainedConfig | None = None
    frames: int = 6
    color: bool = False
    calibration: dict | None = None
    frames_at_once: int | None = None

    def validate_calibration(self) -> None:
        """Raises ValueError for a calibration that would fail when the first score is told."""
        values = {"factor": 1.0, "floor": 0.0} if self.calibration is None else self.calibration
        numbers = [values.get(name) for name in ("factor", "floor")]
        whole = all(isinstance(one, (int, float)) and math.isfinite(one) and one >= 0 for one in numbers)
        if len(values) != len(numbers) or not whole:
            raise ValueError(f"calibration holds a factor and a floor, numbers of at least 0, not {values}")

    def validate_frames_at_once(self) -> None:
        """Raises ValueError for a number of frames that is none."""
        if self.frames_at_once is not None and self.frames_at_once < 1:
            raise ValueError(f"frames_at_once must be at least 1, not {self.frames_at_once}")

    @property
    def video_seq_length(self) -> int:
        """Number of placeholders of one video: the tokens of its frames and the motion token."""
        return self.frames * self.image_seq_length + 1

    @property
    def token_size(self) -> int:
        """Width of a token of a frame before it is projected."""
        return round(self.vision_config.hidden_size / self.downsample_ratio**2) + COLOR_SIZE * self.color


for _config in (EfficientNetLiteConfig, BurstMotionConfig, SlowFastConfig, VQAThinkerConfig):
    AutoConfig.register(_config.model_type, _config, exist_ok=True)

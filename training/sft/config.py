"""Settings of the supervised start: one YAML file, one frozen dataclass for each section."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from vqathinker.renamed import STAGES as OLD_STAGES
from vqathinker.renamed import renamed

from ..common.settings import build, read_yaml


@dataclass(frozen=True)
class ModelSettings:
    """Size of the tiny model."""

    image_size: int = 384
    frames: int = 6
    grids: tuple[int, ...] = (1, 3)
    burst_length: int = 8
    burst_size: int = 96
    hidden_size: int = 256
    layers: int = 4
    heads: int = 4
    intermediate_size: int = 704
    vocabulary: int = 1024
    attention_dropout: float = 0.1
    color: bool = True
    """Whether moments of color join the tokens of the tower."""


@dataclass(frozen=True)
class VisionSettings:
    """First stage: tower, motion encoder and projectors learn to see quality; a small head reads it off."""

    epochs: int = 5
    batch_size: int = 16
    tower_lr: float = 2e-4
    new_lr: float = 1e-3
    weight_decay: float = 0.05
    layer_decay: float = 0.8
    """Factor of the learning rate from one stage of the tower to the one before."""
    average: float = 0.998
    """Decay of the moving average of the weights, which is what the stage ends with."""
    imagenet: float = 0.15
    """How far the tower goes back towards its ImageNet weights at the end: it then knows pictures that nobody rated."""
    copies: dict[str, int] = field(default_factory=lambda: {"clive": 2, "avt_uhd": 2})
    """How often an epoch shows a sample of a group, once where it is not named."""
    frozen_stages: int = 2
    crop: float = 0.75
    warmup: float = 0.05
    defect_weight: float = 4.0
    correlation_weight: float = 0.5


@dataclass(frozen=True)
class MotionSettings:
    """Second stage: the motion encoder learns motion, on bursts alone."""

    epochs: int = 12
    batch_size: int = 32
    lr: float = 2e-3
    weight_decay: float = 0.05
    warmup: float = 0.05
    time_share: float = 0.7
    filmed: int = 1200
    """Liked pictures that a camera films, at most; 0: all of them."""


@dataclass(frozen=True)
class LanguageSettings:
    """Third stage: projectors and language model learn to say it, on the cached features of the tower."""

    epochs: int = 12
    batch_size: int = 32
    lr: float = 1e-3
    muon_lr: float = 2e-3
    projector_lr: float = 1e-3
    copies: dict[str, int] = field(default_factory=dict)
    clean_copies: int = 3
    """How often an epoch shows a clip without defects, as it is."""
    weight_decay: float = 0.1
    warmup: float = 0.05
    score_jitter: float = 0.12
    """Standard deviation of the written scores around the MOS."""
    word_jitter: float = 0.35
    """The same of what the words judge."""
    answer_weight: float = 8.0
    reading_weight: float = 0.5
    probe_weight: float = 0.03
    views: int = 4
    """Showings of every training clip whose features are computed; the first is the clip as it is."""
    picture_views: int = 3
    """The same of every rated picture."""
    validation: int = 600
    """Validation samples that are answered about, spread evenly over all; 0: all of them."""
    feature_dropout: float = 0.1


@dataclass(frozen=True)
class SftSettings:
    """Everything that decides a supervised run, next to its data.

    `pan_share`, `cut_share`: how often a rated picture is filmed by a moving camera, and how often that has a cut;
    `crop`: the least share of each side of a still one that is shown; `resize_share`: how often it is shown with the
    stated size of a common video; `tone_share`, `time_share`: how often a degraded clip gets a new defect of pixels or
    of time (training/sft/augment.py); `retouch_share`: how often a rated picture that people liked gets one of
    pixels."""

    seed: int = 0
    pan_share: float = 0.6
    cut_share: float = 0.1
    crop: float = 1.0
    resize_share: float = 0.5
    tone_share: float = 0.35
    time_share: float = 0.35
    retouch_share: float = 0.0
    model: ModelSettings = field(default_factory=ModelSettings)
    vision: VisionSettings = field(default_factory=VisionSettings)
    motion: MotionSettings = field(default_factory=MotionSettings)
    language: LanguageSettings = field(default_factory=LanguageSettings)


STAGES = {"vision": VisionSettings, "motion": MotionSettings, "language": LanguageSettings}
SECTIONS = {"model": ModelSettings, **STAGES}


def load_settings(path: str | Path) -> SftSettings:
    """Read a YAML file such as training/configs/tiny_sft.yaml; a missing key keeps its default, and names of the
    release before are read (vqathinker/renamed.py). Raises ValueError that names the file."""
    values = renamed(read_yaml(path), OLD_STAGES)
    for name, cls in SECTIONS.items():
        if name in values:
            values[name] = build(cls, values[name], f"{path}, section {name}")
    return build(SftSettings, values, str(path))

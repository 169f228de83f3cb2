"""Settings of the supervised start: one YAML file, one checked dataclass for each section."""

from __future__ import annotations

from dataclasses import field
from pathlib import Path

from vqathinker.checked import checked
from vqathinker.renamed import OLD_STAGES, renamed

from ..common.settings import Amount, Count, Share, Whole, build_settings, read_yaml


@checked()
class ModelSettings:
    """Size of the tiny model."""

    image_size: Count = 384
    frames: Count = 6
    grids: tuple[Count, ...] = (1, 3)
    burst_length: Count = 8
    burst_size: Count = 96
    hidden_size: Count = 256
    layers: Count = 4
    heads: Count = 4
    intermediate_size: Count = 704
    vocabulary: Count = 1024
    attention_dropout: Share = 0.1
    color: bool = True
    """Whether moments of color join the tokens of the tower."""


@checked()
class VisionSettings:
    """First stage: tower, motion encoder and projectors learn to see quality; a small head reads it off."""

    epochs: Count = 5
    batch_size: Count = 16
    tower_lr: Amount = 2e-4
    new_lr: Amount = 1e-3
    weight_decay: Amount = 0.05
    layer_decay: Share = 0.8
    """Factor of the learning rate from one stage of the tower to the one before."""
    average: Share = 0.998
    """Decay of the moving average of the weights, which is what the stage ends with."""
    imagenet: Share = 0.15
    """How far the tower goes back towards its ImageNet weights at the end: it then knows pictures that nobody rated."""
    copies: dict[str, Count] = field(default_factory=lambda: {"clive": 2, "avt_uhd": 2})
    """How often an epoch shows a sample of a group, once where it is not named."""
    frozen_stages: Whole = 2
    crop: Share = 0.75
    warmup: Share = 0.05
    defect_weight: Amount = 4.0
    correlation_weight: Amount = 0.5


@checked()
class MotionSettings:
    """Second stage: the motion encoder learns motion, on bursts alone."""

    epochs: Count = 12
    batch_size: Count = 32
    lr: Amount = 2e-3
    weight_decay: Amount = 0.05
    warmup: Share = 0.05
    time_share: Share = 0.7
    filmed: Whole = 1200
    """Liked pictures that a camera films, at most; 0: all of them."""


@checked()
class LanguageSettings:
    """Third stage: projectors and language model learn to say it, on the cached features of the tower."""

    epochs: Count = 12
    batch_size: Count = 32
    lr: Amount = 1e-3
    muon_lr: Amount = 2e-3
    projector_lr: Amount = 1e-3
    copies: dict[str, Count] = field(default_factory=dict)
    clean_copies: Count = 3
    """How often an epoch shows a clip without defects, as it is."""
    weight_decay: Amount = 0.1
    warmup: Share = 0.05
    score_jitter: Amount = 0.12
    """Standard deviation of the written scores around the MOS."""
    word_jitter: Amount = 0.35
    """The same of what the words judge."""
    answer_weight: Amount = 8.0
    reading_weight: Amount = 0.5
    probe_weight: Amount = 0.03
    views: Count = 4
    """Showings of every training clip whose features are computed; the first is the clip as it is."""
    picture_views: Count = 3
    """The same of every rated picture."""
    validation: Whole = 600
    """Validation samples that are answered about, spread evenly over all; 0: all of them."""
    feature_dropout: Share = 0.1


@checked()
class SftSettings:
    """Everything that decides a supervised run, next to its data.

    `pan_share`, `cut_share`: how often a rated picture is filmed by a moving camera, and how often that has a cut;
    `crop`: the least share of each side of a still one that is shown; `resize_share`: how often it is shown with the
    stated size of a common video; `tone_share`, `time_share`: how often a degraded clip gets a new defect of pixels or
    of time (training/sft/augment.py); `retouch_share`: how often a rated picture that people liked gets one of
    pixels."""

    seed: int = 0
    pan_share: Share = 0.6
    cut_share: Share = 0.1
    crop: Share = 1.0
    resize_share: Share = 0.5
    tone_share: Share = 0.35
    time_share: Share = 0.35
    retouch_share: Share = 0.0
    model: ModelSettings = field(default_factory=ModelSettings)
    vision: VisionSettings = field(default_factory=VisionSettings)
    motion: MotionSettings = field(default_factory=MotionSettings)
    language: LanguageSettings = field(default_factory=LanguageSettings)


STAGES = {"vision": VisionSettings, "motion": MotionSettings, "language": LanguageSettings}
SECTIONS = {"model": ModelSettings, **STAGES}


def load_sft_settings(path: str | Path) -> SftSettings:
    """Read a YAML file such as training/configs/tiny_sft.yaml; a missing key keeps its default, and names of the
    release before are read (vqathinker/renamed.py). Raises ValueError that names the file."""
    values = renamed(read_yaml(path), OLD_STAGES)
    for name, cls in SECTIONS.items():
        if name in values:
            values[name] = build_settings(cls, values[name], f"{path}, section {name}")
    return build_settings(SftSettings, values, str(path))

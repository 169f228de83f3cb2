"""The family with which this package began, as the others: its parts stand in vqathinker/model."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch

from ....errors import ModelError
from ...before import check_before_weights, read_shapes
from ...configuration import VQAThinkerConfig
from ...efficientnet_lite import EfficientNetLiteModel
from ...loading import LoadedModel, Wanted, open_checkpoint, read_weights
from ...memory import Measured, choose_precision
from ...novelty import read_novelty
from ...official import OFFICIAL_TYPE

KINDS = (OFFICIAL_TYPE, VQAThinkerConfig.model_type)


def check(folder: Path, wanted: Wanted) -> None:
    """See `Family` in load.py."""
    refuse_other(folder, wanted)
    check_before_weights(folder, wanted.precision, wanted.device, wanted.mode)


def measure(folder: Path, wanted: Wanted) -> Measured:
    """See `Family` in load.py."""
    refuse_other(folder, wanted)
    shapes, config, _ = read_shapes(folder, wanted.mode)
    return Measured(shapes, config)


def load(folder: Path, wanted: Wanted, tell: Callable[[str], None]) -> LoadedModel:
    """See `Family` in load.py."""
    refuse_other(folder, wanted)
    checkpoint = open_checkpoint(folder, wanted.mode)
    chosen, note = choose_precision(wanted.precision, checkpoint.shapes, checkpoint.config, wanted.device)
    novelty = read_novelty(folder, checkpoint.weights)
    tell(chosen)
    model = read_weights(checkpoint, chosen, wanted.device)
    if isinstance(model.model.vision_tower, EfficientNetLiteModel):
        model.model.vision_tower.eval().fold_batch_norm().to(memory_format=torch.channels_last)
    return LoadedModel(model, checkpoint.processor, wanted.name, chosen, note, wanted.protocol, novelty=novelty)


def refuse_other(folder: Path, wanted: Wanted) -> None:
    """Raises ModelError where another family's scorer was asked for."""
    if wanted.scorer is not None and wanted.scorer.kind not in KINDS:
        raise ModelError(f"{folder} holds a VQAThinker checkpoint, not {wanted.scorer.title}")

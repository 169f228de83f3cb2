"""The family with which this package began, as the others: its parts stand in vqathinker/model."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch

from ....errors import ModelError
from ....scorers import Scorer
from ...before import check_before_weights
from ...configuration import VQAThinkerConfig
from ...loading import LoadedModel, load_folder
from ...official import OFFICIAL_TYPE

KINDS = (OFFICIAL_TYPE, VQAThinkerConfig.model_type)


def check(folder: Path, scorer: Scorer | None, precision: str, device: torch.device, mode: str | None = None) -> None:
    """Whether a checkpoint, of which only the small files need to be there, can be loaded. Raises ModelError."""
    refuse_other(folder, scorer)
    check_before_weights(folder, precision, device, mode)


def load(
    folder: Path,
    name: str,
    scorer: Scorer | None,
    precision: str,
    device: torch.device,
    mode: str | None,
    protocol: str,
    tell: Callable[[str], None],
) -> LoadedModel:
    """The model in a folder. Raises ModelError, and what transformers raises."""
    refuse_other(folder, scorer)
    return load_folder(folder, name, precision, device, mode, protocol, tell)


def refuse_other(folder: Path, scorer: Scorer | None) -> None:
    if scorer is not None and scorer.kind not in KINDS:
        raise ModelError(f"{folder} holds a VQAThinker checkpoint, not {scorer.title}")

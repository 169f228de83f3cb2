"""Novelty detection: whether a video is unlike all that a checkpoint learned from.

What the vision tower says of whole pictures lies near a plane of a few dimensions for what was learned. The distance of
a video from that plane, the residual of a principal component analysis, is large for test cards, noise, charts and
screens. `training.evaluate.novelty` fits plane and limit and measures both; novelty.json beside the weights keeps them.
"""

from __future__ import annotations

import base64
import hashlib
import json
import logging
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..bundled import NOVELTY_FILE, NOVELTY_FORMAT
from ..errors import ModelError

if TYPE_CHECKING:  # the command that fits a detector helps without torch
    import torch

    from .weights import Piece

TOWER_PREFIX, MARKED_VALUES = "model.vision_tower.", 256
logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Plane:
    """mean and deviation (D,) of what was learned; components (K, D), orthonormal, of that standardised with both."""

    mean: np.ndarray
    deviation: np.ndarray
    components: np.ndarray

    def distances(self, vectors: np.ndarray) -> np.ndarray:
        """(N, D) -> (N,), in standard deviations."""
        standard = (vectors - self.mean) / self.deviation
        along = standard @ self.components.T
        return np.sqrt(np.maximum((standard**2).sum(1) - (along**2).sum(1), 0.0))


@dataclass(frozen=True)
class NoveltyDetector:
    """A plane, and the distance from it above which a video counts as unlike; both rates of that limit, 0 to 1, of
    held-out contents that were called unlike by mistake, and of odd files that were found. `tower` is the `tower_mark`
    of the weights for which all that holds."""

    plane: Plane
    limit: float
    false_alarm_rate: float
    detection_rate: float
    tower: str

    def of(self, overview: torch.Tensor) -> float:
        """Distance of a video, of its `overview` (1, D) from `VQAThinkerModel.encode`, as a multiple of the limit."""
        [distance] = self.plane.distances(overview.detach().float().cpu().numpy())
        return float(distance / self.limit)


def tower_mark(weights: Mapping[str, Piece]) -> str:
    """What tells the vision tower of a checkpoint from another one: a hash of the first numbers of its tensors, which
    change wherever a tower learns."""
    total = hashlib.sha256()
    for key in sorted(key for key in weights if key.startswith(TOWER_PREFIX)):
        total.update(key.encode() + weights[key][...].flatten()[:MARKED_VALUES].float().numpy().tobytes())
    return total.hexdigest()[:24]


def read_novelty(folder: Path, weights: Mapping[str, Piece]) -> NoveltyDetector | None:
    """That of a checkpoint with these weights; None where its folder has none, or one for another tower. Raises
    ModelError where the file is damaged."""
    path = folder / NOVELTY_FILE
    if not path.is_file():
        return None
    try:
        found = detector_from_json(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{path} is damaged: {' '.join(str(error).split())}") from None
    if found.tower != tower_mark(weights):
        logger.warning("%s is for another tower: training.evaluate.novelty makes it anew", path)
        return None
    return found


def detector_from_json(values: dict) -> NoveltyDetector:
    """Raises ValueError, KeyError and TypeError for what `detector_to_json` would not write."""
    limit, *rates = (float(values[name]) for name in ("limit", "false_alarm_rate", "detection_rate"))
    if values["format"] != NOVELTY_FORMAT or not 0 < limit < math.inf or not all(0 <= rate <= 1 for rate in rates):
        raise ValueError("format, limit or rates cannot be used")
    return NoveltyDetector(plane_from_json(values), limit, *rates, str(values["tower"]))


def detector_to_json(detector: NoveltyDetector) -> dict:
    """What `detector_from_json` reads."""
    rest = {name: getattr(detector, name) for name in ("tower", "limit", "false_alarm_rate", "detection_rate")}
    return {"format": NOVELTY_FORMAT} | rest | plane_to_json(detector.plane)


def plane_from_json(values: dict) -> Plane:
    """Raises ValueError, KeyError and TypeError for what `plane_to_json` would not write."""
    components = np.stack([_numbers(row) for row in values["components"]])
    plane = Plane(_numbers(values["mean"]), _numbers(values["deviation"]), components)
    if {array.shape[-1] for array in vars(plane).values()} != {len(plane.mean)}:
        raise ValueError("mean, deviation and components differ in length")
    return plane


def plane_to_json(plane: Plane) -> dict:
    """What `plane_from_json` reads, numbers in half precision."""
    return {name: _text(array) for name, array in vars(plane).items()}


def _text(array: np.ndarray) -> str | list[str]:
    """Half precision, little-endian, in base64; of a matrix a text a row."""
    if array.ndim == 2:
        return [_text(row) for row in array]
    return base64.b64encode(array.astype("<f2").tobytes()).decode()


def _numbers(text: str) -> np.ndarray:
    """The array that `_text` was made of, float32. Raises ValueError and TypeError."""
    array = np.frombuffer(base64.b64decode(text, validate=True), "<f2").astype(np.float32)
    if not np.isfinite(array).all():
        raise ValueError("numbers that are none")
    return array

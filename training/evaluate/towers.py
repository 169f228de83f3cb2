"""Ridge regressions on what towers see; the command is ridge.py."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from vqathinker.model.efficientnet_lite import EfficientNetLiteModel
from vqathinker.model.processing import normalise
from vqathinker.rating.evaluation import agreement

from ..common.io import read_manifest
from ..common.metrics import set_of
from ..common.precision import quick_autocast
from ..common.spread import spread
from ..sft.cache import read_sample, sample_path
from ..sft.config import load_sft_settings
from ..sft.init import HALF, load_imagenet, tiny_tower
from ..sft.views import plain_view
from ..sft.vision import towards_imagenet

RIDGE_STRENGTHS = (300.0, 1000.0, 3000.0, 10000.0)
PICTURES_AT_ONCE = 8


def towers(run: Path, size: int, grids: tuple[int, ...]) -> dict[str, EfficientNetLiteModel]:
    """The five towers, by name. Raises ValueError where the first stage is not done."""
    path = run / "vision.pt"
    path = path if path.exists() else run / "see.pt"  # as the release before called it
    if not path.is_file():
        raise ValueError(f"there is no {path}: training.sft writes it")
    state = torch.load(path, map_location="cpu", weights_only=True)
    prefix = "module.vision_tower."
    average = {key.removeprefix(prefix): value for key, value in state["average"].items() if key.startswith(prefix)}
    names = ("ImageNet", "last step", "average", "a quarter back", "half back")
    found = {name: tiny_tower(size, grids) for name in names}
    for name, tower in found.items():
        tower.load_state_dict(state["vision_tower"] if name == "last step" else average)
    load_imagenet(found["ImageNet"])
    for name, share in (("a quarter back", 0.25), ("half back", 0.5)):
        towards_imagenet(found[name], share)
    return found


@torch.inference_mode()
def features(tower: EfficientNetLiteModel, pictures: torch.Tensor) -> np.ndarray:
    """Pictures (N, S, S, 3) uint8 -> (N, 2D): the global token, and the mean of the regional ones."""
    quick = tower.eval().fold_batch_norm().to(memory_format=torch.channels_last)
    parts = []
    with quick_autocast(torch.device("cpu")):
        for some in pictures.split(PICTURES_AT_ONCE):
            tokens = quick(pixel_values=normalise(some, HALF, HALF)).last_hidden_state.float()
            parts.append(torch.cat([tokens[:, 0], tokens[:, 1:].mean(1)], dim=1))
    return torch.cat(parts).numpy()


def ridge(train: np.ndarray, mos: np.ndarray, others: np.ndarray, strength: float) -> np.ndarray:
    """Predictions (M,) for `others` (M, D) of a ridge regression of mos (N,) on standardised features (N, D)."""
    mean, deviation = train.mean(0), train.std(0) + 1e-3
    x, y = (train - mean) / deviation, (others - mean) / deviation
    weights = x.T @ np.linalg.solve(x @ x.T + strength * np.eye(len(x)), mos - mos.mean())
    return y @ weights + mos.mean()


def compare(built: Path, run: Path, config: Path, most: int) -> list[str]:
    """One line for each tower and strength."""
    settings = load_sft_settings(config)
    known = towers(run, settings.model.image_size, settings.model.grids)
    rows = [row for row in read_manifest(built) if row["kind"] == "human" and row["group"] in ("biq2021", "clive")]
    rows = [row for row in rows if row["facts"]["num_frames"] == 1 and sample_path(run / "cache", row).exists()]
    chosen = {split: spread([row for row in rows if row["split"] == split], most) for split in ("train", "val")}
    if empty := [split for split, part in chosen.items() if not part]:
        raise ValueError(f"{run / 'cache'} holds no rated picture of {' and '.join(empty)}")
    pictures = {
        split: torch.from_numpy(
            np.stack([plain_view(row, read_sample(run / "cache", row), settings).frame(0) for row in part])
        )
        for split, part in chosen.items()
    }
    mos = np.array([row["mos"] for row in chosen["train"]])
    lines = []
    for name, tower in known.items():
        seen = {split: features(tower, part) for split, part in pictures.items()}
        for strength in RIDGE_STRENGTHS:
            predicted = ridge(seen["train"], mos, seen["val"], strength)
            lines.append(f"{name:16}{strength:8.0f}  {set_scores(chosen['val'], predicted)}")
    return lines


def set_scores(rows: Sequence[dict], predicted: np.ndarray) -> str:
    """SRCC and MAE of each set."""
    parts = []
    for name in sorted({set_of(row) for row in rows}):
        chosen = [index for index, row in enumerate(rows) if set_of(row) == name]
        found = agreement(predicted[chosen], [rows[index]["mos"] for index in chosen], resamples=0)
        parts.append(f"{name} SRCC {found.srcc.value:.3f} MAE {found.mae.value:.3f}")
    return ", ".join(parts)

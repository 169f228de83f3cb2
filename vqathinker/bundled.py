"""Where the bundled checkpoints and examples are, and what stands beside the weights of one; light enough for the page,
which is there before torch is."""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).parent
CHECKPOINTS = PACKAGE / "checkpoints"
EVALUATION_FILE, INTERVAL_FILE = "evaluation.json", "interval.json"
LOG_FILE, LOG_FORMAT = "training.json", 1
HELD_OUT_FILE, HELD_OUT_FORMAT = "held_out.json", 1
NOVELTY_FILE, NOVELTY_FORMAT = "novelty.json", 1
"""What training writes into the folder of a checkpoint for the page, which refuses another format."""


def bundled() -> dict[str, Path]:
    """Name and folder of each bundled checkpoint."""
    return {path.name: path for path in sorted(CHECKPOINTS.glob("*")) if path.is_dir()}


def checkpoint_folder(model: str) -> Path:
    """Where the files of a checkpoint lie: bundled under its name, or in a folder of this machine."""
    return bundled().get(model, Path(model))


def examples_folder(package: Path = PACKAGE) -> Path:
    """The example clips: inside an installed package, beside the package in a checkout."""
    inside = package / "examples"
    return inside if inside.is_dir() else package.parent / "examples"

"""Where the bundled checkpoints are; light enough for the page, which is there before torch is."""

from __future__ import annotations

from pathlib import Path

CHECKPOINTS = Path(__file__).parent / "checkpoints"


def checkpoint_folder(model: str) -> Path:
    """Where the files of a checkpoint lie: bundled under its name, or in a folder of this machine."""
    bundled = CHECKPOINTS / model
    return bundled if bundled.is_dir() else Path(model)

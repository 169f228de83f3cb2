"""Saving and resuming: a file is either the old one or the new one, never half of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import torch

from .whole import whole


def save_atomically(value: object, path: Path) -> None:
    """torch.save to a temporary file beside `path`, then rename."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole(path) as partial:
        torch.save(value, partial)


def append_jsonl(path: Path, row: dict) -> None:
    """Add one line to a log."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as log:
        log.write(json.dumps(row) + "\n")


def read_manifest(built: Path) -> list[dict]:
    """Rows of a built data set. Raises ValueError where there is none."""
    path = built / "manifest.jsonl"
    if not path.is_file():
        raise ValueError(f"there is no {path}: training.data.build writes it")
    return read_jsonl(path)


def require_data(folder: Path) -> None:
    """Raises ValueError where there is no such folder of sources."""
    if not folder.is_dir():
        raise ValueError(f"there is no data folder {folder}")


def read_jsonl(path: Path) -> list[dict]:
    """Rows of a JSONL file. Raises ValueError that names the line which is empty or is no JSON object."""
    rows = []
    for number, line in enumerate(path.read_text().splitlines(), start=1):
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            raise ValueError(f"{path}, line {number}: not JSON ({error.msg})") from error
        if not isinstance(row, dict):
            raise ValueError(f"{path}, line {number}: not a JSON object")
        rows.append(row)
    return rows


def first_of(runs: Sequence[Path], name: str) -> Path | None:
    """The file of this name in the first run that has it."""
    return next((run / name for run in runs if (run / name).exists()), None)


def read_first(runs: Sequence[Path], name: str) -> list[dict]:
    """Rows of the JSONL file of this name in the first run that has it; none without. Raises ValueError as
    `read_jsonl` does."""
    path = first_of(runs, name)
    return read_jsonl(path) if path else []

"""Tables of the data: which files belong to it, where each comes from, which show one scene."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from training.common.atomic import atomic_write


def read_table(name: str) -> list[dict[str, str]]:
    """Rows of a table in this folder."""
    with (Path(__file__).parent / name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def write_table(path: Path, columns: Sequence[str], rows: list[dict]) -> Path:
    """Write a CSV table of these columns, complete or not at all."""
    with atomic_write(path) as partial, partial.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return path

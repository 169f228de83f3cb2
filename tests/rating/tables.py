"""Reading back what `batch` wrote."""

from __future__ import annotations

import csv
from pathlib import Path


def read(table: Path) -> list[dict[str, str]]:
    with table.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))

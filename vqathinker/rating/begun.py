"""What earlier runs left in the table of a batch, seen before a model is loaded: rows that stand, rows to make again,
tables of a team's processes. Without torch."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ..protocols import DEFAULT_PROTOCOL
from .batch_table import TableError, begin, check_writable, finish, is_replaced, read_rows


@dataclass(frozen=True)
class Begun:
    """How far a run is: the precision in which it was begun, None where there is no row of it yet, and whether every
    file has a row that stands, so that nothing is left to rate."""

    precision: str | None = None
    complete: bool = False


def begun_in(
    out: str | Path,
    files: Iterable[str],
    model: str,
    protocol: str = DEFAULT_PROTOCOL,
    rollouts: int = 0,
    precision: str | None = None,
) -> Begun:
    """How far the run over `files` with these options is in the table `out`; a `precision` of None is any one.

    Raises TableError when `out` is no table of this kind, cannot be written, or was written with another model.
    """
    target = Path(out)
    table, model = begin(target), answers_of(model, protocol)
    try:
        check_writable(table)
        parts = parts_of(table)
        left = [path for path in (table, *parts) if os.path.exists(path)]
        rows = [row for path in left for row in read_own(path, model, precision)]
    finally:
        finish(target)
    rated = {row["file"] for row in rows if stands(row, rollouts)}
    return Begun(rows[0]["precision"] if rows else None, not parts and rated.issuperset(files))


def read_own(table: Path, model: str, precision: str | None) -> list[dict[str, str]]:
    """The rows of a table that belongs to a run with this `model`, as `answers_of` names it, in this precision, None
    for any one. Raises TableError for another run's."""
    rows = read_rows(table)
    for row in rows:
        if row["model"] != model or row["precision"] != (precision or row["precision"]):
            raise TableError(
                f"{table} was written with the model {row['model']} in {row['precision']}; "
                "choose another file for --out."
            )
    return rows


def stands(row: dict[str, str], rollouts: int) -> bool:
    """False where a row has to be made again: its file failed or was replaced, or it lacks the spread asked for."""
    return not (row["error"] or (rollouts > 1 and not row["spread"]) or is_replaced(row))


def answers_of(model: str, protocol: str) -> str:
    """What the column `model` says: the model and, where it is not the default, the protocol of its scores."""
    return model if protocol == DEFAULT_PROTOCOL else f"{model} ({protocol})"


def part_path(out: Path, rank: int) -> Path:
    """The table of one process of a team."""
    return out.with_name(f"{out.name}.part{rank}")


def parts_of(out: Path) -> list[Path]:
    """The tables that processes of a team left beside `out`."""
    return sorted(out.parent.glob(f"{glob.escape(out.name)}.part[0-9]*"))

"""Many files into one CSV table, a row at a time, so that a stopped run goes on where it was."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ..errors import VideoError, VQAThinkerError
from ..files import find_files
from .rater import Rater
from .rating import Rating
from .words import score_word

COLUMNS = (
    "file", "score", "error", "expected", "word", "defects", "reasoning", "spread",
    "model", "precision", "decode_s", "total_s",
)  # fmt: skip
TEXT = {"newline": "", "encoding": "utf-8", "errors": "surrogateescape"}


class TableError(VQAThinkerError):
    """The output table cannot be read or written, or belongs to another run."""


@dataclass(frozen=True)
class Row:
    """One line of the table: what was written, and its place in the run."""

    file: str
    score: float | None
    error: str
    number: int
    count: int


def rate_batch(rater: Rater, paths: Iterable[str | Path], out: str | Path, rollouts: int = 0) -> Iterator[Row]:
    """Rate every file and append a row for each to the CSV `out`; yield it when it is on disk.

    Files that the table names already are skipped, failed ones included. A file that cannot be rated gets a row with
    the reason in `error`. Raises TableError when `out` is no table of this kind or was written with another model.
    """
    out = Path(out)
    known = _prepare(out, rater)
    todo = [file for file in find_files(paths) if file not in known]
    try:
        with open(out, "a", **TEXT) as table:
            writer = csv.DictWriter(table, COLUMNS, restval="", lineterminator="\n")
            if table.tell() == 0:
                writer.writeheader()
            for number, file in enumerate(todo, 1):
                row = {"file": file, "model": rater.name, "precision": rater.precision, **_rate(rater, file, rollouts)}
                writer.writerow(row)
                table.flush()
                yield Row(file, row.get("score"), row.get("error", ""), number, len(todo))
    except OSError as error:
        raise TableError(f"{out} cannot be written: {error.strerror or error}.") from error


def _rate(rater: Rater, file: str, rollouts: int) -> dict:
    try:
        return _columns(rater.rate(file, rollouts))
    except VideoError as error:
        return {"error": " ".join(str(error).split())}


def _columns(rating: Rating) -> dict:
    values = rating.to_dict()
    return {
        "score": values["score"],
        "expected": values["expected"],
        "word": score_word(rating.score),
        "defects": "; ".join(f"{defect.name}: {defect.severity}" for defect in rating.defects),
        "reasoning": " ".join(rating.reasoning.split()),
        "spread": values["spread"],
        "decode_s": values["timings"]["decode_s"],
        "total_s": values["timings"]["total_s"],
    }


def _prepare(out: Path, rater: Rater) -> set[str]:
    """The files already in the table, after a last line that was cut off in writing has been dropped."""
    if not out.exists():
        return set()
    try:
        _drop_cut_line(out)
        with open(out, **TEXT) as table:
            reader = csv.DictReader(table)
            rows = list(reader)
    except (OSError, csv.Error) as error:
        raise TableError(f"{out} cannot be read as a table: {error}.") from error
    if reader.fieldnames is not None and tuple(reader.fieldnames) != COLUMNS:
        raise TableError(f"{out} is not a table of ratings; choose another file for --out.")
    for row in rows:
        if (row["model"], row["precision"]) != (rater.name, rater.precision):
            raise TableError(
                f"{out} was written with the model {row['model']} in {row['precision']}; choose another file for --out."
            )
    return {row["file"] for row in rows}


def _drop_cut_line(out: Path) -> None:
    with open(out, "rb+") as table:
        content = table.read()
        if content and not content.endswith(b"\n"):
            table.truncate(content.rfind(b"\n") + 1)
            table.flush()
            os.fsync(table.fileno())

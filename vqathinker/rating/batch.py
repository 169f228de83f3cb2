"""Many files into one CSV table, a row at a time, so that a stopped run goes on where it was.

Where several processes share the work, each writes a table of its own beside `out`; the first one joins them at the
end, or at the start of the next run when this one was stopped.
"""

from __future__ import annotations

import csv
import glob
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ..errors import VideoError
from ..files import find_files
from ..protocols import DEFAULT
from .batch_table import COLUMNS, TEXT, TableError, begin, finish, growing, is_replaced, read_rows, renew_old, stamp
from .batch_table import write_rows as write_table
from .rater import Rater
from .rating import Rating
from .team import ALONE, Team
from .words import score_word


@dataclass(frozen=True)
class Row:
    """One line of the table: what was written, and its place in the run."""

    file: str
    score: float | None
    error: str
    number: int
    count: int


def rate_batch(
    rater: Rater,
    paths: Iterable[str | Path],
    out: str | Path,
    rollouts: int = 0,
    *,
    batch: int | None = None,
    jobs: int | None = None,
    team: Team = ALONE,
    report: Callable[[str], None] = lambda sentence: None,
) -> Iterator[Row]:
    """Rate every file and append a row for each to the table `out`; yield it when it is on disk.

    `out` is a CSV or, by its ending, a .parquet, beside which the rows are on disk until the run ends, however it does.
    Files that the table has a score for are skipped; those that failed, that were replaced since (another size or
    time), or that were rated without the spread of the rollouts asked for now, are rated again, and their rows move to
    the end.
    A file that cannot be rated gets a row with the reason in `error`. `batch`, `jobs` and `report` are those of
    `Rater.rate_many`; a `team` shares the files out, and each process yields its own rows. Raises TableError when `out`
    is no table of this kind or was written with another model.
    """
    target, files = Path(out), find_files(paths)
    out = growing(target)
    try:
        if team.leads:
            begin(target)
            renew_old(out)
            _join_parts(out, files, rater)
            _drop_unfinished(out, files, rater, rollouts)
        team.wait()
        known = _prepare(out, rater)
        todo = team.share([file for file in files if file not in known])
        table = out if team.size == 1 else part_of(out, team.rank)
        rated = rater.rate_many(todo, rollouts, batch=batch, jobs=jobs, report=report)
        yield from _write_rows(table, rater, todo, rated)
        team.wait()
        if team.leads:
            _join_parts(out, files, rater)
    finally:
        if team.leads:
            finish(target)


def _write_rows(table: Path, rater: Rater, files: list[str], rated: Iterator[Rating | VideoError]) -> Iterator[Row]:
    model = answers_of(rater.name, rater.protocol)
    stamps = [stamp(file) for file in files]  # before they are read: who replaces one meanwhile is found out
    try:
        with open(table, "a", **TEXT) as open_table:
            writer = csv.DictWriter(open_table, COLUMNS, restval="", lineterminator="\n")
            if open_table.tell() == 0:
                writer.writeheader()
                open_table.flush()
            for number, (file, result, stamped) in enumerate(zip(files, rated, stamps, strict=True), 1):
                row = {"file": file, "model": model, "precision": rater.precision, **_told(result), **stamped}
                writer.writerow(row)
                open_table.flush()
                yield Row(file, row.get("score"), row.get("error", ""), number, len(files))
    except OSError as error:
        raise TableError(f"{table} cannot be written: {error.strerror or error}.") from error


def _told(result: Rating | VideoError) -> dict:
    return {"error": " ".join(str(result).split())} if isinstance(result, VideoError) else _columns(result)


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


def answers_of(model: str, protocol: str) -> str:
    """What the column `model` says: the model and, where it is not the default, the protocol of its scores."""
    return model if protocol == DEFAULT else f"{model} ({protocol})"


def begun_in(out: str | Path, model: str, protocol: str = DEFAULT) -> str | None:
    """The precision of the rows that a run with `model` has written for `out` so far, None where there are none."""
    out, model = begin(Path(out)), answers_of(model, protocol)
    tables = [table for table in (out, *parts_of(out)) if os.path.exists(table)]
    return next((row["precision"] for table in tables for row in read_rows(table) if row["model"] == model), None)


def part_of(out: Path, rank: int) -> Path:
    """The table of one process of a team."""
    return out.with_name(f"{out.name}.part{rank}")


def parts_of(out: Path) -> list[Path]:
    """The tables that processes of a team left beside `out`."""
    return sorted(out.parent.glob(f"{glob.escape(out.name)}.part[0-9]*"))


def _join_parts(out: Path, files: list[str], rater: Rater) -> None:
    """Append the rows of the processes' own tables to `out`, in the order of `files`, and remove those tables."""
    parts = parts_of(out)
    if not parts:
        return
    known, rows = _prepare(out, rater), {}
    for part in parts:
        rows |= {row["file"]: row for row in _read(part, rater)}
    places = {file: place for place, file in enumerate(files)}
    found = sorted(rows.keys() - known, key=lambda file: (places.get(file, len(files)), file))
    try:
        with open(out, "a", **TEXT) as table:
            writer = csv.DictWriter(table, COLUMNS, restval="", lineterminator="\n")
            if table.tell() == 0:
                writer.writeheader()
            writer.writerows(rows[file] for file in found)
        for part in parts:
            part.unlink()
    except OSError as error:
        raise TableError(f"{out} cannot be written: {error.strerror or error}.") from error


def _drop_unfinished(out: Path, files: Iterable[str], rater: Rater, rollouts: int) -> None:
    """Take the rows of those `files` that failed, were replaced or lack a spread out of the table, in one step, to make
    them again."""

    def stands(row: dict[str, str]) -> bool:
        return not (row["error"] or (rollouts > 1 and not row["spread"]) or is_replaced(row))

    rows, asked = _read(out, rater) if os.path.exists(out) else [], set(files)
    kept = [row for row in rows if row["file"] not in asked or stands(row)]
    if len(kept) < len(rows):
        write_table(out, kept)


def _prepare(out: Path, rater: Rater) -> set[str]:
    """The files already in the table."""
    return {row["file"] for row in _read(out, rater)} if os.path.exists(out) else set()


def _read(table: Path, rater: Rater) -> list[dict[str, str]]:
    """The rows of a table that belongs to this run."""
    rows = read_rows(table)
    for row in rows:
        if (row["model"], row["precision"]) != (answers_of(rater.name, rater.protocol), rater.precision):
            raise TableError(
                f"{table} was written with the model {row['model']} in {row['precision']}; "
                "choose another file for --out."
            )
    return rows

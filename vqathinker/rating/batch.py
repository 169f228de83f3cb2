"""Many files into one CSV table, a row at a time, so that a stopped run goes on where it was.

Where several processes share the work, each writes a table of its own beside `out`; the first one joins them at the
end, or at the start of the next run when this one was stopped.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ..errors import VideoError
from ..files import find_files
from .batch_table import BATCH_COLUMNS, TEXT, TableError, begin, finish, growing, renew_old, stamp
from .batch_table import write_rows as write_table
from .begun import answers_of, part_path, parts_of, read_own, stands
from .rater import Rater
from .rating import Rating
from .team import ALONE, Team
from .words import score_word


@dataclass(frozen=True)
class BatchRow:
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
) -> Iterator[BatchRow]:
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
        table = out if team.size == 1 else part_path(out, team.rank)
        rated = rater.rate_many(todo, rollouts, batch=batch, jobs=jobs, report=report)
        yield from _write_rows(table, rater, todo, rated)
        team.wait()
        if team.leads:
            _join_parts(out, files, rater)
    finally:
        if team.leads:
            finish(target)


def _write_rows(
    table: Path, rater: Rater, files: list[str], rated: Iterator[Rating | VideoError]
) -> Iterator[BatchRow]:
    model = answers_of(rater.name, rater.protocol)
    stamps = [stamp(file) for file in files]  # before they are read: who replaces one meanwhile is found out
    try:
        with open(table, "a", **TEXT) as open_table:
            writer = csv.DictWriter(open_table, BATCH_COLUMNS, restval="", lineterminator="\n")
            if open_table.tell() == 0:
                writer.writeheader()
                open_table.flush()
            for number, (file, result, stamped) in enumerate(zip(files, rated, stamps, strict=True), 1):
                row = {"file": file, "model": model, "precision": rater.precision, **_told(result), **stamped}
                writer.writerow(row)
                open_table.flush()
                yield BatchRow(file, row.get("score"), row.get("error", ""), number, len(files))
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
        "novelty": None if rating.novelty is None else values["novelty"]["distance"],
    }


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
            writer = csv.DictWriter(table, BATCH_COLUMNS, restval="", lineterminator="\n")
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
    rows, asked = _read(out, rater) if os.path.exists(out) else [], set(files)
    kept = [row for row in rows if row["file"] not in asked or stands(row, rollouts)]
    if len(kept) < len(rows):
        write_table(out, kept)


def _prepare(out: Path, rater: Rater) -> set[str]:
    """The files already in the table."""
    return {row["file"] for row in _read(out, rater)} if os.path.exists(out) else set()


def _read(table: Path, rater: Rater) -> list[dict[str, str]]:
    """The rows of a table that belongs to this run."""
    return read_own(table, answers_of(rater.name, rater.protocol), rater.precision)

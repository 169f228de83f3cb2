"""The file that `batch` writes: a CSV that grows row by row, or a .parquet, which is such a CSV until the end."""

from __future__ import annotations

import csv
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

from ..errors import VQAThinkerError

BATCH_COLUMNS = (
    "file", "score", "error", "expected", "word", "defects", "reasoning", "spread",
    "model", "precision", "decode_s", "total_s", "bytes", "modified", "novelty",
)  # fmt: skip
OLD_BATCH_COLUMNS = (BATCH_COLUMNS[:-1], BATCH_COLUMNS[:-3])
"""Those of earlier versions: tables that did not yet tell what is unlike all that was learned, nor a file that was
replaced."""
HEADER, *OLD_HEADERS = (",".join(columns).encode() for columns in (BATCH_COLUMNS, *OLD_BATCH_COLUMNS))
FRACTIONS, WHOLE_NUMBERS = ("score", "expected", "spread", "decode_s", "total_s", "novelty"), ("bytes", "modified")
TEXT = {"newline": "", "encoding": "utf-8", "errors": "surrogateescape"}


class TableError(VQAThinkerError):
    """The output table cannot be read or written, or belongs to another run."""


def stamp(file: str) -> dict[str, str]:
    """What tells a file from one that replaced it: its size in bytes, and when it was written, in nanoseconds."""
    try:
        status = os.stat(file)
    except (OSError, ValueError):
        return {}
    return {"bytes": str(status.st_size), "modified": str(status.st_mtime_ns)}


def is_replaced(row: dict[str, str]) -> bool:
    """True where the file of a row is another one by now; a file that is gone, or of which the row knows nothing, is
    not."""
    now = stamp(row["file"])
    return bool(now and row.get("bytes")) and any(row[name] != value for name, value in now.items())


def read_rows(table: Path) -> list[dict[str, str]]:
    """The rows of a table, after a last line that was cut off in writing has been dropped.

    Raises TableError for a file of another kind, which stays as it is.
    """
    try:
        _drop_cut_line(table)
        with open(table, **TEXT) as content:
            return list(csv.DictReader(content))
    except (OSError, csv.Error) as error:
        raise TableError(f"{table} cannot be read as a table: {getattr(error, 'strerror', '') or error}.") from error


def write_rows(table: Path, rows: Iterable[dict[str, object]]) -> None:
    """The whole table anew, in one step. Raises TableError."""
    fresh = table.with_name(f"{table.name}.new")
    try:
        with open(fresh, "w", **TEXT) as content:
            writer = csv.DictWriter(content, BATCH_COLUMNS, restval="", lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
        fresh.replace(table)
    except OSError as error:
        raise TableError(f"{table} cannot be written: {error.strerror or error}.") from error


def check_writable(table: Path) -> None:
    """Raises TableError where rows cannot be added to `table`, or its folder takes no file; leaves nothing behind."""
    try:
        try:
            os.stat(table)
        except FileNotFoundError:
            pass
        else:
            with open(table, "ab"):
                pass
        with tempfile.TemporaryFile(dir=table.parent):
            pass
    except OSError as error:
        raise TableError(f"{table} cannot be written: {error.strerror or error}.") from error


def renew_old(table: Path) -> None:
    """Give a table of an earlier version the columns of today, empty."""
    if not os.path.exists(table):
        return
    rows = read_rows(table)
    with open(table, "rb") as content:
        old = content.readline().strip() in OLD_HEADERS
    if old:
        write_rows(table, rows)


def _drop_cut_line(table: Path) -> None:
    with open(table, "rb+") as file:
        content = file.read()
        first, newline, _ = content.partition(b"\n")
        if first.rstrip(b"\r") not in (HEADER, *OLD_HEADERS) and (newline or not HEADER.startswith(first)):
            raise TableError(f"{table} is not a table of ratings; choose another file for --out.")
        if content and not content.endswith(b"\n"):
            file.truncate(content.rfind(b"\n") + 1)
            file.flush()
            os.fsync(file.fileno())


def growing(out: Path) -> Path:
    """The CSV that rows are added to: `out` itself, or, for a .parquet, a file beside it for as long as a run lasts."""
    return out.with_name(f"{out.name}.csv") if is_parquet(out) else out


def is_parquet(out: Path) -> bool:
    return out.suffix.lower() == ".parquet"


def begin(out: Path) -> Path:
    """`growing(out)`, with the rows of a .parquet that an earlier run finished. Raises TableError."""
    table = growing(out)
    if is_parquet(out):
        parquet = _pyarrow(out)[1]
        if os.path.exists(out) and not os.path.exists(table):
            try:
                rows = parquet.read_table(out).to_pylist()
            except (OSError, ValueError) as error:  # pyarrow's own errors are both
                raise TableError(f"{out} cannot be read as a table: {error}.") from error
            if rows and tuple(rows[0]) not in (BATCH_COLUMNS, *OLD_BATCH_COLUMNS):
                raise TableError(f"{out} is not a table of ratings; choose another file for --out.")
            write_rows(table, ({name: "" if v is None else v for name, v in row.items()} for row in rows))
    return table


def finish(out: Path) -> None:
    """Make the .parquet of the rows that there are, in one step; the CSV beside it goes. Raises TableError."""
    table = growing(out)
    if not is_parquet(out) or not os.path.exists(table):
        return
    arrow, parquet = _pyarrow(out)
    kinds = {**dict.fromkeys(FRACTIONS, (float, arrow.float64())), **dict.fromkeys(WHOLE_NUMBERS, (int, arrow.int64()))}
    rows, columns, types = read_rows(table), {}, []
    for name in BATCH_COLUMNS:
        read, kind = kinds.get(name, (_text, arrow.string()))
        columns[name] = [read(row[name]) if row.get(name) else None for row in rows]
        types.append((name, kind))
    fresh = out.with_name(f"{out.name}.new")
    try:
        parquet.write_table(arrow.table(columns, schema=arrow.schema(types)), fresh)
        fresh.replace(out)
        table.unlink()
    except OSError as error:
        raise TableError(f"{out} cannot be written: {error.strerror or error}.") from error


def _text(value: str) -> str:
    """Parquet holds text only: bytes in a name that are none are written as escapes."""
    return value.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _pyarrow(out: Path):
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise TableError(f"{out} needs {error.name or 'pyarrow'}: pip install 'vqathinker[eval]'.") from error
    return pyarrow, pyarrow.parquet

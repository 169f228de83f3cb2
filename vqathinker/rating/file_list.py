"""A list of files in a Parquet table, in the place of the files themselves."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from .batch_table import TableError, is_parquet

PATH_COLUMNS = ("file", "path", "video")
"""Columns that hold paths; the first one that there is is read."""


def with_lists_read(paths: Iterable[str | Path]) -> Iterator[str | Path]:
    """The paths, with those that a .parquet lists in its place. Raises TableError."""
    for path in paths:
        if is_parquet(Path(path)) and os.path.isfile(path):
            yield from read_list(Path(path))
        else:
            yield path


def read_list(table: Path) -> list[str]:
    """The paths in a .parquet, as they are written there. Raises TableError."""
    try:
        import pyarrow.parquet as parquet

        names = parquet.read_schema(table).names
        column = next((name for name in PATH_COLUMNS if name in names), None)
        if column is None:
            known, wanted = ", ".join(names), ", ".join(PATH_COLUMNS)
            raise TableError(f"{table} lists no files: it has the columns {known}, none of {wanted}.")
        return [str(path) for path in parquet.read_table(table, columns=[column])[column].to_pylist() if path]
    except ImportError as error:
        raise TableError(f"{table} needs {error.name or 'pyarrow'}: pip install 'vqathinker[eval]'.") from error
    except (OSError, ValueError) as error:  # pyarrow's own errors are both
        raise TableError(f"{table} cannot be read as a table: {error}.") from error

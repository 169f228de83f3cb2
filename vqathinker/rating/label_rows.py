"""Files of human scores, as data sets distribute them: tables with any delimiter, .xlsx, .parquet, JSON, JSONL."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from ..answer import answer_span
from ..errors import VQAThinkerError

FILE_HEADERS = (
    "file", "filename", "file_name", "video", "videoname", "video_name", "video_path", "path", "name", "image",
    "image_name", "image_path", "image_id", "vid", "flickr_id",
)  # fmt: skip
SCORE_HEADERS = ("mos", "score", "mos_full", "video_score", "mos_score", "solution", "label", "rating")
"""Headers in known data sets: of the column with the file, and of that with the score; the first of them counts."""
WANTED = f"a column for the file ({', '.join(FILE_HEADERS)}) and one for the score ({', '.join(SCORE_HEADERS)})"
DELIMITERS = ("\t", ";", "|", ",", " ")
EMPTY_LINE = "the line is empty"
NUMBER_CELL = re.compile(r"\s*[-+]?\d+([.,]\d*)?([eE][-+]?\d+)?\s*")
CELLS_SHOWN = 12


class LabelsError(VQAThinkerError):
    """The labels cannot be read, or name nothing that can be compared."""


class Entry(NamedTuple):
    """What stands for one file: its place in the labels, its name and its score, whatever these are."""

    place: str
    file: object
    score: object


def read_entries(path: Path, columns: tuple[str, str] | None = None) -> Iterator[Entry]:
    """Every entry of a file of labels, by what is in it. `columns` names those of the file and of the score.

    Raises LabelsError for a file that cannot be read, for one of another kind and for a table without these columns,
    whose columns are named then.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise LabelsError(f"The labels {path} cannot be read: {error.strerror or error}.") from error
    if data.startswith((b"PK\x03\x04", b"PAR1")):
        return _of_table(path, _with_pandas(path, data), columns, "row")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise LabelsError(f"The labels {path} cannot be read: {error}.") from error
    if text.lstrip().startswith(("{", "[")):
        return _of_json(path, data, columns)
    return _of_table(path, _cells(path, text), columns, "line")


def json_rows(data: bytes) -> Iterator[tuple[str, dict | str]]:
    """(place, object, or the reason why there is none) of each entry of a JSON file: `annotations` of the official
    benchmarks, a list of objects, or one object a line. A line that is broken costs no other."""
    data = data.removeprefix(b"\xef\xbb\xbf")
    try:
        whole = json.loads(data)
    except (ValueError, RecursionError):
        lines = enumerate(data.removesuffix(b"\n").split(b"\n"), start=1)
        yield from ((f"line {number}", _object(line)) for number, line in lines)
        return
    rows = whole.get("annotations", [whole]) if isinstance(whole, dict) else whole
    place = "line" if rows == [whole] else "entry"
    for number, row in enumerate(rows if isinstance(rows, list) else [rows], start=1):
        yield f"{place} {number}", row if isinstance(row, dict) else f"not a JSON object but {type(row).__name__}"


def _object(line: bytes) -> dict | str:
    if not line.strip():
        return EMPTY_LINE
    try:
        row = json.loads(line)
    except UnicodeDecodeError as error:
        return f"not UTF-8 at byte {error.start + 1}"
    except json.JSONDecodeError as error:
        return f"not JSON at character {error.pos + 1} ({error.msg})"
    except RecursionError:
        return "not JSON that can be read: too deep"
    return row if isinstance(row, dict) else f"not a JSON object but {type(row).__name__}"


def _of_json(path: Path, data: bytes, columns: tuple[str, str] | None) -> Iterator[Entry]:
    rows = [(place, row) for place, row in json_rows(data) if row != EMPTY_LINE]
    if not any(isinstance(row, dict) for _, row in rows) or len(rows) == 1 and of_object(*rows[0], columns)[1] is None:
        raise LabelsError(f"{path} holds no labels: as JSON they are objects with {WANTED}, in a list or one a line.")
    return (of_object(place, row, columns) for place, row in rows)


def of_object(place: str, row: object, columns: tuple[str, str] | None = None) -> Entry:
    """File and score of an object, None where it has none; a file in a list of its own counts as that file."""
    if not isinstance(row, dict):
        return Entry(place, None, None)
    file_keys, score_keys = ([columns[0]], [columns[1]]) if columns else (FILE_HEADERS, SCORE_HEADERS)
    file, score = _first(row, file_keys), _first(row, score_keys)
    turns = row.get("conversations")  # LSVQ as the official code distributes it: the second turn is the answer
    if score is None and isinstance(turns, list) and len(turns) > 1 and isinstance(turns[1], dict):
        score = turns[1].get("value")
    return Entry(place, file[0] if isinstance(file, list) and len(file) == 1 else file, score)


def number_of(score: object) -> float | None:
    """A score as a finite number, out of <answer> tags where it stands in such; None for anything else."""
    if isinstance(score, bool) or not isinstance(score, int | float | str):
        return None
    if isinstance(score, str) and (span := answer_span(score)):
        score = score[slice(*span)]
    try:
        number = float(score)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _first(row: dict, keys: Sequence[str]) -> object:
    return next((row[key] for key in keys if row.get(key) is not None), None)


def _cells(path: Path, text: str) -> Iterator[tuple[int, list[object]]]:
    """(line, cells) of a table in text; where commas do not divide it, they are decimal ones."""
    delimiter = _delimiter(text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True)
    try:
        for cells in reader:
            cells = [cell.strip() for cell in cells]
            if delimiter == " ":
                cells = [cell for cell in cells if cell]
            if any(cells):
                yield reader.line_num, [_point(cell) if delimiter != "," else cell for cell in cells]
    except csv.Error as error:
        raise LabelsError(f"{path} holds no labels: it is no table ({error}).") from error


def _delimiter(text: str) -> str:
    """The first of DELIMITERS that divides the first line and most of those after it; a comma where none does."""
    lines = [line.strip() for line in text.splitlines()[:50] if line.strip()]
    return next((one for one in DELIMITERS if lines and one in lines[0] and _share(one, lines) > 0.5), ",")


def _share(delimiter: str, lines: list[str]) -> float:
    return sum(delimiter in line for line in lines) / len(lines)


def _point(cell: str) -> str:
    return cell.replace(",", ".") if NUMBER_CELL.fullmatch(cell) else cell


def _with_pandas(path: Path, data: bytes) -> Iterator[tuple[int, list[object]]]:
    """(row, cells) of the first sheet of an .xlsx, or of a .parquet."""
    try:
        import pandas

        if data.startswith(b"PAR1"):
            frame = pandas.read_parquet(io.BytesIO(data))
            yield 1, list(frame.columns)
        else:
            frame = pandas.read_excel(io.BytesIO(data), header=None, dtype=object, engine="openpyxl")
    except ImportError as error:
        package = error.name or "pandas"
        raise LabelsError(f"{path} needs {package} to be read: pip install 'vqathinker[eval]'.") from error
    except Exception as error:  # whatever is wrong with a file of these kinds, it is the file
        raise LabelsError(f"{path} holds no labels: it cannot be read as a table ({error}).") from error
    for number, row in enumerate(frame.itertuples(index=False), start=2 if data.startswith(b"PAR1") else 1):
        cells = [None if pandas.isna(cell) else getattr(cell, "item", lambda cell=cell: cell)() for cell in row]
        if any(cell is not None for cell in cells):
            yield number, cells


def _of_table(
    path: Path, rows: Iterator[tuple[int, list[object]]], columns: tuple[str, str] | None, unit: str
) -> Iterator[Entry]:
    """Entries of a table with a header, or without one: the first column is the file then, the last the score."""
    first = next(rows, None)
    if first is None:
        raise LabelsError(f"{path} holds no labels: it is empty.")
    number, header = first
    places = _places(header, columns)
    if places is None and columns is None and len(header) > 1 and NUMBER_CELL.fullmatch(str(header[-1] or "")):
        places = (0, -1)
        yield Entry(f"{unit} {number}", *(_text(header[place]) for place in places))
    if places is None:
        there = ", ".join(str(cell) for cell in header[:CELLS_SHOWN]) + (", …" if len(header) > CELLS_SHOWN else "")
        wanted = f"the columns {columns[0]!r} and {columns[1]!r}" if columns else WANTED
        told = f"its columns are {there}; expected {wanted}; --columns names others"
        raise LabelsError(f"{path} holds no labels: {told}.")
    for number, cells in rows:
        file, score = (cells[place] if place < len(cells) else None for place in places)
        yield Entry(f"{unit} {number}", _text(file), score)


def _places(header: list[object], columns: tuple[str, str] | None) -> tuple[int, int] | None:
    """Where the file and the score stand, or None where the header does not say so."""
    known = [re.sub(r"[^a-z0-9]+", "_", str(cell).strip().lower()).strip("_") for cell in header]
    wanted = (FILE_HEADERS, SCORE_HEADERS)
    if columns:
        known, wanted = [str(cell).strip() for cell in header], ([columns[0]], [columns[1]])
    found = [next((known.index(name) for name in names if name in known), None) for names in wanted]
    return None if None in found else (found[0], found[1])


def _text(cell: object) -> object:
    """A name of digits, which a spreadsheet keeps as a number, as it was."""
    if isinstance(cell, bool) or not isinstance(cell, int | float):
        return cell
    return f"{cell:.0f}" if cell == int(cell) else str(cell)

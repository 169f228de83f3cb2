"""The table of `batch` as a file: what tells a replaced file, older tables, .parquet and back."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.rating.tables import read
from vqathinker.rating.batch_table import (
    BATCH_COLUMNS,
    OLD_BATCH_COLUMNS,
    TableError,
    begin,
    finish,
    growing,
    is_replaced,
    read_rows,
    renew_old,
    stamp,
    write_rows,
)


def row(file: str, **values: str) -> dict[str, str]:
    return {**dict.fromkeys(BATCH_COLUMNS, ""), "file": file, "model": "tiny", "precision": "fp32", **values}


def test_a_file_of_another_size_or_time_is_another_one(tmp_path: Path):
    file = tmp_path / "a.mp4"
    file.write_bytes(b"12345")
    os.utime(file, ns=(0, 1_700_000_000_123_456_789))
    known = row(str(file), **stamp(str(file)))
    assert (known["bytes"], known["modified"]) == ("5", "1700000000123456789") and not is_replaced(known)
    os.utime(file, ns=(0, 1_700_000_000_123_456_788))
    assert is_replaced(known)
    file.write_bytes(b"123456")
    os.utime(file, ns=(0, 1_700_000_000_123_456_789))
    assert is_replaced(known)
    assert not is_replaced(row(str(file)))  # the row does not know what it was made from
    file.unlink()
    assert not is_replaced(known) and stamp(str(file)) == stamp("a\0b") == {}


@pytest.mark.parametrize("columns", OLD_BATCH_COLUMNS)
def test_an_older_table_gets_the_columns_of_today(tmp_path: Path, columns: tuple[str, ...]):
    table = tmp_path / "ratings.csv"
    values = row("a.mp4", score="3.5", reasoning='"x, y"')
    table.write_text(",".join(columns) + "\n" + ",".join(values[name] for name in columns) + "\n")
    renew_old(table)
    [found] = read(table)
    assert tuple(found) == BATCH_COLUMNS and (found["reasoning"], found["bytes"], found["novelty"]) == ("x, y", "", "")
    before = table.stat().st_ino
    renew_old(table)
    renew_old(tmp_path / "missing.csv")
    assert table.stat().st_ino == before


def test_a_table_becomes_parquet_with_numbers_and_comes_back(tmp_path: Path):
    parquet = pytest.importorskip("pyarrow.parquet")
    out = tmp_path / "ratings.parquet"
    rows = [
        row("a.mp4", score="3.25", expected="3.2514", reasoning='A "b", c.', bytes="5", modified="17000000000001"),
        row("b.mp4", error="b.mp4 is empty (zero bytes)."),
    ]
    assert begin(out) == growing(out) == tmp_path / "ratings.parquet.csv"
    write_rows(growing(out), rows)
    finish(out)
    table = parquet.read_table(out)
    assert table.to_pylist()[0] | {"reasoning": ""} == {
        **dict.fromkeys(BATCH_COLUMNS), "file": "a.mp4", "score": 3.25, "expected": 3.2514, "reasoning": "", "bytes": 5,
        "modified": 17000000000001, "model": "tiny", "precision": "fp32",
    }  # fmt: skip
    assert table.schema.field("score").type == "double" and table.schema.field("bytes").type == "int64"
    assert table.column("score").to_pylist()[1] is None
    assert [path.name for path in tmp_path.iterdir()] == ["ratings.parquet"]
    assert read_rows(begin(out)) == rows
    finish(out)
    finish(out)  # nothing is left to do
    assert parquet.read_table(out) == table


def test_after_a_kill_the_rows_beside_a_parquet_count(tmp_path: Path):
    pytest.importorskip("pyarrow")
    out = tmp_path / "ratings.parquet"
    write_rows(growing(out), [row("old.mp4")])
    finish(out)
    write_rows(growing(out), [row("old.mp4"), row("new.mp4")])
    assert [one["file"] for one in read_rows(begin(out))] == ["old.mp4", "new.mp4"]


def test_a_csv_is_left_as_it_is(tmp_path: Path):
    out = tmp_path / "ratings.csv"
    assert begin(out) == growing(out) == out
    write_rows(out, [row("a.mp4")])
    finish(out)
    assert [one["file"] for one in read(out)] == ["a.mp4"]


def test_a_name_that_is_no_text_goes_into_parquet_as_escapes(tmp_path: Path):
    parquet = pytest.importorskip("pyarrow.parquet")
    out = tmp_path / "ratings.parquet"
    write_rows(growing(out), [row(os.fsdecode(b"bad\xff.mp4"))])
    finish(out)
    assert parquet.read_table(out).column("file").to_pylist() == [r"bad\xff.mp4"]


def test_a_parquet_of_another_kind_is_refused_and_stays(tmp_path: Path):
    arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    other, broken = tmp_path / "other.parquet", tmp_path / "broken.parquet"
    parquet.write_table(arrow.table({"file": ["a.mp4"]}), other)
    broken.write_text("no parquet")
    for path, said in ((other, "is not a table of ratings"), (broken, "cannot be read as a table")):
        before = path.read_bytes()
        with pytest.raises(TableError, match=said):
            begin(path)
        assert path.read_bytes() == before and not growing(path).exists()

"""What a batch finds in its table before a model is loaded."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from vqathinker.rating.batch_table import TableError, stamp, write_rows
from vqathinker.rating.begun import Begun, begun_in, part_path


def row(file: Path, **told) -> dict:
    return {"file": str(file), "score": 3.2, "model": "tiny", "precision": "fp32", **stamp(str(file)), **told}


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    for name in "ab":
        (tmp_path / name).write_text(name)
    return [str(tmp_path / name) for name in "ab"]


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out.csv"


def test_nothing_is_left_where_every_file_has_a_row_that_stands(files, out):
    assert begun_in(out, files, "tiny") == Begun() and not out.exists()
    write_rows(out, [row(files[0])])
    assert begun_in(out, files, "tiny") == Begun("fp32", complete=False)
    assert begun_in(out, files[:1], "tiny") == Begun("fp32", complete=True)
    write_rows(out, [row(files[0]), row(files[1], error="is empty")])
    assert not begun_in(out, files, "tiny").complete
    write_rows(out, [row(file) for file in files])
    before = out.read_bytes()
    assert begun_in(out, files, "tiny").complete and out.read_bytes() == before
    assert not begun_in(out, files, "tiny", rollouts=4).complete
    os.utime(files[1], ns=(0, 0))
    assert not begun_in(out, files, "tiny").complete


def test_what_a_stopped_team_left_is_joined_before_a_run_is_complete(files, out):
    write_rows(part_path(out, 1), [row(file) for file in files])
    assert begun_in(out, files, "tiny") == Begun("fp32", complete=False)


def test_the_table_of_another_run_is_refused(files, out):
    write_rows(out, [row(files[0])])
    for other in ({"model": "8b"}, {"protocol": "released"}, {"precision": "bf16"}):
        with pytest.raises(TableError, match="was written with the model tiny in fp32"):
            begun_in(out, files, **{"model": "tiny"} | other)


def test_a_table_that_cannot_be_written_is_refused(files, tmp_path):
    for nowhere in (tmp_path / "no" / "out.csv", tmp_path / ("x" * 300), Path(files[0]) / "out.csv"):
        with pytest.raises(TableError, match="cannot be written"):
            begun_in(nowhere, files, "tiny")


def test_a_parquet_stays_alone(files, tmp_path):
    pytest.importorskip("pyarrow")
    out = tmp_path / "out.parquet"
    write_rows(tmp_path / "out.parquet.csv", [row(file) for file in files])  # as after a kill
    for _ in range(2):
        assert begun_in(out, files, "tiny") == Begun("fp32", complete=True)
        assert [path.name for path in sorted(tmp_path.glob("out*"))] == ["out.parquet"]

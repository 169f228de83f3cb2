"""A Parquet table may list the files of a batch."""

from __future__ import annotations

import pytest

from vqathinker.rating.batch_table import TableError
from vqathinker.rating.file_list import with_lists_read

arrow = pytest.importorskip("pyarrow")
parquet = pytest.importorskip("pyarrow.parquet")


@pytest.mark.parametrize("column", ["file", "path", "video"])
def test_its_paths_stand_in_its_place(tmp_path, column: str):
    table = arrow.table({"mos": [1, 2, 3], column: ["a.mp4", None, "dir/b c.mp4"]})
    parquet.write_table(table, tmp_path / "list.parquet")
    found = list(with_lists_read(["first.mp4", tmp_path / "list.parquet", tmp_path]))
    assert found == ["first.mp4", "a.mp4", "dir/b c.mp4", tmp_path]


def test_a_table_without_paths_and_one_that_is_none_are_told(tmp_path):
    parquet.write_table(arrow.table({"mos": [1]}), tmp_path / "list.parquet")
    with pytest.raises(TableError, match="the columns mos, none of file, path, video"):
        list(with_lists_read([tmp_path / "list.parquet"]))
    (tmp_path / "bad.parquet").write_text("no table")
    with pytest.raises(TableError, match="cannot be read as a table"):
        list(with_lists_read([tmp_path / "bad.parquet"]))
    assert list(with_lists_read([tmp_path / "none.parquet"])) == [tmp_path / "none.parquet"]

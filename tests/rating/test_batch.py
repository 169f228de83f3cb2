"""The table that `batch` writes: one row a file, failed ones included, and a stopped run goes on."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.rating.tables import read
from vqathinker.files import find_files
from vqathinker.rating import Rater, score_word
from vqathinker.rating.batch import BATCH_COLUMNS, TableError, rate_batch
from vqathinker.rating.batch_table import OLD_BATCH_COLUMNS, write_rows
from vqathinker.rating.begun import begun_in


def fill(videos: Path, clip: Callable[[str], Path]) -> Path:
    """Two videos and a text under a video's name; with the times of the clips, so that all such folders are alike."""
    (videos / "deeper").mkdir(parents=True)
    shutil.copy2(clip("plain.mp4"), videos / "b.mp4")
    shutil.copy2(clip("one_frame.mp4"), videos / "deeper" / 'ä, "one".MP4')
    shutil.copy2(clip("text.mp4"), videos / "a.mp4")
    (videos / "notes.txt").write_text("not a video")
    return videos


@pytest.fixture
def folder(tmp_path: Path, clip) -> Path:
    return fill(tmp_path / "videos", clip)


@pytest.fixture(scope="module")
def rated(rater: Rater, tmp_path_factory: pytest.TempPathFactory, clip) -> Callable[[Path, Path], None]:
    """Writes the table of a first run over the files of such a folder, which were rated once for all tests."""
    first = fill(tmp_path_factory.mktemp("rated") / "videos", clip)
    table = first.parent / "ratings.csv"
    list(rate_batch(rater, [first], table))

    def write(folder: Path, out: Path) -> None:
        rows = [row | {"file": row["file"].replace(str(first), str(folder))} for row in read(table)]
        write_rows(out, [row for row in rows if os.path.exists(row["file"])])

    return write


def test_folders_are_searched_and_named_files_taken_as_they_are(folder: Path):
    found = find_files([folder, folder / "b.mp4", folder / "notes.txt", "missing.mp4"])
    names = [Path(path).name for path in found]
    assert names == ["a.mp4", "b.mp4", 'ä, "one".MP4', "notes.txt", "missing.mp4"]


def test_an_empty_name_is_not_the_folder_one_is_in(folder: Path, monkeypatch):
    monkeypatch.chdir(folder)
    assert find_files([""]) == [""] and len(find_files(["."])) > 1


def test_every_file_gets_a_row_and_a_second_run_rates_none_again(rater: Rater, folder: Path, tmp_path: Path):
    out = tmp_path / "ratings.csv"
    rows = list(rate_batch(rater, [folder], out))
    table = read(out)
    assert tuple(table[0]) == BATCH_COLUMNS
    assert [row["file"] for row in table] == [row.file for row in rows] == find_files([folder])
    bad, good, odd = table
    assert bad["error"] == "a.mp4 is a text file, not a video." and bad["score"] == ""
    assert good["error"] == "" and good["word"] == score_word(float(good["score"]))
    assert float(good["score"]) == rater.rate(folder / "b.mp4").score
    assert 1 <= float(odd["score"]) <= 5
    (folder / "a.mp4").unlink()
    before = out.read_bytes()
    assert list(rate_batch(rater, [folder], out)) == []
    assert out.read_bytes() == before


def test_files_that_failed_are_tried_again_where_they_are_asked_for(
    rater: Rater, rated, folder: Path, tmp_path: Path, clip
):
    out, mended, broken = tmp_path / "ratings.csv", folder / "a.mp4", folder / "c.mp4"
    rated(folder, out)
    shutil.copy(clip("empty.mp4"), broken)
    list(rate_batch(rater, [broken], out))
    shutil.copy(clip("plain.mp4"), mended)
    [row] = rate_batch(rater, [mended], out)
    assert row.file == str(mended) and row.score == rater.rate(mended).score
    assert [Path(row["file"]).name for row in read(out)] == ["b.mp4", 'ä, "one".MP4', "c.mp4", "a.mp4"]
    [row] = rate_batch(rater, [folder], out)
    assert row.file == str(broken) and row.error
    table = read(out)
    assert sorted(row["file"] for row in table) == sorted(find_files([folder]))
    assert [row["file"] for row in table if row["error"]] == [str(broken)]
    assert not list(tmp_path.glob("ratings.csv.*"))


def test_a_run_that_was_stopped_goes_on_where_it_was(rater: Rater, folder: Path, tmp_path: Path, clip):
    whole, stopped = tmp_path / "whole.csv", tmp_path / "stopped.csv"
    shutil.copy(clip("portrait.mp4"), folder / "a.mp4")
    list(rate_batch(rater, [folder], whole))
    running = rate_batch(rater, [folder], stopped)
    next(running), next(running)
    running.close()
    assert len(read(stopped)) == 2
    rows = list(rate_batch(rater, [folder], stopped))
    assert [(row.number, row.count) for row in rows] == [(1, 1)]
    assert [row["file"] for row in read(stopped)] == [row["file"] for row in read(whole)]
    assert [row["score"] for row in read(stopped)] == [row["score"] for row in read(whole)]


def test_a_row_that_was_cut_off_in_writing_is_written_again(rater: Rater, rated, folder: Path, tmp_path: Path):
    out = tmp_path / "ratings.csv"
    (folder / "a.mp4").unlink()
    rated(folder, out)
    whole = out.read_bytes()
    out.write_bytes(whole[: whole.rindex(b"\n", 0, -1) + 20])
    [row] = rate_batch(rater, [folder], out)
    assert row.file == find_files([folder])[-1]
    assert [row["file"] for row in read(out)] == find_files([folder])


def test_a_table_of_another_kind_or_model_is_left_alone(rater: Rater, folder: Path, tmp_path: Path):
    other = tmp_path / "other.csv"
    for content in ("file,mos\na.mp4,3\n", "file,mos\na.mp4,3.2\nb.mp4,4.1", "my notes", "\n"):
        other.write_text(content)
        with pytest.raises(TableError, match="not a table of ratings"):
            list(rate_batch(rater, [folder], other))
        assert other.read_text() == content

    out = tmp_path / "ratings.csv"
    list(rate_batch(rater, [folder / "a.mp4"], out))
    out.write_text(out.read_text().replace(rater.name, "8b"))
    with pytest.raises(TableError, match="model 8b"):
        list(rate_batch(rater, [folder], out))


@pytest.mark.parametrize("content", ["", "file,score,err"])
def test_a_table_that_was_only_just_begun_is_gone_on_with(rater: Rater, folder: Path, tmp_path: Path, content: str):
    out = tmp_path / "ratings.csv"
    out.write_text(content)
    assert [row.error for row in rate_batch(rater, [folder / "b.mp4"], out)] == [""]
    assert [row["file"] for row in read(out)] == [str(folder / "b.mp4")]


def test_rollouts_asked_for_later_are_made(rater: Rater, rated, folder: Path, tmp_path: Path):
    out = tmp_path / "ratings.csv"
    rated(folder, out)
    assert [row["spread"] for row in read(out)] == [""] * 3
    [again] = rate_batch(rater, [folder / "b.mp4"], out, rollouts=4)
    [row] = [row for row in read(out) if row["file"] == again.file]
    assert again.score == float(row["score"]) and row["spread"] != ""
    assert list(rate_batch(rater, [folder / "b.mp4"], out)) == []


def test_a_table_that_cannot_be_written_is_told(rater: Rater, folder: Path, tmp_path: Path):
    with pytest.raises(TableError, match="cannot be written"):
        list(rate_batch(rater, [folder / "a.mp4"], tmp_path / "no" / "such" / "folder.csv"))
    with pytest.raises(TableError, match="cannot be read"):
        list(rate_batch(rater, [folder / "a.mp4"], tmp_path))
    with pytest.raises(TableError, match="cannot be written"):
        list(rate_batch(rater, [folder / "a.mp4"], tmp_path / ("x" * 300)))


def test_a_file_that_was_replaced_is_rated_again(rater: Rater, rated, folder: Path, tmp_path: Path, clip):
    out, good = tmp_path / "ratings.csv", folder / "b.mp4"
    for other in {*find_files([folder])} - {str(good)}:
        os.unlink(other)
    rated(folder, out)
    first = read(out)[0]
    assert int(first["bytes"]) == good.stat().st_size and int(first["modified"]) == good.stat().st_mtime_ns
    shutil.copy(clip("portrait.mp4"), good)
    os.utime(good, ns=(0, int(first["modified"])))  # another size, the same time
    [row] = rate_batch(rater, [good], out)
    assert [row.score] == [float(one["score"]) for one in read(out)] == [rater.rate(good).score]
    os.utime(good, ns=(0, int(first["modified"]) + 10**9))  # the same size, another time
    assert len(list(rate_batch(rater, [good], out))) == 1
    assert list(rate_batch(rater, [good], out)) == []
    good.unlink()
    assert list(rate_batch(rater, [good], out)) == []  # its rating stands


def test_a_table_of_the_version_before_is_gone_on_with(rater: Rater, folder: Path, tmp_path: Path):
    out = tmp_path / "ratings.csv"
    list(rate_batch(rater, [folder / "b.mp4"], out))
    lines = out.read_text().splitlines()
    out.write_text("\n".join(line.rsplit(",", 3)[0] for line in lines) + "\n")
    assert tuple(read(out)[0]) == OLD_BATCH_COLUMNS[-1]
    [row] = [row for row in rate_batch(rater, [folder], out) if not row.error]
    assert row.file.endswith('ä, "one".MP4')
    table = read(out)
    assert tuple(table[0]) == BATCH_COLUMNS and [bool(row["bytes"]) for row in table] == [False, True, True]


def test_parquet_holds_the_same_rows_and_is_gone_on_with(rater: Rater, rated, folder: Path, tmp_path: Path, clip):
    parquet = pytest.importorskip("pyarrow.parquet")
    csv_out, out = tmp_path / "ratings.csv", tmp_path / "ratings.parquet"
    rated(folder, csv_out)
    running = rate_batch(rater, [folder], out)
    next(running)
    assert (tmp_path / "ratings.parquet.csv").exists() and not out.exists()
    running.close()
    assert parquet.read_table(out).num_rows == 1 and not (tmp_path / "ratings.parquet.csv").exists()
    assert begun_in(out, [], rater.name).precision == rater.precision
    assert len(list(rate_batch(rater, [folder], out))) == 3  # the failed one is tried again
    rows, wanted = parquet.read_table(out).to_pylist(), read(csv_out)
    assert tuple(rows[0]) == BATCH_COLUMNS and not list(tmp_path.glob("ratings.parquet.*"))
    rows, wanted = ({row["file"]: row for row in table} for table in (rows, wanted))
    for file, row in wanted.items():
        for name in ("score", "error", "expected", "word", "reasoning", "model", "bytes", "modified"):
            assert rows[file][name] == (type(rows[file][name])(row[name]) if row[name] else None), name
    (tmp_path / "other.parquet").write_text("no parquet")
    with pytest.raises(TableError, match="cannot be read as a table"):
        list(rate_batch(rater, [folder], tmp_path / "other.parquet"))

"""Labels as the benchmarks deliver them, and as people do: every unusable entry is named, none stops the rest."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from vqathinker.rating.labels import Labels, LabelsError, find_file, none_found, read_labels


def written(folder: Path, annotations: object) -> Path:
    path = folder / "labels.json"
    path.write_text(json.dumps({"annotations": annotations}))
    return path


def test_the_official_files_are_read_as_they_are(tmp_path: Path):
    """Their scores are texts on the scale of the study, here those of VDPVE; LSVQ names folders."""
    annotations = [
        {"image_id": "A0023_01.mp4", "ann_type": "score", "score": "43.9215071773589"},
        {"image_id": "yfcc-batch16/13078.mp4", "ann_type": "score", "score": 3.418571},
    ]
    labels = read_labels(written(tmp_path, annotations))
    assert labels.entries == (("A0023_01.mp4", 43.9215071773589), ("yfcc-batch16/13078.mp4", 3.418571))
    assert not labels.problems and "43.9" in labels.reason


def test_a_table_is_read(tmp_path: Path):
    table = tmp_path / "labels.csv"
    table.write_text('file,mos,std\n"a, b.mp4",2.25,0.4\nc.jpg,4,0.1\n')
    assert read_labels(table) == Labels((("a, b.mp4", 2.25), ("c.jpg", 4.0)))
    assert read_labels(table).reason == ""


def test_unusable_entries_of_a_json_are_named_and_left_out(tmp_path: Path):
    annotations = [
        {"image_id": "a.mp4", "score": 3},
        {"score": 3},
        "b.mp4",
        {"image_id": 7, "score": 3},
        {"image_id": "c.mp4", "score": "high"},
        {"image_id": "d.mp4", "score": True},
        {"image_id": "e.mp4", "score": float("nan")},
        {"image_id": "f.mp4", "score": 10**400},
        {"image_id": "a.mp4", "score": 4},
        {"image_id": "/g.mp4", "score": "4.5"},
    ]
    labels = read_labels(written(tmp_path, annotations))
    assert labels.entries == (("a.mp4", 3.0), ("g.mp4", 4.5))
    assert [" ".join(problem.split(":")[0].split()[:2]) for problem in labels.problems] == [
        f"entry {number}" for number in range(2, 10)
    ]
    assert labels.problems[-1] == "entry 9: a.mp4 is named again with 4; the first, 3, counts"


def test_unusable_lines_of_a_table_are_named_by_their_number(tmp_path: Path):
    table = tmp_path / "labels.csv"
    table.write_text("file,mos\na.mp4,3\n,4\nb.mp4,\nc.mp4\nd.mp4,2\n")
    labels = read_labels(table)
    assert labels.entries == (("a.mp4", 3.0), ("d.mp4", 2.0))
    assert [problem.split()[1].rstrip(":") for problem in labels.problems] == ["3", "4", "5"]


@pytest.mark.parametrize(
    "content",
    ["", "file,mos\n", "who,when\na.mp4,x\n", "file,mos\na.mp4,high\n", "file,mos\na.mp4,nan\n", '{"annotations": 3}',
     '{"annotations": []}', "[3]", '{"annotations": [{"image_id": "a"}]}', "{", "{}", "\x00\x01", "PK\x03\x04", "PAR1"],
)  # fmt: skip
def test_labels_that_are_none_are_refused_in_one_sentence(tmp_path: Path, content: str):
    labels = tmp_path / "labels"
    labels.write_text(content)
    with pytest.raises(LabelsError, match="holds no labels"):
        read_labels(labels)


def test_labels_that_cannot_be_read_are_refused(tmp_path: Path):
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00\xd8")
    for path in (tmp_path / "missing.csv", tmp_path, tmp_path / "binary"):
        with pytest.raises(LabelsError, match="cannot be read"):
            read_labels(path)


def test_a_scale_maps_its_ends_to_1_and_5():
    labels = Labels((("a", 0.0), ("b", 25.0), ("c", 100.0)), ("entry 9 names no file",)).on_scale(0, 100)
    assert labels.entries == (("a", 1.0), ("b", 2.0), ("c", 5.0))
    assert labels.problems == ("entry 9 names no file",) and labels.reason == ""


@pytest.mark.parametrize("scale", [(0, 50), (100, 0), (0, 0), (0, float("inf"))])
def test_a_scale_that_does_not_hold_the_labels_is_refused(scale):
    with pytest.raises(LabelsError, match="scale"):
        Labels((("a.mp4", 60.0),)).on_scale(*scale)


KNOWN = {
    "KoNViD-1k, attributes": ("flickr_id,mos,std\n10053703034,3.22,0.7\n45,4.1,0.6\n", ["10053703034", "45"]),
    "KoNViD-1k, by others": ("file_name,MOS\n10053703034.mp4,3.22\n4542323058.mp4,4.10\n", None),
    "LIVE-VQC": ("File,MOS\nA001.mp4,3.22\nB 002.mp4,4.10\n", ["A001.mp4", "B 002.mp4"]),
    "LSVQ": ("name,p1,height,mos,mos_p1\nyfcc-batch1/747,1,480,3.22,1.0\nia-batch2/a b,2,480,4.1,2.0\n", None),
    "YouTube-UGC": ("vid,MOS full,MOS chunk00\nAnimation_1080P-05f8,3.22,2.0\nSports_2160P-4e9f,4.1,\n", None),
    "KVQ": ("filename,score\n0001/0001_01.mp4,3.22\n0002/0002_03.mp4,4.1\n", None),
    "DOVER and FAST-VQA": ("v/A001.mp4, 15.0, 24.0, 3.22\nv/b 2.mp4, -1, -1, 4.1\n", ["v/A001.mp4", "v/b 2.mp4"]),
    "semicolons and decimal commas": ("Video;MOS\na, b.mp4;3,22\nc.mp4;4,1\n", ["a, b.mp4", "c.mp4"]),
    "bars": ("video|prompt|mos\na.mp4|a dog, running|3.22\nb.mp4|two; cats|4.1\n", ["a.mp4", "b.mp4"]),
    "tabs": ("video\tmos\na b.mp4\t3.22\nc.mp4\t4.1\n", ["a b.mp4", "c.mp4"]),
    "blanks": ("a.mp4   3.22 \nb.mp4 4.1\n", ["a.mp4", "b.mp4"]),
    "blanks and a header": ("name  mos\na.mp4 3.22\nb.mp4   4.1\n", ["a.mp4", "b.mp4"]),
    "numbers for names": ("10053703034 3.22\n4542323058 4.1\n", ["10053703034", "4542323058"]),
    "a list": ('[{"video": "a.mp4", "mos": 3.22}, {"video": "b.mp4", "mos": "4.1"}]', ["a.mp4", "b.mp4"]),
    "LSVQ, one object a line": (
        '{"id": 1, "image": "a.mp4", "conversations": [{"value": "?"}, {"value": "3.22"}]}\n\n'
        '{"id": 2, "image": ["b.mp4"], "conversations": [{"value": "?"}, {"value": 4.1}]}\n',
        ["a.mp4", "b.mp4"],
    ),
    "one line": ('{"path": "a.mp4", "score": 3.22}\n', ["a.mp4"]),
}


@pytest.mark.parametrize("kind", KNOWN)
def test_labels_are_read_as_data_sets_distribute_them(tmp_path: Path, kind: str):
    content, files = KNOWN[kind]
    (path := tmp_path / "labels").write_bytes(b"\xef\xbb\xbf" * (kind == "LIVE-VQC") + content.encode())
    labels = read_labels(path)
    assert [mos for _, mos in labels.entries] == [3.22, 4.1][: len(labels.entries)] and not labels.problems
    assert len(labels.entries) == (1 if kind == "one line" else 2)
    assert files is None or [file for file, _ in labels.entries] == files


@pytest.mark.parametrize("kind", ["xlsx", "parquet"])
def test_spreadsheets_and_parquet_are_read(tmp_path: Path, kind: str):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"flickr_id": [10053703034, 4542323058, 7], "MOS": [3.22, 4.1, None]})
    path = tmp_path / f"labels.{kind}"
    frame.to_excel(path, index=False) if kind == "xlsx" else frame.to_parquet(path)
    labels = read_labels(path)
    assert labels.entries == (("10053703034", 3.22), ("4542323058", 4.1))
    assert labels.problems == ("row 4: 7 has no score that is a finite number",)


def test_a_header_that_says_nothing_is_shown_and_can_be_told(tmp_path: Path):
    path = tmp_path / "labels.csv"
    path.write_text("Clip,Age,Mean Opinion\na.mp4,7,3.5\n")
    with pytest.raises(LabelsError, match="its columns are Clip, Age, Mean Opinion; expected a column for the file"):
        read_labels(path)
    assert read_labels(path, ("Clip", "Mean Opinion")).entries == (("a.mp4", 3.5),)
    with pytest.raises(LabelsError, match="expected the columns 'Clip' and 'mos'"):
        read_labels(path, ("Clip", "mos"))


def test_two_spellings_of_a_path_are_one_video(tmp_path: Path):
    path = tmp_path / "labels.csv"
    path.write_text("file,mos\na.mp4,3\n./a.mp4,4\nv//b.mp4,2\nv/./b.mp4,2\n")
    labels = read_labels(path)
    assert labels.entries == (("a.mp4", 3.0), ("v/b.mp4", 2.0)) and len(labels.problems) == 2


def test_a_name_without_an_ending_is_found(tmp_path: Path):
    for name in ("10053703034.mp4", "clip.v2.mkv", "plain"):
        (tmp_path / name).touch()
    found = [find_file(tmp_path, name).name for name in ("10053703034", "clip.v2", "plain", "none", "x.mp4")]
    assert found == ["10053703034.mp4", "clip.v2.mkv", "plain", "none", "x.mp4"]


def test_a_name_with_backslashes_is_found(tmp_path: Path):
    (tmp_path / "a").mkdir()
    for name in ("a/b.mp4", "a/c.mp4", "a\\c.mp4"):
        (tmp_path / name).touch()
    names = ("a\\b.mp4", "a\\b", "a\\c.mp4")
    assert [str(find_file(tmp_path, one).relative_to(tmp_path)) for one in names] == ["a/b.mp4", "a/b.mp4", "a\\c.mp4"]


def test_a_folder_without_one_labelled_file_is_told(tmp_path: Path):
    labels = Labels((("set/1", 3.0), ("set/2.mp4", 4.0)))
    (folder := tmp_path / "set").mkdir()
    (folder / "2.mp4").touch()
    assert none_found(labels, tmp_path) == ""
    told = none_found(labels, folder)
    assert told.startswith(f"none of the 2 labelled files is there: the first was looked for as {folder}/set/1;")
    assert none_found(Labels((("gone.mp4", 3.0),)), folder).startswith("the labelled file is not there: ")

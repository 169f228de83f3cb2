"""Labels as the benchmarks deliver them, and as people do: every unusable entry is named, none stops the rest."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from vqathinker.rating.labels import Labels, LabelsError, read_labels


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
    ["", "file,mos\n", "name,score\na.mp4,3\n", "file,mos\na.mp4,high\n", "file,mos\na.mp4,nan\n", '{"annotations": 3}',
     '{"annotations": []}', '[{"image_id": "a", "score": 1}]', '{"annotations": [{"image_id": "a"}]}', "{", "\x00\x01"],
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

"""Labels of every kind are read as they are; what cannot be used is left out, with its file and line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from training.data.datasets import PROBLEMS_SHOWN, DatasetError, Item, check_items, read_items

QUESTION = {"from": "human", "value": "You are doing the video quality assessment task."}


def official(index: int, name: object, score: object) -> dict:
    """A row as in the official LSVQ_labels_train.jsonl."""
    turns = [QUESTION, {"from": "gpt", "value": score}]
    return {"id": index, "dataset_name": "LSVQ", "image": name, "conversations": turns}


@pytest.fixture
def videos(tmp_path: Path) -> Path:
    folder = tmp_path / "videos"
    for name in ("yfcc-batch6/4134.mp4", "ia-batch14/fire.mp4", "a.mp4", "b.mp4"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"a few bytes")
    (folder / "hollow.mp4").touch()
    return folder


def write(path: Path, rows: list) -> Path:
    path.write_text("".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows))
    return path


def only_problem(tmp_path: Path, videos: Path, row: dict | str) -> str:
    """The message about `row`, which stands in line 2 between two good ones."""
    rows = [official(0, ["a.mp4"], 2.5), row, official(1, ["b.mp4"], 3.5)]
    items, problems = check_items(write(tmp_path / "bad.jsonl", rows), videos)
    assert [item.path.name for item in items] == ["a.mp4", "b.mp4"]
    [problem] = problems
    assert problem.place == f"{tmp_path / 'bad.jsonl'}, line 2"
    return problem.reason


def test_the_official_training_file_is_read_as_it_is(tmp_path, videos):
    rows = [official(0, ["yfcc-batch6/4134.mp4"], 2.611842), official(1, ["ia-batch14/fire.mp4"], 3.232857)]
    items = read_items(write(tmp_path / "LSVQ_labels_train.jsonl", rows), videos, report=pytest.fail)
    assert items == [
        Item("0", videos / "yfcc-batch6/4134.mp4", 2.611842, "LSVQ"),
        Item("1", videos / "ia-batch14/fire.mp4", 3.232857, "LSVQ"),
    ]


@pytest.mark.parametrize("score", [3.25, "3.25", "<answer>3.25</answer>", "<answer> 3.25 </answer>"])
@pytest.mark.parametrize("name", ["a.mp4", ["a.mp4"]])
def test_the_official_reader_s_variants_of_a_row_are_read_too(tmp_path, videos, name, score):
    [item] = read_items(write(tmp_path / "l.jsonl", [official(7, name, score)]), videos)
    assert item == Item("7", videos / "a.mp4", 3.25, "LSVQ")


def test_rows_with_problem_and_solution_are_read(tmp_path, videos):
    row = {"video": "a.mp4", "problem": "Rate it.", "solution": "<answer> 4.5 </answer>"}
    assert read_items(write(tmp_path / "l.jsonl", [row]), videos) == [Item("a.mp4", videos / "a.mp4", 4.5)]


def test_an_absolute_file_name_stays_as_it_is(tmp_path, videos):
    labels = write(tmp_path / "l.jsonl", [official(0, [str(videos / "a.mp4")], 3)])
    assert read_items(labels, tmp_path / "elsewhere")[0].path == videos / "a.mp4"


def test_a_manifest_finds_its_sources_and_its_own_clips(tmp_path, videos):
    built = tmp_path / "built"
    (built / "videos").mkdir(parents=True)
    (built / "videos/made.mp4").write_bytes(b"x")
    rows = [
        {"id": "s", "path": "a.mp4", "root": "data", "group": "clive", "split": "train", "mos": 2.0},
        {"id": "m", "path": "videos/made.mp4", "root": "out", "group": "clips", "split": "val", "mos": 4.0},
    ]
    items = read_items(write(built / "manifest.jsonl", rows), videos)
    assert items == [
        Item("s", videos / "a.mp4", 2.0, "clive", "train"),
        Item("m", built / "videos/made.mp4", 4.0, "clips", "val"),
    ]


def test_a_benchmark_file_is_read_and_scores_off_the_scale_are_told(tmp_path, videos):
    rows = [{"image_id": name, "ann_type": "score", "score": score} for name, score in (("a.mp4", "75"), ("b.mp4", 2))]
    labels = tmp_path / "benchmark.json"
    labels.write_text(json.dumps({"annotations": rows}, indent=1))
    items, problems = check_items(labels, videos)
    assert [(item.id, item.mos) for item in items] == [("b.mp4", 2.0)]
    assert str(problems[0]) == f"{labels}, entry 1: MOS 75 is outside the scale 1 to 5"


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("", "the line is empty"),
        ('{"id": 0, "image": ["a.m', "not JSON at character 21"),
        ("[1, 2]", "not a JSON object but list"),
        (official(5, ["a.mp4"], 5.01), "MOS 5.01 is outside the scale 1 to 5"),
        (official(5, ["a.mp4"], 0), "MOS 0 is outside the scale 1 to 5"),
        (official(5, ["a.mp4"], float("nan")), "its score nan is not a number"),
        (official(5, ["a.mp4"], "good"), "its score 'good' is not a number"),
        (official(5, ["a.mp4"], None), "it has no score"),
        (official(5, ["a.mp4"], True), "its score True is not a number"),
        (official(5, ["lost.mp4"], 3), "no video "),
        (official(5, ["yfcc-batch6"], 3), "no video "),
        (official(5, ["hollow.mp4"], 3), "is empty (0 bytes)"),
        (official(5, ["a.mp4", "b.mp4"], 3), "it names 2 files"),
        (official(5, [], 3), "it names 0 files"),
        (official(5, 17, 3), "its video is 17, not a file name"),
        (official(0, ["b.mp4"], 3), "the id '0' was there before, in"),
        ({"id": 5, "image": ["a.mp4"]}, "it has no score"),
        ({"id": 5, "image": ["a.mp4"], "conversations": [QUESTION]}, "it has no score"),
        ({"id": 5, "mos": 3}, "it names no video"),
    ],
)
def test_each_kind_of_bad_line_is_left_out_with_its_reason(tmp_path, videos, row, reason):
    assert reason in only_problem(tmp_path, videos, row)


def test_a_missing_video_is_named_with_its_path(tmp_path, videos):
    assert only_problem(tmp_path, videos, official(5, ["lost.mp4"], 3)) == f"no video {videos / 'lost.mp4'}"


def test_bytes_that_are_no_text_cost_one_line_only(tmp_path, videos):
    labels = tmp_path / "l.jsonl"
    good = json.dumps(official(0, ["a.mp4"], 3)).encode()
    labels.write_bytes(b"\xef\xbb\xbf" + good + b"\r\n{\xff}\n" + json.dumps(official(1, ["b.mp4"], 3)).encode())
    items, problems = check_items(labels, videos)
    assert len(items) == 2
    assert str(problems[0]) == f"{labels}, line 2: not UTF-8 at byte 2"


def test_a_line_separator_inside_a_text_does_not_end_the_line(tmp_path, videos):
    row = official(0, ["a.mp4"], 3) | {"note": "one\u2028two"}
    labels = tmp_path / "l.jsonl"
    labels.write_text(json.dumps(row, ensure_ascii=False) + "\n", encoding="utf-8")
    assert len(read_items(labels, videos, report=pytest.fail)) == 1


def test_what_is_left_out_is_reported_and_counted(tmp_path, videos):
    rows = [official(0, ["a.mp4"], 3)] + [official(n, [f"lost{n}.mp4"], 3) for n in range(1, PROBLEMS_SHOWN + 4)]
    said: list[str] = []
    items = read_items(write(tmp_path / "l.jsonl", rows), videos, report=said.append)
    assert len(items) == 1 and len(said) == PROBLEMS_SHOWN + 2
    assert said[0].startswith(f"left out: {tmp_path / 'l.jsonl'}, line 2: no video")
    assert said[-2] == "left out: … and 3 more"
    assert said[-1] == f"{tmp_path / 'l.jsonl'}: {PROBLEMS_SHOWN + 3} of {PROBLEMS_SHOWN + 4} samples left out"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot be read: No such file"),
        ("\n", "are empty"),
        ('{"annotations": 3}', "holds no sample that can be used; 1 were left out"),
        ('{"id": 0}\n', "holds no sample that can be used; 1 were left out"),
    ],
)
def test_labels_without_a_usable_sample_are_refused(tmp_path, videos, content, message):
    labels = tmp_path / "l.jsonl"
    if content is not None:
        labels.write_text(content)
    with pytest.raises(DatasetError, match=message):
        read_items(labels, videos, report=lambda _: None)

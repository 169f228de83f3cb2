"""Lines are measured once, survive a kill in the middle of one, and belong to one checkpoint."""

from __future__ import annotations

import pytest

from training.evaluate.lines import claim, measure_all, stored_lines, write_json


def rows(count: int) -> list[dict]:
    return [{"id": str(index)} for index in range(count)]


class Counting:
    """Squares the id, and remembers of which rows it was asked."""

    def __init__(self):
        self.asked: list[str] = []

    def __call__(self, part: list[dict]) -> list[dict]:
        self.asked += [row["id"] for row in part]
        return [{"id": row["id"], "square": int(row["id"]) ** 2} for row in part]


def test_what_is_stored_is_not_measured_again(tmp_path):
    first, second = Counting(), Counting()
    measure_all(tmp_path / "x.jsonl", rows(3), first, jobs=1)
    lines = measure_all(tmp_path / "x.jsonl", rows(5), second, chunk=2, jobs=2)
    assert first.asked == ["0", "1", "2"] and sorted(second.asked) == ["3", "4"]
    assert [line["square"] for line in lines] == [0, 1, 4, 9, 16]


def test_a_line_that_was_cut_off_in_writing_is_measured_again(tmp_path):
    path, again = tmp_path / "x.jsonl", Counting()
    measure_all(path, rows(3), Counting(), jobs=1)
    whole = path.read_bytes()
    path.write_bytes(whole[:-7])
    measure_all(path, rows(3), again, jobs=1)
    assert again.asked == ["2"] and path.read_bytes() == whole


def test_lines_of_other_settings_are_measured_again(tmp_path):
    path, again = tmp_path / "x.jsonl", Counting()
    measure_all(path, rows(2), Counting(), settings={"seed": 0}, jobs=1)
    lines = measure_all(path, rows(2), again, settings={"seed": 1}, jobs=1)
    assert again.asked == ["0", "1"] and [line["seed"] for line in lines] == [1, 1]
    assert len(stored_lines(path)) == 4


def checkpoint(folder, weights: bytes):
    folder.mkdir(exist_ok=True)
    (folder / "model.safetensors").write_bytes(weights)
    return folder


def test_a_folder_belongs_to_one_checkpoint_and_one_manifest(tmp_path):
    out, manifest = tmp_path / "out", tmp_path / "manifest.jsonl"
    manifest.write_text("{}\n")
    stamp = claim(out, checkpoint(tmp_path / "a", b"one"), manifest)
    assert claim(out, checkpoint(tmp_path / "b", b"one"), manifest) == stamp
    with pytest.raises(ValueError, match="another checkpoint"):
        claim(out, checkpoint(tmp_path / "c", b"two"), manifest)
    manifest.write_text("{} \n")
    with pytest.raises(ValueError, match="another manifest"):
        claim(out, tmp_path / "a", manifest)


def test_lines_of_an_unknown_checkpoint_are_not_taken_over(tmp_path):
    (tmp_path / "manifest").write_text("")
    (tmp_path / "predictions.jsonl").write_text("{}\n")
    with pytest.raises(ValueError, match="unknown checkpoint"):
        claim(tmp_path, checkpoint(tmp_path / "a", b"one"), tmp_path / "manifest")


def test_json_is_written_whole_or_not_at_all(tmp_path):
    write_json(tmp_path / "x.json", {"a": 1})
    with pytest.raises(TypeError):
        write_json(tmp_path / "x.json", {"a": object()})
    assert (tmp_path / "x.json").read_text() == '{\n "a": 1\n}\n'

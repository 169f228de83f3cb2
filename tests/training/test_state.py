"""Files that are whole or not there."""

import pytest
import torch

from training.state import append_jsonl, read_jsonl, save_atomically


def test_a_failed_save_keeps_the_old_file_and_leaves_nothing_else(tmp_path):
    path = tmp_path / "state.pt"
    save_atomically({"step": 1}, path)
    with pytest.raises(Exception, match="pickle"):
        save_atomically({"step": lambda: None}, path)
    assert torch.load(path, weights_only=True) == {"step": 1}
    assert list(tmp_path.iterdir()) == [path]


def test_lines_survive_a_round_trip(tmp_path):
    path = tmp_path / "log" / "rows.jsonl"
    append_jsonl(path, {"a": 1})
    append_jsonl(path, {"b": [2]})
    assert read_jsonl(path) == [{"a": 1}, {"b": [2]}]


@pytest.mark.parametrize("bad", ["", "{", "[1]"])
def test_a_bad_line_is_named_by_file_and_number(tmp_path, bad):
    path = tmp_path / "rows.jsonl"
    path.write_text('{"a": 1}\n' + bad + '\n{"b": 2}\n')
    with pytest.raises(ValueError, match=r"rows\.jsonl, line 2: not"):
        read_jsonl(path)

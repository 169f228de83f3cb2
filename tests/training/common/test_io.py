"""Files that are whole or not there."""

import subprocess
import sys

import pytest
import torch

from tests.training.grpo_small import overwrite
from training.common.io import append_jsonl, keep_rows, load_newest, locked, previous, read_jsonl, save_atomically


def test_a_failed_save_keeps_the_old_file_and_leaves_nothing_else(tmp_path):
    path = tmp_path / "state.pt"
    save_atomically({"step": 1}, path)
    with pytest.raises(Exception, match="pickle"):
        save_atomically({"step": lambda: None}, path)
    assert torch.load(path, weights_only=True) == {"step": 1}
    assert list(tmp_path.iterdir()) == [path]


@pytest.fixture
def two_saves(tmp_path):
    path = tmp_path / "state.pt"
    for step in (1, 2):
        save_atomically({"step": step, "weights": torch.arange(4096) + step}, path)
    return path


@pytest.mark.parametrize("harm", ["overwritten", "cut", "emptied", "none"])
def test_a_damaged_file_is_told_and_the_one_before_it_is_taken(two_saves, harm):
    data, said = two_saves.read_bytes(), []
    if harm == "overwritten":
        overwrite(two_saves)
    elif harm != "none":
        two_saves.write_bytes(data[: 0 if harm == "emptied" else len(data) // 2])
    assert load_newest(two_saves, said.append)["step"] == (2 if harm == "none" else 1)
    assert len(said) == (harm != "none") and all(str(two_saves) in text for text in said)


def test_when_both_are_damaged_the_file_is_named(two_saves):
    for path in (two_saves, previous(two_saves)):
        overwrite(path)
    with pytest.raises(ValueError, match="state.pt is damaged, and there is no older state that is not"):
        load_newest(two_saves, print)
    two_saves.unlink()
    assert load_newest(two_saves) is None


def test_a_folder_belongs_to_one_process_until_that_has_ended(tmp_path):
    hold = "import sys, time; from pathlib import Path; from training.common.io import locked\n"
    hold += "with locked(Path(sys.argv[1])): print('held', flush=True); time.sleep(600)"
    other = subprocess.Popen([sys.executable, "-c", hold, str(tmp_path)], stdout=subprocess.PIPE)
    other.stdout.readline()
    told = f"another run is at work in .* .process {other.pid}.; choose"
    with pytest.raises(ValueError, match=told), locked(tmp_path):
        pass
    other.kill()
    other.wait()
    with locked(tmp_path):
        pass


def test_rows_that_are_not_wanted_go_and_so_does_half_a_row(tmp_path):
    path = tmp_path / "log.jsonl"
    path.write_text('{"step": 1}\n{"step": 2}\n{"st')
    keep_rows(path, lambda row: row["step"] < 2)
    assert path.read_text() == '{"step": 1}\n'
    keep_rows(tmp_path / "none.jsonl", lambda row: True)


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

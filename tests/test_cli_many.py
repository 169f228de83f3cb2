"""`batch` and `evaluate` on a cluster: what is said where there is none, or not what it needs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import vqathinker
from vqathinker.cli import main

ROOT = Path(vqathinker.__file__).parent.parent


def test_workers_belong_to_a_cluster(clip, tmp_path, capsys):
    assert main(["batch", str(clip("plain.mp4")), "--out", str(tmp_path / "t.csv"), "--workers", "2"]) == 2
    assert capsys.readouterr().err == "vqathinker: --workers needs --ray\n"


def test_a_missing_extra_is_one_sentence_with_the_way_to_get_it(clip, tmp_path):
    (tmp_path / "ray.py").write_text("raise ModuleNotFoundError('No module named ray', name='ray')\n")
    command = [sys.executable, "-m", "vqathinker", "batch", clip("plain.mp4"), "--out", "t.csv", "--ray", "auto"]
    env = os.environ | {"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}
    done = subprocess.run(command, env=env, cwd=tmp_path, capture_output=True, text=True, timeout=600)
    said = "vqathinker: --ray needs ray, which is not installed: pip install 'vqathinker[ray]'\n"
    assert (done.returncode, done.stderr) == (2, said)


def test_where_there_is_no_cluster_it_is_said(clip, tmp_path, capsys):
    pytest.importorskip("ray")
    arguments = ["batch", str(clip("plain.mp4")), "--out", str(tmp_path / "t.csv"), "--ray", "127.0.0.1:1"]
    assert main(arguments) == 2
    assert "no Ray cluster answers at 127.0.0.1:1" in capsys.readouterr().err
    assert not (tmp_path / "t.csv").exists()


def test_a_list_of_files_is_a_parquet(clip, tmp_path):
    arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    parquet.write_table(arrow.table({"file": [str(clip("plain.mp4"))]}), tmp_path / "list.parquet")
    assert main(["batch", str(tmp_path / "list.parquet"), "--out", str(tmp_path / "t.parquet")]) == 0
    [row] = parquet.read_table(tmp_path / "t.parquet").to_pylist()
    assert row["file"] == str(clip("plain.mp4")) and 1 <= row["score"] <= 5

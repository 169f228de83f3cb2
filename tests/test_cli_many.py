"""`batch` and `evaluate`: what is done and said before a model is loaded, and on a cluster, or where there is none."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import vqathinker
from vqathinker.cli import main
from vqathinker.rating.batch_table import stamp, write_rows

ROOT = Path(vqathinker.__file__).parent.parent


WITHOUT_TORCH = """
import sys
from vqathinker.cli import main
code = main(sys.argv[1:])
print(code, "torch" in sys.modules)
"""


@pytest.mark.parametrize(
    ("out", "options", "code", "said"),
    [
        ("done.csv", [], 0, "0 rated, 0 failed, 1 already in done.csv"),
        ("done.csv", ["--precision", "bf16"], 2, "vqathinker: done.csv was written with the model tiny in fp32;"),
        ("done.csv", ["--model", "8b"], 2, "vqathinker: done.csv was written with the model tiny in fp32;"),
        ("clip.mp4", [], 2, "vqathinker: clip.mp4 is not a table of ratings;"),
        ("no/such.csv", [], 2, "vqathinker: no/such.csv cannot be written: No such file or directory."),
    ],
)
def test_a_batch_with_nothing_to_do_or_nowhere_to_write_loads_no_model(clip, tmp_path, out, options, code, said):
    (tmp_path / "clip.mp4").write_bytes(clip("plain.mp4").read_bytes())
    row = {"file": "clip.mp4", "score": 3.2, "model": "tiny", "precision": "fp32"}
    write_rows(tmp_path / "done.csv", [row | stamp(str(tmp_path / "clip.mp4"))])
    command = [sys.executable, "-c", WITHOUT_TORCH, "batch", "clip.mp4", "--out", out, *options]
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, env=env, cwd=tmp_path, capture_output=True, text=True, timeout=600)
    assert done.stdout == f"{code} False\n", done.stderr
    assert done.stderr.startswith(said) and len(done.stderr.splitlines()) == 1


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

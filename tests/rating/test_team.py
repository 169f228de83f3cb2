"""Several processes share the files of a run, as `accelerate launch` starts them (through torch.distributed.run)."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import vqathinker
from tests.rating.tables import read
from vqathinker.files import find_files
from vqathinker.rating.batch import BATCH_COLUMNS, rate_batch
from vqathinker.rating.begun import part_path
from vqathinker.rating.team import ALONE, Team, join_team

SCRIPT = """
import os, sys
from vqathinker.cli import main
from vqathinker.model import memory
if os.environ["RANK"] == "1":
    memory.usable = lambda device: ["bf16"]
folder, table, labels, report = sys.argv[1:]
assert main(["batch", folder, "--out", table, "--jobs", "1"]) == (os.environ["RANK"] == "0")  # one file is a text
assert main(["evaluate", labels, "--videos", folder, "--out", report, "--jobs", "1"]) == 0
"""


@pytest.fixture
def folder(tmp_path: Path, clip) -> Path:
    videos = tmp_path / "videos"
    videos.mkdir()
    for name, source in {"a": "plain", "b": "text", "c": "odd", "d": "portrait", "e": "one_frame"}.items():
        shutil.copy(clip(f"{source}.mp4"), videos / f"{name}.mp4")
    return videos


def test_every_item_is_somebodys_and_the_order_comes_back():
    items = list(range(7))
    shares = [Team(rank, 3).share(items) for rank in range(3)]
    assert sorted(sum(shares, [])) == items and max(map(len, shares)) - min(map(len, shares)) == 1
    assert ALONE.share(items) == items and ALONE.gather(items) == items
    assert ALONE.follow("fp32") == "fp32"
    ALONE.wait()


def test_a_process_that_was_launched_alone_joins_nobody(monkeypatch):
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    assert join_team() is ALONE
    monkeypatch.setenv("WORLD_SIZE", "1")
    assert join_team() is ALONE


def test_two_processes_write_the_table_and_the_report_of_one(rater, folder: Path, tmp_path: Path):
    script, table, report = tmp_path / "script.py", tmp_path / "shared.csv", tmp_path / "report.json"
    labels = tmp_path / "labels.csv"
    script.write_text(SCRIPT)
    labels.write_text("file,mos\n" + "".join(f"{name}.mp4,{mos}\n" for mos, name in enumerate("abcde", 1)))
    launch = ["torch.distributed.run", "--standalone", "--nproc_per_node", "2"]
    command = [sys.executable, "-m", *launch, str(script), str(folder), str(table), str(labels), str(report)]
    settings = {"PYTHONPATH": str(Path(vqathinker.__file__).parent.parent), "ACCELERATE_USE_CPU": "true"}
    environment = os.environ | settings | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    assert "process 1 of 2" in done.stderr and "process 2 of 2" in done.stderr
    assert done.stdout.count("SRCC") == 1

    single = tmp_path / "single.csv"
    list(rate_batch(rater, [folder], single))
    written, expected = read(table), read(single)
    for name in ("file", "score", "error", "word", "defects", "reasoning", "model", "precision"):
        assert [row[name] for row in written] == [row[name] for row in expected]
    assert not list(tmp_path.glob("shared.csv.part*"))
    rated = json.loads(report.read_text())
    assert [entry["file"] for entry in rated["ratings"]] == ["a.mp4", "c.mp4", "d.mp4", "e.mp4"]
    assert [entry["file"] for entry in rated["not_rated"]] == ["b.mp4"]


def test_tables_that_a_stopped_team_left_are_taken_in(rater, folder: Path, tmp_path: Path):
    whole, out = tmp_path / "whole.csv", tmp_path / "out.csv"
    list(rate_batch(rater, [folder], whole))
    rows = read(whole)
    for rank, names in enumerate((["e"], ["b", "a"])):
        with part_path(out, rank).open("w", newline="", encoding="utf-8") as part:
            writer = csv.DictWriter(part, BATCH_COLUMNS, lineterminator="\n")
            writer.writeheader()
            writer.writerows(row for name in names for row in rows if row["file"].endswith(f"{name}.mp4"))
    done = list(rate_batch(rater, [folder], out))
    assert [Path(row.file).name for row in done] == ["b.mp4", "c.mp4", "d.mp4"]
    assert not list(tmp_path.glob("out.csv.part*"))
    assert sorted(row["file"] for row in read(out)) == find_files([folder])
    assert {row["file"]: row["score"] for row in read(out)} == {row["file"]: row["score"] for row in rows}

"""What a run tells trackio, by the real trackio, in a process and a folder of its own."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from training.grpo.config import GrpoSettings
from training.grpo.logs import start_tracker

ROOT = Path(__file__).parents[3]
FOLLOWED = """
import json, sys
from pathlib import Path

import trackio
from trackio.sqlite_storage import SQLiteStorage

from training.grpo.config import GrpoSettings
from training.grpo.logs import LOG, start_tracker

for name, steps in (("a/grpo", (0, 1)), ("a/grpo", (2,)), ("b/grpo", (0,))):
    run = Path(sys.argv[1], name)
    run.mkdir(parents=True, exist_ok=True)
    tell = start_tracker(GrpoSettings(trackio="moves"), run)
    for step in steps:
        tell({"step": step, "reward": step + 0.5, "beats_twin": None, "seconds": {"total": 2.0}})
    (run / LOG).touch()
    trackio.finish()
runs = trackio.Api().runs("moves")
print(json.dumps([[run.name, SQLiteStorage.get_logs("moves", run.name, run_id=run.id)] for run in runs]))
"""


@pytest.mark.skipif(importlib.util.find_spec("trackio") is None, reason="trackio is not installed")
def test_a_run_is_followed_by_its_steps_and_goes_on_where_it_was_stopped(tmp_path: Path):
    away = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))}
    done = subprocess.run(
        [sys.executable, "-c", FOLLOWED, str(tmp_path)], cwd=ROOT, env=away | {"TRACKIO_DIR": str(tmp_path / "kept")},
        capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0 and "renamed" not in done.stdout + done.stderr, done.stderr
    runs = json.loads(done.stdout.strip().splitlines()[-1])
    told = [[name, [[row["step"], row["reward"]] for row in rows]] for name, rows in runs]
    assert told == [["grpo", [[0, 0.5], [1, 1.5], [2, 2.5]]], ["grpo", [[0, 0.5]]]]
    assert all(row["seconds/total"] == 2 and "beats_twin" not in row for _, rows in runs for row in rows)


def test_a_run_goes_on_without_trackio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys):
    monkeypatch.setitem(sys.modules, "trackio", None)
    assert start_tracker(GrpoSettings(), tmp_path) is None and capsys.readouterr().err == ""
    assert start_tracker(GrpoSettings(trackio="moves"), tmp_path) is None
    assert capsys.readouterr().err.startswith("trackio is not installed: metrics go to the log file only")

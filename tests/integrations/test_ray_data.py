"""Batches on a cluster of two workers on this machine, of which one is killed in the middle: no row is lost, none comes
twice, and the numbers are those of one process."""

from __future__ import annotations

import csv
import os
import re
import signal
import subprocess
import sys
import threading
import time
from functools import partial
from pathlib import Path

import pytest
from PIL import Image

from tests.browser.app import free_port
from tests.clips import numbered_frames
from vqathinker import ModelError, load_rater
from vqathinker.rating import Rater, Rating

ray = pytest.importorskip("ray", reason="the extra ray is not installed")
from ray.cluster_utils import Cluster  # noqa: E402

from vqathinker.integrations.ray_data import FILES_A_TASK, RayRater  # noqa: E402
from vqathinker.rating.batch import rate_batch  # noqa: E402

COUNT = 5 * FILES_A_TASK


def noted(folder: Path, precision: str) -> Rater:
    """The tiny model, and a note of the process that loaded it."""
    (folder / str(os.getpid())).touch()
    return load_rater("tiny", precision)


def broken(precision: str) -> Rater:
    raise ModelError("no such model here")


AGENT_PORTS = ("metrics_agent_port", "metrics_export_port", "dashboard_agent_listen_port", "runtime_env_agent_port")


def light(**settings) -> dict:
    """Settings of a machine with the least that it needs. The ports of its agents are told, so that it does not wait
    for them: it would for 15 s at most, and end itself then, however busy this machine is."""
    ports = {name: free_port() for name in AGENT_PORTS}
    return {"include_log_monitor": False, **ports, **settings}


@pytest.fixture(scope="module")
def cluster():
    """A head that works for nobody, and two machines with two processors each, of which each worker claims one."""
    head = light(num_cpus=0, include_dashboard=False, no_monitor=True)
    made = Cluster(initialize_head=True, head_node_args=head)
    nodes = [made.add_node(**light(num_cpus=2)) for _ in range(2)]
    ray.init(made.address, log_to_driver=False, logging_level="ERROR")
    yield made, nodes
    ray.shutdown()
    made.shutdown()


@pytest.fixture
def pictures(tmp_path: Path) -> list[str]:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number, frame in enumerate(numbered_frames(COUNT, 64, 48)):
        Image.fromarray(frame).save(folder / f"{number:03}.png")
    (folder / "010.png").write_text("no picture")
    return sorted(str(path) for path in folder.iterdir())


def test_a_worker_that_is_killed_costs_no_row_and_makes_none_twice(cluster, pictures, tmp_path):
    homes = tmp_path / "workers"
    homes.mkdir()
    rater = RayRater("tiny", partial(noted, homes), address=cluster[0].address, workers=2)
    assert (rater.precision, rater.workers.count) == ("fp32", 2)
    chooser = {path.name for path in homes.iterdir()}
    killed = []
    for row in rate_batch(rater, pictures, tmp_path / "out.csv"):
        if row.number == 1:
            killed = sorted({path.name for path in homes.iterdir()} - chooser)[:1]
            os.kill(int(killed[0]), signal.SIGKILL)
    assert len({path.name for path in homes.iterdir()} - chooser) == 3, "the killed worker was not started again"
    with open(tmp_path / "out.csv", newline="") as table:
        rows = list(csv.DictReader(table))
    assert [row["file"] for row in rows] == pictures
    assert [row["file"] for row in rows if row["error"]] == [pictures[10]]
    alone = {row.file: row.score for row in rate_batch(load_rater("tiny"), pictures, tmp_path / "alone.csv")}
    assert {row["file"]: float(row["score"]) if row["score"] else None for row in rows} == alone


def test_a_machine_that_is_lost_costs_no_row_either(cluster, pictures):
    made, nodes = cluster
    rater = RayRater("tiny", partial(load_rater, "tiny"), workers=2, precision="fp32")
    lost = threading.Thread(target=made.remove_node, args=[nodes[1]], kwargs={"allow_graceful": False})
    results = []
    for result in rater.rate_many(pictures):
        if not results:
            lost.start()
        results.append(result)
    lost.join()
    rated = [result.file for result in results if isinstance(result, Rating)]
    assert rated == [Path(path).name for path in pictures if "010" not in path] and len(results) == COUNT
    made.add_node(**light(num_cpus=2))
    end = time.monotonic() + 60
    while len([node for node in ray.nodes() if node["Alive"]]) < 3 and time.monotonic() < end:
        time.sleep(0.5)


def test_a_model_that_cannot_be_loaded_is_a_sentence(cluster):
    with pytest.raises(ModelError, match="no such model here"):
        RayRater("tiny", broken)
    rater = RayRater("tiny", broken, precision="fp32")
    with pytest.raises(ModelError, match="no such model here"):
        list(rater.rate_many(["a.mp4"]))
    assert list(rater.rate_many([])) == []


def test_more_workers_than_there_is_room_for_are_refused(cluster):
    with pytest.raises(ModelError, match="too few for 99 workers"):
        RayRater("tiny", partial(load_rater, "tiny"), workers=99)


def test_a_killed_run_goes_on_with_a_new_cluster_of_its_own(pictures, tmp_path):
    """`--ray local` starts one, whatever address the environment names; it dies with its run."""
    out, here = tmp_path / "out.csv", os.environ | {"RAY_ADDRESS": "127.0.0.1:9"}
    command = [sys.executable, "-m", "vqathinker", "batch", *pictures, "--out", str(out), "--ray", "local"]
    first = subprocess.Popen(command, env=here, stderr=subprocess.PIPE, text=True)
    line = next((line for line in first.stderr if line.startswith("[1/")), "nothing was rated")
    first.kill()
    first.wait()
    assert line.startswith("[1/40]"), line
    second = subprocess.run(command, env=here, capture_output=True, text=True, timeout=600)
    assert second.returncode == 1, second.stderr  # one file is no picture
    with open(out, newline="") as table:
        rows = [row["file"] for row in csv.DictReader(table)]
    assert sorted(rows) == pictures
    assert re.search(r"\d+ rated, 1 failed, [1-9]\d* already in", second.stderr)

"""The task for lmms-eval is one that lmms-eval can load and run; without it, what the task names does what it says."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path

import pytest
import yaml

import vqathinker

FOLDER = Path(vqathinker.__file__).parent.parent / "examples" / "lmms_eval"
LABELS = {"a.mp4": 4.5, "b.mp4": 2.0, "c.mp4": 3.0, "d.mp4": 1.5}
ANSWERS = ["<think>Fine.</think><answer>4.20</answer>", "2.50", "<answer>none</answer>", "<answer>1.00</answer>"]


@pytest.fixture(scope="module")
def utils():
    spec = importlib.util.spec_from_file_location("lmms_eval_utils", FOLDER / "utils.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    copied = Path(shutil.copytree(FOLDER, tmp_path / "task"))
    lines = [f"{file},{mos}\n" for file, mos in LABELS.items()]
    (copied / "labels.csv").write_text("file,mos\n" + "".join(lines))
    monkeypatch.setenv("VQATHINKER_VIDEOS", str(tmp_path))
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))
    return copied


def test_answers_are_scored_as_in_the_published_evaluation(utils):
    docs = [{"file": file, "mos": mos} for file, mos in LABELS.items()]
    rows = [utils.scored(doc, [answer]) for doc, answer in zip(docs, ANSWERS, strict=True)]
    assert [row["srcc"] for row in rows] == [(4.2, 4.5), (3.0, 2.0), (3.0, 3.0), (1.0, 1.5)]
    assert [row["readable"] for row in rows] == [1, 0, 0, 1]
    pairs = [row["mae"] for row in rows]
    assert utils.mae(pairs) == pytest.approx((0.3 + 1 + 0 + 0.5) / 4)
    assert 0 < utils.srcc(pairs) < 1 and 0 < utils.plcc(pairs) < 1
    assert utils.srcc([(3.0, 1.0), (3.0, 2.0)]) is None


def test_a_video_is_found_in_its_folder_and_asked_about(utils, monkeypatch):
    monkeypatch.setenv("VQATHINKER_VIDEOS", "/videos")
    assert utils.visual({"file": "a.mp4"}) == ["/videos/a.mp4"]
    assert "float between 1 and 5" in utils.question({}) and "<answer> </answer>" in utils.question({})


def test_the_task_names_functions_that_are_there(utils):
    class Reader(yaml.SafeLoader):
        pass

    named = []
    Reader.add_constructor("!function", lambda loader, node: named.append(node.value))
    task = yaml.load((FOLDER / "video_quality.yaml").read_text(), Reader)
    assert {name.removeprefix("utils.") for name in named} <= set(dir(utils)) and len(named) == 6
    assert {one["metric"] for one in task["metric_list"]} == {*utils.METRICS, "readable"}


def test_lmms_eval_runs_the_task(folder: Path):
    tasks = pytest.importorskip("lmms_eval.tasks", reason="lmms-eval is not installed")
    manager = tasks.TaskManager(include_path=str(folder), include_defaults=False)
    task = tasks.get_task_dict(["video_quality"], manager)["video_quality"]
    docs = list(task.test_docs())
    assert [doc["file"] for doc in docs] == list(LABELS)
    assert task.doc_to_visual(docs[0]) == [f"{folder.parent}/a.mp4"] and "quality" in task.doc_to_text(docs[0])
    rows = [task.process_results(doc, [answer]) for doc, answer in zip(docs, ANSWERS, strict=True)]
    aggregate = task.aggregation()
    found = {name: aggregate[name]([row[name] for row in rows]) for name in rows[0]}
    assert found["mae"] == pytest.approx(0.45) and found["readable"] == 0.5
    assert task.higher_is_better() == {"srcc": True, "plcc": True, "mae": False, "readable": True}

"""The head of the card says what was measured, in the form that the hub reads."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import yaml
from huggingface_hub import ModelCard

import vqathinker
from training.publish.checks import check_model_card
from training.report.card_data import RATED_SETS, front_matter, main

CHECKPOINT = Path(vqathinker.__file__).parent / "checkpoints" / "tiny"
MEASURED = {"value": 0.81234, "low": 0.7, "high": 0.9}


def evaluation(**metrics) -> dict:
    return {"sets": {"clive": {"score": {name: MEASURED | {"value": v} for name, v in metrics.items()}}}}


def test_the_model_index_holds_each_measured_number_once():
    head = yaml.safe_load(front_matter(evaluation(srcc=0.81234, plcc=0.8, mae=0.3)).strip("-\n"))
    [model] = head["model-index"]
    [result] = model["results"]
    told = {one["type"]: one["value"] for one in result["metrics"]}
    assert told == {"spearmanr": 0.8123, "pearsonr": 0.8, "mae": 0.3}
    assert result["task"]["type"] == head["pipeline_tag"] and result["dataset"]["type"] in head["datasets"]
    assert head["language"] == ["en"] and head["base_model"] and head["library_name"] == "transformers"


def test_what_is_not_defined_or_was_not_measured_is_left_out():
    [model] = yaml.safe_load(front_matter(evaluation(srcc=None, plcc=None, mae=0.3)).strip("-\n"))["model-index"]
    assert [one["type"] for one in model["results"][0]["metrics"]] == ["mae"]
    assert "model-index" not in front_matter({"sets": {}})


def test_the_card_of_the_bundled_model_says_what_its_evaluation_says(tmp_path):
    """Where this fails: python -m training.report.card_data vqathinker/checkpoints/tiny"""
    measured = json.loads((CHECKPOINT / "evaluation.json").read_text(encoding="utf-8"))
    card = ModelCard.load(CHECKPOINT / "README.md")
    told = {(one.dataset_name, one.metric_name.lower()): one.metric_value for one in card.data.eval_results}
    wanted = {
        (title, metric): round(measured["sets"][name]["score"][metric]["value"], 4)
        for name, (_, title, _) in RATED_SETS.items() if name in measured["sets"]
        for metric in ("srcc", "plcc", "mae")
    }  # fmt: skip
    assert told == wanted and len(told) >= 9
    check_model_card(CHECKPOINT)


def test_the_command_renews_the_head_and_keeps_the_text(tmp_path):
    for name in ("README.md", "evaluation.json"):
        shutil.copyfile(CHECKPOINT / name, tmp_path / name)
    text = (tmp_path / "README.md").read_text(encoding="utf-8").split("\n---\n", 1)[1]
    (tmp_path / "README.md").write_text(f"---\nlicense: other\n---\n{text}", encoding="utf-8")
    main([str(tmp_path)])
    assert (tmp_path / "README.md").read_bytes() == (CHECKPOINT / "README.md").read_bytes()

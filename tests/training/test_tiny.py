"""One command from raw data to numbers in a model card, in small."""

import json
from pathlib import Path

import pytest
import yaml

from training.tiny import main
from vqathinker import load_rater
from vqathinker.space.history.log import read_story

README = Path(__file__).parents[2] / "README.md"
SFT = {
    "model": {
        "image_size": 64,
        "frames": 2,
        "grids": [1],
        "burst_length": 4,
        "burst_size": 16,
        "hidden_size": 32,
        "layers": 1,
        "heads": 2,
        "intermediate_size": 32,
        "vocabulary": 400,
    },
    "vision": {"epochs": 1, "batch_size": 8},
    "motion": {"epochs": 1, "batch_size": 8},
    "language": {"epochs": 1, "batch_size": 8, "views": 2},
}
GRPO = {
    "max_steps": 1,
    "videos_per_step": 2,
    "num_generations": 2,
    "micro_batch": 1,
    "max_completion_length": 8,
    "validation": 1,
    "twins": 1,
}


@pytest.fixture(scope="module")
def worked(data_dir, tmp_path_factory):
    work = tmp_path_factory.mktemp("work")
    for name, values in (("sft", SFT), ("grpo", GRPO), ("pictures", GRPO | {"seed": 1})):
        (work / f"{name}.yaml").write_text(yaml.safe_dump(values))
    return work


def arguments(data_dir, work, until: str) -> list[str]:
    configs = ["--sft", str(work / "sft.yaml"), "--grpo", str(work / "grpo.yaml")]
    configs += ["--grpo-pictures", str(work / "pictures.yaml")]
    return [str(data_dir), str(work), "--out", str(work / "tiny"), "--limit", "3", "--jobs", "1", *configs] + [
        "--until",
        until,
    ]


def test_the_recipe_ends_in_a_measured_checkpoint_that_rates(data_dir, worked):
    readme = README.read_bytes()
    main(arguments(data_dir, worked, "plots"))
    assert all((worked / run / "grpo_log.jsonl").exists() for run in ("grpo", "grpo_pictures"))
    assert read_story(worked / "tiny").last == GRPO["max_steps"]
    result = json.loads((worked / "evaluation" / "evaluation.json").read_text())
    assert result["samples"] > 0 and "preference" in result
    card = (worked / "tiny" / "README.md").read_text()
    assert f"{GRPO['max_steps']} steps of GRPO" in card and "training/runs" not in card
    assert json.loads((worked / "tiny" / "held_out.json").read_text())["sets"]
    assert {"sft_loss.png", "grpo_rewards.png"} <= {path.name for path in (worked / "plots").iterdir()}
    assert README.read_bytes() == readme
    assert 1 <= load_rater(str(worked / "tiny")).rate(data_dir / "clips" / "room.mp4").score <= 5


def test_it_goes_on_where_it_stopped(data_dir, worked):
    log = (worked / "grpo" / "grpo_log.jsonl").read_text()
    main(arguments(data_dir, worked, "grpo"))
    assert (worked / "grpo" / "grpo_log.jsonl").read_text() == log

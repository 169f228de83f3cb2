"""Every run of a study, trained, measured and compared with one command, in small."""

import json

import pytest
import yaml

from tests.training.toys import save_checkpoint, write_built
from training.study.launch import main, planned

GRPO = {
    "max_steps": 1,
    "videos_per_step": 1,
    "num_generations": 2,
    "micro_batch": 1,
    "max_completion_length": 4,
    "validation": 1,
    "twins": 1,
}


def test_each_seed_and_each_reward_has_a_run():
    runs = planned(2, ["ranking", "temporal"])
    assert list(runs) == ["grpo-seed0", "grpo-seed1", "no-ranking-seed0", "no-temporal-seed0"]
    assert runs["grpo-seed1"] == ["--seed", "1"]
    assert runs["no-ranking-seed0"] == ["--seed", "0", "--drop-reward", "ranking"]


@pytest.fixture
def arguments(tmp_path):
    data, built, study = tmp_path / "data", tmp_path / "built", tmp_path / "study"
    write_built(data, built)
    (tmp_path / "grpo.yaml").write_text(yaml.safe_dump(GRPO))
    start = save_checkpoint(tmp_path / "start")
    return [str(study), str(data), str(built), "--start", str(start), "--config", str(tmp_path / "grpo.yaml")]


def test_what_is_missing_is_made_and_compared(arguments, tmp_path, capsys):
    study = tmp_path / "study"
    options = [*arguments, "--without", "--at-once", "2", "--jobs", "1", "--seeds"]
    main([*options, "1"])
    assert set(json.loads((study / "study.json").read_text())["checkpoints"]) == {"start", "grpo-seed0"}
    [made] = study.glob("checkpoints/*/config.json")
    then = made.stat().st_mtime_ns
    capsys.readouterr()
    main([*options, "2"])
    told = capsys.readouterr().out
    assert [line for line in told.splitlines() if line.endswith(": done")] == [
        "grpo-seed1: done",
        "measure-grpo-seed1: done",
    ]
    assert made.stat().st_mtime_ns == then
    assert "GRPO, mean ± deviation of 2 seeds" in told


def test_a_run_that_fails_is_named_with_its_last_words(arguments, tmp_path):
    (tmp_path / "grpo.yaml").write_text("stepps: 3\n")
    with pytest.raises(SystemExit, match="training.study.launch: grpo-seed0 failed: training.grpo: .*stepps"):
        main(arguments)
    assert not (tmp_path / "study" / "checkpoints").exists()

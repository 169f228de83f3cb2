"""The shipped engine for eight GPUs, FSDP2, on two processors: the run of one process, step by step and to the file."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import yaml
from accelerate.utils.launch import prepare_multi_gpu_env
from safetensors.torch import load_file

from tests.training.grpo.test_accelerate_configs import launched
from tests.training.grpo_small import save_start, write_labels
from training.grpo.__main__ import main
from training.publish.checks import check_shards

ROOT = Path(__file__).parents[3]
SETTINGS = {
    "max_steps": 2,
    "videos_per_step": 4,
    "micro_batch": 1,
    "num_generations": 4,
    "max_completion_length": 16,
    "learning_rate": 1e-3,
    "warmup_ratio": 0.0,
    "save_steps": 1,
    "validation": 2,
    "validation_group": 2,
    "probes": 1,
    "gradient_checkpointing": True,
}


@pytest.fixture(scope="module")
def arguments(data_dir, tmp_path_factory) -> list[str]:
    folder = tmp_path_factory.mktemp("divided")
    save_start(folder / "start")
    labels = str(write_labels(folder / "labels.jsonl", data_dir))
    (folder / "grpo.yaml").write_text(yaml.safe_dump(SETTINGS))
    where = ["--labels", labels, "--validation-labels", labels, "--videos", str(data_dir)]
    return [*where, "--config", str(folder / "grpo.yaml"), "--start-from", str(folder / "start")]


def run(command: list[str], arguments: list[str], folder: Path, extra: dict[str, str]) -> None:
    """In processes of its own; its checkpoint is in folder/out."""
    done = subprocess.run(
        [sys.executable, *command, str(folder / "run"), "--out", str(folder / "out"), *arguments],
        cwd=ROOT, env=os.environ | {"OMP_NUM_THREADS": "1"} | extra, capture_output=True, text=True, timeout=400,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]


def log_of(folder: Path) -> list[dict]:
    return [json.loads(line) for line in (folder / "run" / "grpo_log.jsonl").read_text().splitlines()]


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return {key: value for path in sorted(folder.glob("*.safetensors")) for key, value in load_file(path).items()}


def test_divided_weights_learn_what_whole_ones_do(arguments, tmp_path, on_cpu, monkeypatch):
    launch = [
        "-m",
        "torch.distributed.run",
        "--standalone",
        "--nproc_per_node",
        "2",
        "-m",
        "tests.training.without_gpus",
    ]
    main([str(tmp_path / "one" / "run"), "--out", str(tmp_path / "one" / "out"), *arguments])
    monkeypatch.delenv("ACCELERATE_USE_CPU")  # the two are started as on GPUs
    one = log_of(tmp_path / "one")
    engine = prepare_multi_gpu_env(launched("fsdp"))
    engine |= {"FSDP_TRANSFORMER_CLS_TO_WRAP": "Qwen2DecoderLayer"}  # it has no other blocks
    run(launch, arguments, tmp_path / "two", {k: v for k, v in engine.items() if k not in ("WORLD_SIZE", "RANK")})
    two = log_of(tmp_path / "two")
    assert [row["step"] for row in one] == [row["step"] for row in two] == [0, 1, 2]
    for name in ("loss", "kl", "grad_norm", "completions/mean_length"):
        assert [row[name] for row in two[1:]] == [pytest.approx(row[name], rel=1e-3, abs=1e-6) for row in one[1:]]
    assert two[1]["kl"] == pytest.approx(0, abs=1e-6) and two[1]["grad_norm"] > 0
    first, second = weights(tmp_path / "one" / "out"), weights(tmp_path / "two" / "out")
    assert set(first) == set(second)
    for key, value in first.items():
        torch.testing.assert_close(second[key], value, rtol=1e-4, atol=1e-5, msg=key)
    check_shards(tmp_path / "two" / "out")

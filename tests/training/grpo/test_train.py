"""Whole runs in small: they learn, they resume, they say what is wrong, two processes do what one does."""

import json
import math
import os
import resource
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch
import yaml

from tests.training.grpo_small import (
    learner_of,
    overwrite,
    random_batch,
    save_start,
    small,
    weights_of,
    without_seconds,
    write_labels,
)
from training.common.start import load_start
from training.data.datasets import Item, read_items
from training.grpo.__main__ import main
from training.grpo.checkpoint import SaveError, forget_after, newest, resume, save_state, states
from training.grpo.config import load_grpo_settings
from training.grpo.logs import log_line
from training.grpo.setup import PROCESS_TIMEOUT, make_accelerator, make_learner
from training.grpo.step import reference_logps, roll_out, train_step, update
from training.grpo.train import run_grpo
from vqathinker import load_rater
from vqathinker.errors import VQAThinkerError
from vqathinker.renamed import OLD_SETTINGS
from vqathinker.rewards import RewardSpec, format_ok

ROOT = Path(__file__).parents[3]
HOLD = "import sys, time; from pathlib import Path; from training.common.io import locked\n" + (
    "with locked(Path(sys.argv[1])): print('held', flush=True); time.sleep(600)"
)
NO_BONUS = RewardSpec(ranking_gate=99, regression_gate=99)


@pytest.fixture(scope="module")
def start(tmp_path_factory):
    return save_start(tmp_path_factory.mktemp("start"))


@pytest.fixture(scope="module")
def features(tmp_path_factory):
    return tmp_path_factory.mktemp("features")


@pytest.fixture
def items():
    return [Item(str(k), Path("none"), 1.5 + k, "clips") for k in range(4)]


def command(folder: Path, labels: Path, data_dir: Path, start: Path, features: Path, settings: dict) -> list[str]:
    config = folder / "run.yaml"
    config.write_text(yaml.safe_dump(settings))
    paths = ["--labels", labels, "--validation-labels", labels, "--videos", data_dir, "--features", features]
    rest = ["--config", config, "--start-from", start, "--out", folder / "out", folder / "run"]
    return ["-m", "training.grpo", *map(str, paths + rest)]


def settings_of(**changes) -> dict:
    values = small(**changes)
    names = ("max_steps", "videos_per_step", "micro_batch", "num_generations", "max_completion_length")
    names += ("learning_rate", "save_steps", "validation")
    return {name: getattr(values, name) for name in names} | {"probes": 1, "validation_group": 2}


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "ACCELERATE_USE_CPU": "true"}


# One step


def test_a_step_moves_what_is_trained_and_nothing_else(start, items):
    learner = learner_of(start, small(beta=0.04))
    model = learner.bare.model
    before = {name: parameter.clone() for name, parameter in model.named_parameters()}
    for group in learner.optimizer.param_groups:
        group["lr"] = 1e-3
    row = train_step(learner, random_batch(learner, items), 0)
    moved = {name for name, parameter in model.named_parameters() if not torch.equal(parameter, before[name])}
    assert moved == {name for name, parameter in model.named_parameters() if parameter.requires_grad}
    assert not any("vision_tower" in name or "temporal" in name for name in moved)
    assert row["grad_norm"] > 0 and row["kl"] == 0 and row["reward_std"] > 0
    assert set(row["seconds"]) == {"rollout", "perturbed", "reference", "update", "total"}


def test_a_step_in_bfloat16_learns_with_weights_in_float32(start, items, on_cpu):
    settings, seen = small(bf16=True, gradient_checkpointing=True), set()
    accelerator = make_accelerator(settings)
    learner = make_learner(load_start(str(start)), settings, accelerator)[0]
    assert accelerator.mixed_precision == "bf16"
    model = learner.bare.model
    model.model.language_model.layers[0].mlp.up_proj.register_forward_hook(lambda *call: seen.add(call[2].dtype))
    before = {name: parameter.clone() for name, parameter in model.named_parameters()}
    row = train_step(learner, random_batch(learner, items), 0)
    assert seen == {torch.bfloat16} and {value.dtype for value in model.parameters()} == {torch.float32}
    assert all(math.isfinite(row[name]) for name in ("loss", "kl", "grad_norm")) and row["grad_norm"] > 0
    assert abs(row["kl"]) < 1e-3
    for name, value in model.named_parameters():
        assert value.isfinite().all() and torch.equal(value, before[name]) != value.requires_grad, name


def test_equal_rewards_teach_nothing(start, items):
    nothing = RewardSpec(format_weight=0, regression_weight=0, ranking_weight=0, bonus=0)
    learner = learner_of(start, small(beta=0.0, reward=nothing))
    before = [parameter.clone() for parameter in learner.bare.model.parameters()]
    row = train_step(learner, random_batch(learner, items), 0)
    assert row["frac_reward_zero_std"] == 1 and row["grad_norm"] == 0 and row["loss"] == 0
    assert all(map(torch.equal, before, learner.bare.model.parameters()))


def test_the_twin_is_scored_but_never_trained_on(start, items):
    """Where it cannot earn a bonus, the twin's existence changes nothing in the weights."""
    found = []
    for twins in (True, False):
        learner = learner_of(start, small(reward=NO_BONUS))
        row = train_step(learner, random_batch(learner, items, twins), 0)
        assert (row["beats_twin"] is not None) == twins
        found.append([parameter.detach().clone() for parameter in learner.bare.model.parameters()])
    assert all(map(torch.equal, *found))


def test_answers_that_were_all_cut_give_no_policy_gradient(start, items):
    learner = learner_of(start, small(max_completion_length=3, beta=0.0))
    batch = random_batch(learner, items, twins=False)
    rollouts, _ = roll_out(learner, batch, 0, 0)
    assert rollouts.cut.all()
    measured = update(learner, batch, rollouts, torch.randn(4, 4), None, 0)
    assert measured["grad_norm"] == 0 and measured["loss"] == 0


def test_accumulated_micro_batches_give_the_update_of_one_batch(start, items):
    found = []
    for micro in (4, 1):
        learner = learner_of(start, small(micro_batch=micro))
        row = train_step(learner, random_batch(learner, items), 0)
        found.append((row["grad_norm"], [p.detach().clone() for p in learner.bare.model.parameters()]))
    assert found[0][0] == pytest.approx(found[1][0], rel=1e-4)
    for whole, parts in zip(found[0][1], found[1][1], strict=True):
        # a fifth of the learning rate: Adam makes a step of a gradient that is all rounding, too
        torch.testing.assert_close(whole, parts, atol=2e-4, rtol=1e-4)


@pytest.mark.parametrize("kind", ["grpo", "dr_grpo", "dapo"])
def test_a_second_update_of_the_same_answers_is_clipped(start, items, kind):
    learner = learner_of(start, small(num_iterations=3, loss_type=kind, learning_rate=1e-2, beta=0.0))
    row = train_step(learner, random_batch(learner, items, twins=False), 0)
    assert row["clip_ratio"] > 0


def test_a_loss_that_is_no_number_stops_before_the_weights_are_touched(start, items):
    learner = learner_of(start, small(beta=0.0))
    batch = random_batch(learner, items, twins=False)
    rollouts, _ = roll_out(learner, batch, 6, 0)
    before = [parameter.detach().clone() for parameter in learner.bare.model.parameters()]
    with pytest.raises(FloatingPointError, match="step 6: the loss is nan; training stops here"):
        update(learner, batch, rollouts, torch.full((4, 4), torch.nan), None, 6)
    assert all(map(torch.equal, before, learner.bare.model.parameters()))


def test_an_engine_that_tells_no_norm_leaves_it_out_of_the_log(start, items, monkeypatch):
    learner = learner_of(start, small())
    monkeypatch.setattr(learner.accelerator, "clip_grad_norm_", lambda *_: None)
    row = train_step(learner, random_batch(learner, items), 0)
    assert row["grad_norm"] is None
    assert json.loads(json.dumps(row, allow_nan=False)) == row and "grad_norm=None" in log_line(row)


@pytest.mark.parametrize("norm", [float("nan"), float("inf"), torch.tensor(float("nan"))])
def test_a_norm_that_is_no_number_stops_the_run(start, items, monkeypatch, norm):
    learner = learner_of(start, small())
    monkeypatch.setattr(learner.accelerator, "clip_grad_norm_", lambda *_: norm)
    with pytest.raises(FloatingPointError, match="step 4: the gradient is (nan|inf); training stops here"):
        train_step(learner, random_batch(learner, items), 4)


def test_the_reference_is_the_start(start, items):
    learner = learner_of(start, small())
    batch = random_batch(learner, items, twins=False)
    rollouts, _ = roll_out(learner, batch, 0, 0)
    with torch.no_grad():
        expected = learner.policy(batch.ordered, rollouts.ids)
    for logps, wanted in zip(reference_logps(learner, batch, rollouts), expected.split(2), strict=True):
        torch.testing.assert_close(logps, wanted[..., : logps.shape[-1]], atol=1e-4, rtol=0)


# Whole runs


def test_a_run_learns_to_give_the_score_that_is_rewarded(start, data_dir, features, tmp_path):
    items = read_items(write_labels(tmp_path / "labels.jsonl", data_dir, mos=4.2), data_dir)
    settings = small(max_steps=40, save_steps=40, num_generations=8, learning_rate=2e-3, warmup_ratio=0.0, beta=0.001)
    run_grpo(items, items, tmp_path / "run", str(start), tmp_path / "out", settings, features=features, jobs=1)
    rows = without_seconds(tmp_path / "run" / "grpo_log.jsonl")
    assert [row["step"] for row in rows] == list(range(41))
    first, last = ([row["regression"] for row in part] for part in (rows[1:6], rows[-5:]))
    assert sum(last) > sum(first) + 1.0
    before, after = rows[0]["validation"], rows[-1]["validation"]
    assert after["regression"] > before["regression"] + 0.1
    assert {"clips_mean_mae", "clive_expected_mae", "reward", "format"} & set(after) >= {"reward", "format"}
    probes = without_seconds(tmp_path / "run" / "probes.jsonl")
    assert [row["step"] for row in probes] == [0, 40]
    assert len(probes[0]["texts"]) == len(probes[0]["scores"]) == 8
    assert probes[0]["texts"] != probes[1]["texts"] and format_ok(probes[1]["greedy_text"])
    rating = load_rater(str(tmp_path / "out")).rate(data_dir / "clips" / "room.mp4")
    assert abs(rating.expected - 4.2) < abs(load_rater(str(start)).rate(data_dir / "clips" / "room.mp4").expected - 4.2)


def test_a_killed_run_goes_on_as_if_nothing_had_happened(start, data_dir, features, tmp_path):
    labels = write_labels(tmp_path / "labels.jsonl", data_dir)
    settings = settings_of(max_steps=9, save_steps=3)
    for name in ("whole", "killed"):
        (tmp_path / name).mkdir()
    whole, killed = (
        [sys.executable, *command(tmp_path / name, labels, data_dir, start, features, settings)]
        for name in ("whole", "killed")
    )
    subprocess.run(whole, env=environment(), check=True, capture_output=True)
    log = tmp_path / "killed" / "run" / "grpo_log.jsonl"
    process = subprocess.Popen(killed, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while process.poll() is None and (not log.exists() or log.read_text().count("\n") < 6):
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert not (tmp_path / "killed" / "out").exists()
    subprocess.run(killed, env=environment(), check=True, capture_output=True)
    for name in ("grpo_log.jsonl", "probes.jsonl"):
        assert without_seconds(tmp_path / "whole/run" / name) == without_seconds(tmp_path / "killed/run" / name)
    first, second = (weights_of(tmp_path / name / "out") for name in ("whole", "killed"))
    assert first.keys() == second.keys() and all(torch.equal(first[key], second[key]) for key in first)


def test_two_processes_make_the_update_of_one(start, data_dir, features, tmp_path, on_cpu):
    labels = write_labels(tmp_path / "labels.jsonl", data_dir)
    settings = settings_of(max_steps=2) | {"loss_type": "dapo"}
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]
    two = [*torchrun, *command(tmp_path / "two", labels, data_dir, start, features, settings)]
    main(command(tmp_path / "one", labels, data_dir, start, features, settings)[2:])
    subprocess.run(two, env=environment(), check=True, capture_output=True)
    rows = [without_seconds(tmp_path / name / "run" / "grpo_log.jsonl") for name in ("one", "two")]
    assert [row["step"] for row in rows[0]] == [0, 1, 2]
    for single, shared in zip(*(row[1:] for row in rows), strict=True):
        for key in ("loss", "reward", "ranking", "kl", "grad_norm", "completions/mean_length", "clip_ratio"):
            assert shared[key] == pytest.approx(single[key], rel=1e-3, abs=1e-5), key
    first, second = (weights_of(tmp_path / name / "out") for name in ("one", "two"))
    changed = weights_of(start)
    assert any(not torch.equal(first[key], changed[key]) for key in first)
    for key in first:
        torch.testing.assert_close(first[key], second[key], atol=2e-5, rtol=1e-3)


def test_processes_wait_for_hours_while_the_first_one_validates():
    code = (
        "import os, torch.distributed as dist\n"
        "from training.grpo.setup import GrpoSettings, make_accelerator\n"
        "make_accelerator(GrpoSettings())\n"
        "print(dist.group.WORLD._get_backend(dist.torch.device('cpu')).options._timeout, flush=True)\n"
        "os._exit(0)\n"  # as in test_gather: gloo's threads may outlive the interpreter
    )
    alone = {"RANK": "0", "LOCAL_RANK": "0", "WORLD_SIZE": "1", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "0"}
    done = subprocess.run([sys.executable, "-c", code], env=environment() | alone, capture_output=True, text=True)
    assert done.stdout.strip() == str(PROCESS_TIMEOUT), done.stderr


def test_a_trained_tower_is_looked_through_in_every_step(start, data_dir, tmp_path):
    items = read_items(write_labels(tmp_path / "labels.jsonl", data_dir), data_dir)
    settings = replace(small(max_steps=1), train=("vision_tower", "motion_encoder", "language_model"))
    run_grpo(items, items[:1], tmp_path / "run", str(start), tmp_path / "out", settings, jobs=1)
    before, after = weights_of(start), weights_of(tmp_path / "out")
    for name in ("model.vision_tower.stages.0", "model.motion_encoder.temporal_in", "model.language_model.layers.0"):
        assert any(key.startswith(name) and not torch.equal(before[key], after[key]) for key in before), name
    assert not (tmp_path / "run" / "features").exists()


def test_adapters_are_trained_and_merged(start, data_dir, features, tmp_path):
    pytest.importorskip("peft")
    from training.policy.lora import LoraSettings

    items = read_items(write_labels(tmp_path / "labels.jsonl", data_dir), data_dir)
    settings = small(train=("language_model",), lora=LoraSettings(rank=2, alpha=4), gradient_checkpointing=True)
    run_grpo(items, items[:1], tmp_path / "run", str(start), tmp_path / "out", settings, features=features, jobs=1)
    before, after = weights_of(start), weights_of(tmp_path / "out")
    assert before.keys() == after.keys()
    moved = {key for key in before if not torch.equal(before[key], after[key])}
    assert moved and all("language_model.layers" in key for key in moved)


# Bad input


def test_a_bad_clip_is_left_out_and_counted(start, data_dir, features, tmp_path):
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"\0\0\0\x18ftypmp42" + b"\0" * 500)
    items = read_items(write_labels(tmp_path / "labels.jsonl", data_dir), data_dir)
    items = [Item("broken", broken, 3.0, "clips"), *items]
    for cache in (True, False):
        run = tmp_path / f"run-{cache}"
        settings = small(max_steps=3, videos_per_step=6, cache=cache)
        run_grpo(items, [], run, str(start), tmp_path / "out", settings, features=features, jobs=1)
        rows = without_seconds(run / "grpo_log.jsonl")
        assert [row["step"] for row in rows] == [0, 1, 2, 3]
        assert rows[-1]["skipped"] == 1


def test_the_command_names_what_is_wrong_and_leaves_no_checkpoint(start, data_dir, features, tmp_path):
    labels = write_labels(tmp_path / "labels.jsonl", data_dir)
    cases = [
        (labels, {"stepz": 1}, "run.yaml: unknown key 'stepz'"),
        (labels, settings_of(videos_per_step=60), "6 samples are too few for steps of 60 videos"),
        (labels, settings_of(videos_per_step=3), "videos_per_step (3) must be a multiple"),
        (tmp_path / "none.jsonl", {}, "none.jsonl cannot be read"),
    ]
    for path, settings, message in cases:
        args = command(tmp_path, path, data_dir, start, features, settings)[2:]
        with pytest.raises(SystemExit) as end:
            main(args)
        assert message in end.value.code
    assert not (tmp_path / "out").exists()


def test_a_run_is_not_continued_with_other_settings(start, data_dir, features, tmp_path):
    items = read_items(write_labels(tmp_path / "labels.jsonl", data_dir), data_dir)
    paths = (tmp_path / "run", str(start), tmp_path / "out")
    run_grpo(items, [], *paths, small(max_steps=1), features=features, jobs=1)
    with pytest.raises(VQAThinkerError, match="holds a run with other settings"):
        run_grpo(items, [], *paths, small(max_steps=1, learning_rate=5e-3), features=features, jobs=1)
    with pytest.raises(VQAThinkerError, match="holds a run with other samples"):
        run_grpo(items[1:], [], *paths, small(max_steps=1), features=features, jobs=1)
    assert load_grpo_settings(tmp_path / "run" / "grpo.yaml") == small(max_steps=1)


def test_a_full_disk_keeps_the_last_state(start, tmp_path):
    """The limit on the size of a file stands in for the end of the disk: the same writes fail in the same places."""
    learner = learner_of(start, small())
    save_state(learner.accelerator, tmp_path, 1, {})
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    try:
        with pytest.raises(SaveError, match="the state of step 2 cannot be written"):
            save_state(learner.accelerator, tmp_path, 2, {})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert [path.name for path in tmp_path.iterdir()] == ["state-000001"]
    assert resume(learner.accelerator, tmp_path, {})["step"] == 1


def test_the_last_two_states_are_kept_and_a_half_written_one_is_ignored(start, tmp_path):
    learner = learner_of(start, small())
    for step in (1, 2, 3):
        save_state(learner.accelerator, tmp_path, step, {})
    (tmp_path / "state-000004").mkdir()
    assert [path.name for path in states(tmp_path)] == ["state-000002", "state-000003"]
    assert resume(learner.accelerator, tmp_path, {})["step"] == 3


def test_a_damaged_state_is_told_and_the_one_before_it_is_taken(start, tmp_path, capsys):
    learner = learner_of(start, small())
    for step in (1, 2):
        save_state(learner.accelerator, tmp_path, step, {})
    largest = max((tmp_path / "state-000002").iterdir(), key=lambda path: path.stat().st_size)
    overwrite(largest)
    assert resume(learner.accelerator, tmp_path, {})["step"] == 1
    told = capsys.readouterr().err
    assert largest.name in told and "damaged-state-000002" in told
    (tmp_path / "state-000001" / "step.json").write_text('{"step": 1, "su')
    with pytest.raises(VQAThinkerError, match="all states in .* are damaged"):
        resume(learner.accelerator, tmp_path, {})


def test_a_second_run_in_the_same_folder_is_refused(start, data_dir, features, tmp_path):
    labels = write_labels(tmp_path / "labels.jsonl", data_dir)
    words = command(tmp_path, labels, data_dir, start, features, settings_of(max_steps=1))
    held = subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path / "run")], stdout=subprocess.PIPE)
    held.stdout.readline()
    with pytest.raises(SystemExit) as end:
        main(words[2:])
    assert f"another run is at work in {tmp_path / 'run'} (process {held.pid})" in end.value.code
    held.kill()
    held.wait()
    main(words[2:])
    assert (tmp_path / "out").is_dir()


def test_a_state_of_the_release_before_is_read_under_the_present_names(tmp_path):
    present = small(loss_type="dapo").to_dict()
    noted = {old: present[new] for old, new in OLD_SETTINGS.items()}
    noted |= {name: value for name, value in present.items() if name not in OLD_SETTINGS.values()}
    (tmp_path / "state-000002").mkdir()
    (tmp_path / "state-000002" / "step.json").write_text(json.dumps({"step": 2, "settings": noted}))
    assert newest(tmp_path, print)[1] == {"step": 2, "settings": present}


def test_rows_after_the_last_save_and_half_a_row_are_forgotten(tmp_path):
    path = tmp_path / "log.jsonl"
    path.write_text("".join(json.dumps({"step": step}) + "\n" for step in range(4)) + '{"step": 4')
    forget_after(path, 2)
    assert without_seconds(path) == [{"step": 0}, {"step": 1}, {"step": 2}]

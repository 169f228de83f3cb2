"""The whole recipe in small: build, decode, see, speak, save; and the checkpoint that comes out rates a clip."""

import json
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file

from training.common.io import read_jsonl
from training.evaluate.run import predict_all, summary
from training.report.card import RUN_FOLDER, write_card
from training.sft import features
from training.sft.cache import sample_path
from training.sft.config import (
    LanguageSettings,
    ModelSettings,
    MotionSettings,
    SftSettings,
    VisionSettings,
    load_sft_settings,
)
from training.sft.train import adopt, run_sft
from vqathinker import load_rater
from vqathinker.model.family.load import load_model

MODEL = ModelSettings(
    image_size=64,
    frames=2,
    grids=(1,),
    burst_length=4,
    burst_size=16,
    hidden_size=32,
    layers=1,
    heads=2,
    intermediate_size=32,
    vocabulary=400,
)
SETTINGS = SftSettings(
    model=MODEL,
    vision=VisionSettings(epochs=1, batch_size=8),
    motion=MotionSettings(epochs=1, batch_size=8),
    language=LanguageSettings(epochs=1, batch_size=8),
)


@pytest.fixture(scope="module")
def trained(data_dir, built_dir, tmp_path_factory):
    run = tmp_path_factory.mktemp("run")
    run_sft(data_dir, built_dir, run, run / "tiny", SETTINGS, jobs=1)
    return run


def test_states_and_log_of_the_release_before_are_taken_over(tmp_path):
    for name in ("see.pt", "see.pt.previous", "move.pt"):
        (tmp_path / name).write_text(name)
    rows = [{"stage": "see", "step": 1, "loss": 2.0}, {"stage": "move", "step": 1}]
    (tmp_path / "log.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows) + '{"stage": "mo')
    adopt(tmp_path)
    assert {path.name for path in tmp_path.glob("*.pt*")} == {"vision.pt", "vision.pt.previous", "motion.pt"}
    assert (tmp_path / "vision.pt.previous").read_text() == "see.pt.previous"
    assert read_jsonl(tmp_path / "log.jsonl") == [{**rows[0], "stage": "vision"}, {**rows[1], "stage": "motion"}]
    adopt(tmp_path)
    assert (tmp_path / "vision.pt").read_text() == "see.pt"


def test_sections_of_the_release_before_are_read(tmp_path):
    (tmp_path / "old.yaml").write_text("see:\n  epochs: 2\nmove:\n  lr: 0.5\nspeak:\n  views: 3\n")
    found = load_sft_settings(tmp_path / "old.yaml")
    assert (found.vision.epochs, found.motion.lr, found.language.views) == (2, 0.5, 3)
    (tmp_path / "both.yaml").write_text("see: {}\nvision: {}\n")
    with pytest.raises(ValueError, match="'see' is the old name of 'vision'"):
        load_sft_settings(tmp_path / "both.yaml")


def test_every_stage_is_logged_with_its_validation(trained):
    log = read_jsonl(trained / "log.jsonl")
    assert {row["stage"] for row in log} == {"vision", "motion", "language"}
    for stage in ("vision", "language"):
        last = [row for row in log if row["stage"] == stage][-1]
        assert last["validation"]["clive_mae"] > 0


def test_the_checkpoint_rates_and_keeps_its_shards_small(trained, data_dir):
    rating = load_rater(str(trained / "tiny")).rate(data_dir / "clips" / "room.mp4")
    assert 1 <= rating.score <= 5
    assert len(rating.frames) == MODEL.frames
    assert max(path.stat().st_size for path in (trained / "tiny").iterdir()) < 10_000_000


def test_a_finished_run_is_not_trained_again(trained, data_dir, built_dir):
    def weights():
        return load_file(sorted((trained / "tiny").glob("*.safetensors"))[0])

    before, lines = weights(), len(read_jsonl(trained / "log.jsonl"))
    run_sft(data_dir, built_dir, trained, trained / "tiny", replace(SETTINGS), jobs=1)
    after = weights()
    assert len(read_jsonl(trained / "log.jsonl")) == lines
    assert all((before[name] == after[name]).all() for name in before)


def test_what_was_seen_is_kept_until_a_weight_or_a_setting_changes(trained, data_dir, built_dir):
    seen = trained / "seen" / "000000.pt"
    written = seen.stat().st_mtime_ns
    (trained / "language.pt").unlink()
    run_sft(data_dir, built_dir, trained, trained / "again", replace(SETTINGS), jobs=1)
    assert seen.stat().st_mtime_ns == written
    (trained / "language.pt").unlink()
    run_sft(data_dir, built_dir, trained, trained / "again", replace(SETTINGS, tone_share=0.9), jobs=1)
    assert seen.stat().st_mtime_ns > written


def test_a_stopped_look_at_all_views_goes_on_behind_its_last_file(trained, built_dir, tmp_path, monkeypatch):
    monkeypatch.setattr(features, "PART", 3)
    loaded, cache = load_model(str(trained / "tiny")), trained / "cache"
    rows = [row for row in read_jsonl(built_dir / "manifest.jsonl") if sample_path(cache, row).exists()][:8]

    def watcher() -> features.Watcher:
        capacity = len(rows) * SETTINGS.language.views * SETTINGS.model.frames
        return features.Watcher(loaded.model, loaded.processor, SETTINGS, capacity)

    whole, stopped, again = watcher(), watcher(), watcher()
    seen = features.watch_all(whole, rows, cache, tmp_path / "whole")
    looks = iter(range(5))
    look = stopped.watch
    stopped.watch = lambda views: look(views) if next(looks, None) is not None else exit("stopped")
    with pytest.raises(SystemExit, match="stopped"):
        features.watch_all(stopped, rows, cache, tmp_path / "parts")
    [kept] = (tmp_path / "parts").iterdir()
    written = kept.stat().st_mtime_ns
    found = features.watch_all(again, rows, cache, tmp_path / "parts")
    assert kept.stat().st_mtime_ns == written and len(list((tmp_path / "parts").iterdir())) == 3
    assert torch.equal(again.bank[: again.used], whole.bank[: whole.used])
    one, other = features.packed_views(seen), features.packed_views(found)
    assert all(torch.equal(one[name], other[name]) for name in ("places", "moments", "facts"))
    assert one["rows"] == other["rows"] and one["counts"] == other["counts"]


def test_the_checkpoint_is_measured_and_its_card_written(trained, data_dir, built_dir, tmp_path):
    rows = [row for row in read_jsonl(built_dir / "manifest.jsonl") if row["split"] == "val"]
    rater = load_rater(str(trained / "tiny"))
    predictions = predict_all(rater, rows, data_dir, built_dir, tmp_path, jobs=1)
    assert predict_all(rater, rows, data_dir, built_dir, tmp_path, jobs=1) == predictions
    result = summary(rows, predictions, "tiny")
    assert result["samples"] == len(rows)
    (tmp_path / "evaluation.json").write_text(json.dumps(result))
    write_card(tmp_path, built_dir, trained / "tiny", RUN_FOLDER)
    card = (trained / "tiny" / "README.md").read_text()
    assert f"{result['well_formed']:.4f}" in card and "| defect | precision |" in card
